import json

import pytest
from huggingface_hub import HfApi

from synthuterus_bench.board import hub as sending
from synthuterus_bench.cli import run
from synthuterus_bench.release.failures import Patience
from tests.board.boards import CLAIMS, committed, demo, file, git
from tests.board.samples import GENERATORS, sample

NAME = "org/board"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(sending, "Patience", lambda: Patience(sleep=lambda seconds: None))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")


@pytest.fixture
def entry(tmp_path):
    path = tmp_path / "entry.json"
    path.write_text(json.dumps(demo().as_json(), indent=2))
    return str(path)


@pytest.fixture
def clone(tmp_path):
    home = tmp_path / "clone"
    file(home / "leaderboard", demo([*GENERATORS][1]))
    committed(home)
    return home


def test_a_dry_run_asks_nobody_and_writes_nothing(hub, entry, clone, capsys):
    assert run(["leaderboard", "submit", entry, "--repo", NAME]) == 0
    told = capsys.readouterr().out
    assert f"entries/demo/ddpm2d-ct-roi/{demo().id}.json" in told
    assert f"on the dataset {NAME}" in told
    assert "nothing was sent" in told
    assert hub.requests == []
    before = git(clone, "for-each-ref"), git(clone, "count-objects")
    assert run(["--json", "leaderboard", "submit", entry, "--git", str(clone)]) == 0
    assert json.loads(capsys.readouterr().out)["sent"] is False
    assert (git(clone, "for-each-ref"), git(clone, "count-objects")) == before
    assert run(["leaderboard", "submit", entry]) == 0
    assert "say where to" in capsys.readouterr().out


def test_to_the_hub(hub, entry, capsys):
    HfApi().create_repo(NAME, repo_type="dataset", private=False)
    assert run(["leaderboard", "submit", entry, "--repo", NAME, "--send"]) == 0
    assert f"opened the pull request {hub.url}/datasets/{NAME}/discussions/1" in capsys.readouterr().out
    assert run(["--json", "leaderboard", "submit", entry, "--repo", NAME, "--send"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["sent"], told["on_board"]) == (False, False)


def test_to_git(entry, clone, capsys):
    assert run(["leaderboard", "submit", entry, "--git", str(clone), "--send"]) == 0
    branch = f"entry-{demo().id[:12]}"
    assert f"wrote the branch {branch}\npush it with: git push origin {branch}" in capsys.readouterr().out
    assert git(clone, "rev-parse", "--verify", branch)


@pytest.mark.parametrize("where", [["--repo", NAME], ["--git", "clone"]])
def test_nothing_that_fails_the_check_is_sent(hub, tmp_path, clone, monkeypatch, where, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text(json.dumps(sample(suite=CLAIMS, submitter="\u202eevil")))
    assert run(["leaderboard", "submit", "bad.json", *where, "--send"]) == 1
    assert "direction characters" in capsys.readouterr().err
    assert hub.requests == []
    assert git(clone, "branch", "--list", "entry-*") == ""


def test_numbers_copied_from_the_board_are_seen(tmp_path, clone, capsys):
    copied = sample("ldm2d-ct-roi", suite=CLAIMS)["results"]
    (tmp_path / "copy.json").write_text(json.dumps(sample(suite=CLAIMS, results=copied)))
    assert run(["leaderboard", "submit", str(tmp_path / "copy.json"), "--git", str(clone)]) == 1
    assert "of another generator (ldm2d-ct-roi)" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--send"], ["--repo", "x"], ["--repo", NAME, "--git", "x"], ["--git", "nowhere"]])
def test_wrong_commands(entry, options, capsys):
    assert run(["leaderboard", "submit", entry, *options]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_no_such_entry(capsys):
    assert run(["leaderboard", "submit", "nothing.json"]) == 2
    assert "no such file" in capsys.readouterr().err
