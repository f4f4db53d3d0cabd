"""The workflow that checks pull requests of strangers runs none of their code and hands them nothing."""

import re
from pathlib import Path

import pytest
import yaml

from synthuterus_bench.board.admission import admit
from tests.board.boards import committed, demo, file, git
from tests.board.samples import GENERATORS

FILE = Path(__file__).parents[2] / ".github" / "workflows" / "entries.yml"


@pytest.fixture(scope="module")
def workflow():
    return yaml.load(FILE.read_text(encoding="utf-8"), yaml.BaseLoader)


@pytest.fixture(scope="module")
def steps(workflow):
    (job,) = workflow["jobs"].values()
    return job["steps"]


def test_it_runs_for_pull_requests_alone_and_may_only_read(workflow):
    assert workflow["on"] == {"pull_request": {"paths": ["leaderboard/**"]}}
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert not {"permissions", "secrets", "environment", "env", "container", "services"} & job.keys()
        assert not job["runs-on"].startswith("self-hosted")
        assert int(job["timeout-minutes"]) <= 30


def test_no_secret_and_no_text_of_a_stranger_is_interpolated(workflow, steps):
    text = FILE.read_text(encoding="utf-8")
    assert "secrets" not in text.partition("name: entries")[2]
    assert re.findall(r"\$\{\{(.*?)\}\}", text) == [" github.event.pull_request.number "]
    assert "${{" not in str(steps)
    assert not any("env" in step or "shell" in step for step in steps)


def test_actions_are_pinned_to_commits(steps):
    used = [step["uses"] for step in steps if "uses" in step]
    assert len(used) == 2
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name) for name in used)


def test_the_code_is_that_of_the_base_and_the_pull_request_is_data(steps):
    fetched = next(step["with"] for step in steps if "checkout" in step.get("uses", ""))
    assert (fetched["path"], fetched["persist-credentials"], fetched["fetch-depth"]) == ("data", "false", "2")
    assert "ref" not in fetched
    runs = [step["run"] for step in steps if "run" in step]
    assert runs[0] == "git -C data worktree add --detach ../code HEAD^1"
    for step in steps:
        if "run" in step and step["run"] != runs[0]:
            assert step["working-directory"] == "code"
    assert runs[-1] == "synthbench leaderboard check ../data/leaderboard --base ../code/leaderboard"


def test_what_the_steps_do_on_a_merge(tmp_path, monkeypatch):
    """Entries that came to the base meanwhile are no removals, and what the pull request removes is one."""
    upstream, data = tmp_path / "upstream", tmp_path / "data"
    first = file(upstream / "leaderboard", demo())
    committed(upstream)
    git(upstream, "checkout", "--quiet", "-b", "theirs")
    file(upstream / "leaderboard", demo([*GENERATORS][1]))
    committed(upstream)
    git(upstream, "checkout", "--quiet", "main")
    file(upstream / "leaderboard", demo([*GENERATORS][2]))
    committed(upstream)
    git(upstream, "checkout", "--quiet", "-b", "merge")
    git(upstream, "merge", "--quiet", "--no-ff", "theirs", "--message", "merge")
    git(tmp_path, "clone", "--quiet", "--depth", "2", f"file://{upstream}", "data")
    git(data, "worktree", "add", "--detach", "../code", "HEAD^1")
    monkeypatch.chdir(tmp_path / "code")
    given, base = Path("../data/leaderboard"), "../code/leaderboard"
    assert admit([given], base).problems == []
    assert len(admit([given], base).entries) == 3
    (data / first.relative_to(upstream)).unlink()
    assert ["removed" in str(problem) for problem in admit([given], base).problems] == [True]
