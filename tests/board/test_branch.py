import json
import subprocess

import pytest

from synthuterus_bench.board.admission import admit
from synthuterus_bench.board.branch import write_branch
from synthuterus_bench.board.entries import home_of
from synthuterus_bench.board.proposal import propose
from synthuterus_bench.errors import DataError, UsageError
from tests.board.boards import committed, demo, file, git
from tests.board.samples import GENERATORS


@pytest.fixture(autouse=True)
def _somebody(monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")


@pytest.fixture
def clone(tmp_path):
    """A repository with a board of one entry, and work in progress in its tree."""
    home = tmp_path / "clone"
    file(home / "leaderboard", demo([*GENERATORS][1]))
    committed(home)
    (home / "leaderboard" / "notes.txt").write_text("mine")
    return home


@pytest.fixture
def proposal(tmp_path):
    return propose(demo(), tmp_path / "entry.json")


def test_one_commit_on_head_and_nothing_else_changes(clone, proposal):
    head, before = git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain")
    done = write_branch(proposal, clone)
    assert (done.new, done.name) == (True, f"entry-{demo().id[:12]}")
    assert git(clone, "rev-parse", f"{done.name}^") == head
    assert git(clone, "diff", "--name-status", head, done.name) == f"A\tleaderboard/{home_of(demo())}"
    assert git(clone, "rev-parse", "HEAD") == head
    assert git(clone, "status", "--porcelain") == before
    assert json.loads(git(clone, "show", f"{done.name}:leaderboard/{home_of(demo())}")) == demo().as_json()


def test_the_branch_passes_the_check_against_its_base(clone, proposal):
    done = write_branch(proposal, clone)
    (clone / "leaderboard" / "notes.txt").unlink()
    git(clone, "checkout", "--quiet", done.name)
    assert admit([clone / "leaderboard"], "main").problems == []


def test_a_second_run_finds_the_first(clone, proposal):
    first, second = write_branch(proposal, clone), write_branch(proposal, clone)
    assert (second.commit, second.new) == (first.commit, False)


def test_what_is_on_the_board_needs_no_branch(clone, tmp_path):
    done = write_branch(propose(demo([*GENERATORS][1]), tmp_path / "entry.json"), clone)
    assert (done.on_board, done.new) == (True, False)
    assert git(clone, "branch", "--list", "entry-*") == ""


def test_a_foreign_branch_of_the_name_is_left_alone(clone, proposal):
    git(clone, "branch", proposal.branch)
    with pytest.raises(DataError, match="without the entry"):
        write_branch(proposal, clone)


def test_hooks_of_the_clone_do_not_run(clone, proposal, tmp_path):
    for name in ("reference-transaction", "post-commit", "pre-commit"):
        hook = clone / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
    write_branch(proposal, clone)
    assert not (tmp_path / "ran").exists()


def test_no_board_no_repository_no_commit(tmp_path, proposal):
    with pytest.raises(UsageError, match="neither leaderboard/ nor entries/"):
        write_branch(proposal, tmp_path)
    (tmp_path / "leaderboard" / "entries").mkdir(parents=True)
    with pytest.raises(UsageError):
        write_branch(proposal, tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    with pytest.raises(UsageError):
        write_branch(proposal, tmp_path)


def test_a_board_at_the_top_of_a_repository(tmp_path, proposal):
    file(tmp_path / "board", demo([*GENERATORS][1]))
    committed(tmp_path / "board")
    done = write_branch(proposal, tmp_path / "board")
    assert git(tmp_path / "board", "diff", "--name-only", "main", done.name) == home_of(demo())
