import json

import pytest

from synthuterus_bench.board import verify as verifying
from synthuterus_bench.board.verification import read_verification
from synthuterus_bench.cli import run
from tests.board.boards import CLAIMS, demo
from tests.board.test_verification import AGREES, DIFFERS, UNCHECKED, made


@pytest.fixture
def entry(tmp_path):
    path = tmp_path / "entry.json"
    path.write_text(json.dumps(demo().as_json()))
    return str(path)


@pytest.fixture
def answer(monkeypatch):
    """What every verification comes to, without doing anything."""

    def say(*results, **more):
        monkeypatch.setattr(verifying, "verify", lambda entry, *_: made(*results, entry=entry.id, **more))
        monkeypatch.setattr(verifying, "make_bench", lambda *_, **__: None)

    return say


def test_a_verification_is_written_to_the_board(entry, answer, tmp_path, capsys):
    answer(AGREES, UNCHECKED)
    command = ["leaderboard", "verify", entry, "--level", "recompute", "--features", "f.safetensors"]
    assert run([*command, "--out", str(tmp_path / "board")]) == 0
    told = capsys.readouterr().out
    assert "recompute: agrees (1 agrees, 1 unchecked)" in told
    assert "unchecked: fid-64 (no weights)" in told
    (path,) = (tmp_path / "board").rglob("*.json")
    assert str(path) in told
    assert read_verification(path).entry == demo().id


def test_what_differs_is_shown_and_is_no_success(entry, answer, tmp_path, capsys):
    answer(AGREES, DIFFERS, level="regenerate", verdict="differs", exact_images=False)
    command = ["leaderboard", "verify", entry, "--level", "regenerate", "--weights", "w", "--out", str(tmp_path / "b")]
    assert run(command) == 1
    told = capsys.readouterr().out
    assert "not to the bit" in told
    assert "1.2" in told
    assert run(["--json", *command]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "differs"


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--level", "recompute"],
        ["--level", "recompute", "--images", "x"],
        ["--level", "re-embed", "--images", "x", "--weights", "y"],
        ["--level", "declare", "--images", "x"],
    ],
)
def test_each_level_takes_its_own_source(entry, options, capsys):
    assert run(["leaderboard", "verify", entry, *options]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_entry_is_checked_before_it_is_done_again(tmp_path, monkeypatch, capsys):
    def never(*_, **__):
        raise AssertionError("done again unchecked")

    monkeypatch.setattr(verifying, "verify", never)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(demo(suite=CLAIMS | {"reference": "\x1b[2J"}).as_json()))
    assert run(["leaderboard", "verify", str(path), "--level", "re-embed", "--images", "x"]) == 1
    told = capsys.readouterr().err
    assert "suite.reference: holds control" in told
    assert "\x1b" not in told
    assert run(["leaderboard", "verify", str(tmp_path), "--level", "re-embed", "--images", "x"]) == 2


def test_a_hostile_entry_is_one_line(tmp_path, capsys):
    (tmp_path / "bad.json").write_text('{"\x1b[2J": 1}')
    assert run(["leaderboard", "verify", str(tmp_path / "bad.json"), "--level", "re-embed", "--images", "x"]) == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert "\x1b" not in told
