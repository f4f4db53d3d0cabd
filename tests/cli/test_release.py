import json
import shutil

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.entry import save_entry
from synthuterus_bench.release.parts import read_parts
from tests.board.samples import entry
from tests.release.made import make_release


@pytest.fixture(scope="module")
def roi(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("roi") / "roi", scans=4)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("full") / "full", "ddpm2d-ct-full", scans=4)


def test_merge_show_and_check(roi, full, tmp_path, capsys):
    out = tmp_path / "synthuterus"
    assert run(["release", "merge", str(roi), str(full), "--out", str(out)]) == 0
    assert "default full" in capsys.readouterr().out
    assert run(["--json", "release", "check", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == {"full": 4, "roi": 4}
    assert run(["cohort", "show", str(out)]) == 0
    said = capsys.readouterr().out
    assert "view full" in said
    assert f"also here: {out / 'roi'}" in said
    assert run(["--json", "cohort", "show", str(out / "roi")]) == 0
    assert json.loads(capsys.readouterr().out)["view"] == "roi"


def test_a_card_with_an_entry(roi, tmp_path, capsys):
    made = shutil.copytree(roi, tmp_path / "made")
    one = entry()
    digest = read_parts(made)[0].manifest.digest
    one = one.model_copy(update={"dataset": one.dataset.model_copy(update={"manifest_sha256": digest})})
    save_entry(one, tmp_path / "entry.json")
    assert run(["--json", "release", "card", str(made), "--entry", str(tmp_path / "entry.json")]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == [one.id]
    assert "## Measured" in (made / "README.md").read_text(encoding="utf-8")
    assert run(["--quiet", "release", "check", str(made)]) == 0


def test_what_is_wrong_is_one_line(roi, tmp_path, capsys):
    broken = shutil.copytree(roi, tmp_path / "broken")
    (broken / "LICENSE").unlink()
    assert run(["release", "check", str(broken)]) == 1
    assert "LICENSE is in SHA256SUMS or in the folder, not in both" in capsys.readouterr().err
    assert run(["release", "merge", str(roi), str(roi), "--out", str(tmp_path / "out")]) == 2
    assert "found config roi, which" in capsys.readouterr().err
    save_entry(entry(), tmp_path / "entry.json")
    assert run(["release", "card", str(roi), "--entry", str(tmp_path / "entry.json")]) == 2
    assert "found one of other images" in capsys.readouterr().err
    assert run(["--quiet", "release", "check", str(roi)]) == 0, "nothing was written"
