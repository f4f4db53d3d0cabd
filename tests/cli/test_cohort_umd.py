import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.imports import figshare
from tests.cohorts.imports.umd_tree import write_umd
from tests.cohorts.imports.web import Behaviour, serving


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A server with a zip of a fake UMD, known in place of the real one."""
    tree = write_umd(tmp_path / "tree", numbers=(1, 36, 37))
    archive = Path(shutil.make_archive(str(tmp_path / "tree"), "zip", tree))
    behaviour = Behaviour(archive.read_bytes(), cuts=[10_000])
    md5 = hashlib.md5(behaviour.data, usedforsecurity=False).hexdigest()
    with serving(behaviour) as address:
        monkeypatch.setattr(figshare, "UMD", replace(figshare.UMD, size=len(behaviour.data), md5=md5, server=address))
        yield behaviour


def test_from_figshare_to_a_cohort(published, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["cohort", "umd", "--download", "data", "--extract"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "MD5 as published, CC BY 4.0" in said[0]
    assert said[-1] == "next: synthbench cohort import data/UMD --out umd"
    assert len(published.asked) == 2
    (tmp_path / "figo.csv").write_text("id,figo\n036,2-5\n")
    assert run(["--json", *said[-1].split()[2:], "--figo", "figo.csv"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["name"], result["patients"], result["refused"]) == ("umd", 3, [])
    assert result["counts"] == [
        {"orientation": "ambiguous", "field_strength": None, "scans": 1},
        {"orientation": "ambiguous", "field_strength": 3.0, "scans": 2},
    ]


def test_a_second_run_only_checks_and_says_what_is_next(published, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["--quiet", "cohort", "umd", "--download", "data"]) == 0
    asked = len(published.asked)
    assert run(["cohort", "umd", "--download", "data"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "next: synthbench cohort umd --download data --extract"
    assert len(published.asked) == asked


def test_errors_are_one_line(published, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    published.statuses.append(404)
    assert run(["cohort", "umd", "--download", "data"]) == 1
    said = capsys.readouterr().err
    assert "error: http" in said
    assert "status 404" in said
    assert "Traceback" not in said
    assert run(["cohort", "umd"]) == 2


def test_figo_of_what_is_no_umd(tmp_path, capsys):
    (tmp_path / "figo.csv").write_text("id,figo\n036,four\n")
    options = ["--out", str(tmp_path / "out"), "--figo", str(tmp_path / "figo.csv")]
    assert run(["cohort", "import", str(tmp_path), *options]) == 1
    assert "found FIGO type 'four', expected one of 0 to 8" in capsys.readouterr().err
