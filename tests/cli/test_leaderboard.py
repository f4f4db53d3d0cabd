import json

import pytest

from synthuterus_bench.cli import run
from tests.board.boards import CLAIMS, committed, demo, file
from tests.board.samples import GENERATORS, sample


@pytest.fixture
def entries(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(GENERATORS):
        (folder / f"{number}.json").write_text(json.dumps(sample(name, suite=CLAIMS)))
    return folder


def test_check_says_how_many(entries, capsys):
    assert run(["leaderboard", "check", str(entries)]) == 0
    assert capsys.readouterr().out == "8 entries checked, no problem\n"


def test_check_prints_one_line_a_problem(entries, capsys):
    (entries / "0.json").write_text("{")
    (entries / "1.json").write_text(json.dumps(sample(submitter="\x1b[2J", suite=CLAIMS)))
    assert run(["leaderboard", "check", str(entries)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 2
    assert told.err.startswith(f"error: {entries / '0.json'}: not valid JSON")
    assert "\x1b" not in told.err


def test_check_as_json(entries, capsys):
    assert run(["--json", "leaderboard", "check", str(entries)]) == 0
    assert json.loads(capsys.readouterr().out) == {"entries": 8, "problems": []}
    (entries / "0.json").write_text("{")
    assert run(["--json", "leaderboard", "check", str(entries)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["entries"] == 7
    assert [problem["file"] for problem in found["problems"]] == [str(entries / "0.json")]


def test_check_against_a_base(tmp_path, capsys):
    path = file(tmp_path / "leaderboard", demo())
    committed(tmp_path)
    board = str(tmp_path / "leaderboard")
    assert run(["leaderboard", "check", board, "--base", "HEAD"]) == 0
    path.unlink()
    assert run(["--json", "leaderboard", "check", board, "--base", "HEAD"]) == 1
    assert "removed" in json.loads(capsys.readouterr().out.partition("\n")[2])["problems"][0]["problem"]
    assert run(["leaderboard", "check", board, "--base", "nowhere"]) == 2
    assert "no such revision" in capsys.readouterr().err


def test_build(entries, tmp_path, capsys):
    assert run(["leaderboard", "build", str(entries), "--out", str(tmp_path / "site")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'site' / 'index.html'}: 8 entries\n"
    assert len([*(tmp_path / "site" / "entry").glob("*.html")]) == 8


def test_nothing_is_built_while_a_check_fails(entries, tmp_path, capsys):
    (entries / "0.json").write_text("{")
    assert run(["leaderboard", "build", str(entries), "--out", str(tmp_path / "site")]) == 1
    assert not (tmp_path / "site").exists()
    assert "Traceback" not in capsys.readouterr().err


def test_build_without_entries_shows_what_is_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["leaderboard", "build", "--out", "site"]) == 0
    assert "Reported in the paper" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_missing_arguments_are_usage(capsys):
    assert run(["leaderboard", "check"]) == 2
    assert run(["leaderboard", "build"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_schema_is_json(capsys):
    assert run(["leaderboard", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Entry"


@pytest.mark.parametrize("command", ["check", "build", "schema"])
def test_help_has_an_example(command, capsys):
    run(["leaderboard", command, "--help"])
    assert f"synthbench leaderboard {command}" in capsys.readouterr().out


def test_tables_are_printed_or_written(entries, tmp_path, capsys):
    assert run(["leaderboard", "table", str(entries)]) == 0
    assert "Table 2: ablation" in capsys.readouterr().out
    assert run(["--json", "leaderboard", "table", str(entries), "--format", "latex"]) == 0
    assert r"\begin{table}" in json.loads(capsys.readouterr().out)["text"]
    for name, starts in (("t.md", b"**Table 1"), ("t.tex", b"% needs"), ("f.png", b"\x89PNG")):
        assert run(["leaderboard", "table", str(entries), "--out", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_bytes().startswith(starts)


def test_a_superseded_entry_leaves_the_tables(tmp_path, capsys):
    for entry in (demo(), demo(supersedes=demo().id, training_data=["more of it"])):
        file(tmp_path, entry)
        assert run(["leaderboard", "table", str(tmp_path / "entries")]) == 0
        told = capsys.readouterr().out.partition("Table 2")[0]
        assert told.count("| ddpm2d-ct-roi | LPIPS") == 1


def test_a_table_that_cannot_be_written_is_one_line(entries, tmp_path, capsys):
    assert run(["leaderboard", "table", str(entries), "--out", str(tmp_path / "t.pdf")]) == 2
    assert "expected a file name that ends in .md, .tex or .png" in capsys.readouterr().err
    assert run(["leaderboard", "table", str(entries), "--format", "png"]) == 2
    assert "no --out" in capsys.readouterr().err
