import json

import pytest
from PIL import Image

from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.store import load_cohort


@pytest.fixture
def folder(cohort):
    return str(cohort.root)


def test_orient_fills_in_and_draws(folder, tmp_path, capsys):
    options = ["--out", str(tmp_path / "out"), "--plot", str(tmp_path / "axes.png"), "--workers", "1"]
    assert run(["cohort", "orient", folder, *options]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("axes.png: 12 overlays")
    assert f"{len(load_cohort(folder))} scans, " in said[1]
    rows = [*load_cohort(tmp_path / "out").scans()]
    assert {row.angle_basis for row in rows} <= {"vagina", "body"}
    same = [row.orientation == true.orientation for row, true in zip(rows, load_cohort(folder).scans(), strict=True)]
    assert sum(same) >= 0.9 * len(rows)
    with Image.open(tmp_path / "axes.png") as image:
        assert image.info.keys() <= {"dpi"}


def test_orient_keeps_as_json(folder, tmp_path, capsys):
    options = ["--out", str(tmp_path / "out"), "--keep", "--workers", "1"]
    assert run(["--json", "cohort", "orient", folder, *options]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["kept"] == len(load_cohort(folder))
    assert result["digest"] == load_cohort(folder).manifest.digest


@pytest.mark.parametrize(("plot", "message"), [("used", "found a folder with files in it"), ("a.txt/x.png", "a.txt")])
def test_a_plot_that_cannot_be_written_is_found_out_first(folder, tmp_path, capsys, plot, message):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("keep")
    (tmp_path / "a.txt").write_text("keep")
    options = ["--out", str(tmp_path / "out"), "--plot", str(tmp_path / plot), "--workers", "1"]
    assert run(["cohort", "orient", folder, *options]) != 0
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_orient_of_nothing(tmp_path, capsys):
    assert run(["cohort", "orient", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 1
    assert "no such folder" in capsys.readouterr().err
