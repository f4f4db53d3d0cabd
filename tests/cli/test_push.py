"""``push`` and ``pull`` as commands: what they say, what they ask, and that no token is ever among it."""

import io
import json
import logging
import shutil

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.release import hub as pushing
from synthuterus_bench.release import pull as pulling
from synthuterus_bench.release.failures import Patience
from tests.support.hub_faults import Action
from tests.support.hub_server import READ, WRITE

NAME = "org/synthuterus"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    for module in (pushing, pulling):
        monkeypatch.setattr(module, "Patience", lambda: Patience(sleep=lambda seconds: None))


@pytest.fixture
def say(hub, capfd, caplog):
    """Run a command; its exit code and all that it said, in which no token may stand."""
    caplog.set_level(logging.DEBUG)

    def command(*arguments):
        code = run([str(one) for one in arguments])
        out, err = capfd.readouterr()
        for token in (WRITE, READ, "hf_whoisthis"):
            assert token not in out + err + caplog.text
        return code, out, err

    return command


def test_there_and_back(say, hub, small_release, tmp_path):
    code, out, _ = say("push", small_release, NAME, "--revision", "v1")
    assert code == 0
    assert f"at {hub.url}/datasets/{NAME} (private)" in out
    assert f"synthbench pull {NAME}@v1" in out
    code, out, _ = say("--json", "pull", f"{NAME}@v1", "--out", tmp_path / "back")
    told = json.loads(out)
    assert (code, told["revision"], told["kind"], told["repository"]) == (0, "v1", "release", NAME)
    assert told["commit"] == hub.repo("dataset", NAME).sha("v1")


def test_a_push_as_json(say, small_release):
    code, out, _ = say("--json", "push", small_release, NAME)
    told = json.loads(out)
    assert (code, told["sent"], told["private"], told["tag"], told["left_out"]) == (0, told["files"], True, None, [])


def test_a_dry_run_says_what_and_where_and_asks_nobody(say, hub, small_release, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    before = {path: path.stat().st_mtime_ns for path in small_release.rglob("*")}
    code, out, _ = say("push", small_release, NAME, "--dry-run", "--revision", "v1", "--public")
    assert code == 0
    assert f"would go to the public release {NAME} at {hub.url}, tag v1" in out
    assert "roi/train-00000-of-00001.parquet" in out
    assert "nothing was sent" in out
    assert hub.requests == []
    assert {path: path.stat().st_mtime_ns for path in small_release.rglob("*")} == before
    _, out, _ = say("--json", "push", small_release, NAME, "--dry-run")
    assert json.loads(out)["files"].keys() >= {"README.md", "SHA256SUMS"}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_public_asks_for_the_name(say, hub, small_release, monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal(f"{NAME}\n"))
    code, out, err = say("push", small_release, NAME, "--public")
    assert (code, hub.repo("dataset", NAME).state["private"]) == (0, False)
    assert f"everyone will see {NAME}; type its name to go on" in err
    assert "(public)" in out


@pytest.mark.parametrize("typed", ["y\n", "", "synthuterus\n"])
def test_another_word_is_no_leave(say, hub, small_release, monkeypatch, typed):
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    code, _, err = say("push", small_release, NAME, "--public")
    assert (code, hub.requests) == (2, [])
    assert "nothing was sent" in err


def test_without_a_terminal_public_needs_yes(say, hub, small_release, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NAME}\n"))
    code, _, err = say("push", small_release, NAME, "--public")
    assert (code, hub.requests) == (2, [])
    assert "expected --yes" in err
    assert say("push", small_release, NAME, "--public", "--yes")[0] == 0
    assert not hub.repo("dataset", NAME).state["private"]


def test_the_gate_is_first(say, hub, small_release, tmp_path):
    folder = shutil.copytree(small_release, tmp_path / "synthuterus")
    (folder / "patients.csv").write_text("x")
    for more in ([], ["--dry-run"], ["--public", "--yes"]):
        code, _, err = say("push", folder, NAME, *more)
        assert (code, hub.requests) == (1, [])
        assert "patients.csv" in err


def test_a_model_without_its_test_names_the_command(say, tiny_model):
    code, _, err = say("push", tiny_model, "org/model")
    assert code == 1
    assert "synthbench membership" in err


def test_the_membership_test_and_then_a_push(say, hub, tiny_model, cohort, tmp_path):
    model = shutil.copytree(tiny_model, tmp_path / "model")
    code, out, _ = say("membership", model, "--reference", cohort.root, "--scans", 8)
    assert code == 0
    assert "membership AUC" in out
    (model / "optimizer.safetensors").write_bytes(b"\0")
    code, out, err = say("push", model, "org/model")
    assert code == 0
    assert "membership AUC" in out
    assert "optimizer.safetensors stays here: no part of a model" in err
    assert "## Membership test" in hub.repo("model", "org/model").read("README.md").decode()


BAD = {
    "no name": (["nowhere", "synthuterus"], 2, "expected ORG/NAME"),
    "no folder": (["nowhere", NAME], 2, "no such folder"),
    "no tag": (["nowhere", NAME, "--revision", "v 1"], 2, "no name of a revision"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_one_clear_line(say, hub, name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    arguments, expected, said = BAD[name]
    code, _, err = say("push", *arguments)
    assert (code, hub.requests) == (expected, [])
    assert said in err
    assert sum(line.startswith("error:") for line in err.splitlines()) == 1


FAILURES = {
    "bad token": ("hf_whoisthis", None),
    "token that may not write": (READ, None),
    "token that is no header": ("hf_whoisthis\x01\x7f", None),
    "token beyond ASCII": ("hf_whoisthisé", None),
    "500": (WRITE, {"match": ".", "action": Action.STATUS, "status": 500}),
    "dropped": (WRITE, {"match": ".", "action": Action.DROP}),
    "commit lost": (WRITE, {"match": "POST .*/commit/", "action": Action.DROP}),
    "file lost": (WRITE, {"match": "PUT /_lfs", "action": Action.STATUS, "status": 503}),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_failure_is_one_line_and_no_token_not_even_in_a_traceback(say, hub, small_release, monkeypatch, name, debug):
    import traceback

    token, fault = FAILURES[name]
    monkeypatch.setenv("HF_TOKEN", token)
    if fault:
        hub.add_fault(times=10_000, **fault)
    if debug:
        with pytest.raises(Exception) as caught:
            run(["--debug", "push", str(small_release), NAME])
        text = "".join(traceback.format_exception(caught.value))
        assert type(caught.value).__name__ == "HubError"
        assert token not in text
        assert "whoisthis" not in text
        return
    code, _, err = say("push", small_release, NAME)
    assert code == 1
    assert sum(line.startswith("error: org/synthuterus: ") for line in err.splitlines()) == 1
    assert "Traceback" not in err


def test_what_the_hub_says_back_is_shown_without_a_token(say, hub, small_release, caplog):
    caplog.set_level(logging.INFO)
    told = {"X-Error-Message": f"who is Bearer {WRITE}"}
    hub.add_fault("POST .*/create", Action.STATUS, status=403, headers=told)
    code, _, err = say("push", small_release, NAME)
    assert code == 1
    assert "who is" in err
    assert "***" in err


def test_offline_is_one_line(say, hub, small_release, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for command in (["push", small_release, NAME], ["pull", NAME, "--out", tmp_path / "back"]):
        code, _, err = say(*command)
        assert (code, hub.requests) == (1, [])
        assert "HF_HUB_OFFLINE is set" in err
