import json

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.store import load_cohort
from tests.cohorts.imports.synthetic import anatomy, write_series


@pytest.fixture
def cohort(tmp_path, capsys):
    write_series(tmp_path / "src", anatomy(shape=(9, 150, 160)))
    assert run(["cohort", "import", str(tmp_path / "src"), "--out", str(tmp_path / "in")]) == 0
    capsys.readouterr()
    return tmp_path / "in"


MIDDLE = ["--roi", "middle", "--workers", "1"]


@pytest.mark.parametrize(
    ("options", "count", "shape"),
    [
        ([], 3, (128, 128)),
        (["--view", "full", "--slices", "mid"], 1, (256, 256)),
        (["--slices", "all", "--no-n4"], 9, (128, 128)),
        (["--dims", "3"], 1, (24, 128, 128)),
    ],
)
def test_prep(cohort, tmp_path, capsys, options, count, shape):
    assert run(["--json", "prep", str(cohort), "--out", str(tmp_path / "out"), *MIDDLE, *options]) == 0
    said = capsys.readouterr()
    made = load_cohort(tmp_path / "out")
    assert json.loads(said.out)["digest"] == made.manifest.digest
    assert len(made) == count
    assert {scan.pixels.shape for scan in made.scans()} == {shape}
    assert ("n4" in made.manifest.prep["steps"]) == ("--no-n4" not in options)
    assert said.err == ""


def test_both_views_and_a_report(cohort, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["prep", "in", "--out", "out", "--view", "both", "--report", "page.html", *MIDDLE]) == 0
    said = capsys.readouterr().out.splitlines()
    for line, view in zip(said, ("full", "roi"), strict=False):
        made = load_cohort(tmp_path / "out" / view)
        assert line == f"out/{view}: 3 images, view {view}, digest {made.manifest.digest}"
    assert said[2] == "uterus located: 1 by middle"
    assert "<article>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_without_a_localiser_the_command_tells_what_to_do(cohort, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    arguments = ["prep", str(cohort), "--out", str(tmp_path / "out"), "--localiser", str(tmp_path / "empty")]
    assert run(arguments) == 1
    said = capsys.readouterr().err
    assert "empty" in said
    assert "--localiser DIR" in said
    assert "--roi middle" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none", "--out", "out"], 1, "error: none: no such folder"),
        (["src", "--out", "out"], 1, "error: src: no cohort.json in it"),
        (["in", "--out", "out", "--dims", "4"], 2, "error: --dims 4: expected 2 or 3"),
        (["in", "--out", "src", "--roi", "middle"], 1, "error: src: found a folder with files in it"),
        (["in", "--out", "out", "--view", "side"], 2, "side"),
    ],
)
def test_errors_leave_nothing(cohort, tmp_path, capsys, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run(["prep", *arguments]) == code
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_prepared_cohort_is_refused(cohort, tmp_path, capsys):
    assert run(["--quiet", "prep", str(cohort), "--out", str(tmp_path / "out"), *MIDDLE]) == 0
    assert run(["--quiet", "prep", str(tmp_path / "out"), "--out", str(tmp_path / "again")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "found a prepared cohort, expected an imported one" in said.err
    assert not (tmp_path / "again").exists()
