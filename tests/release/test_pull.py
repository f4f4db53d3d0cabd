"""Pull from the stand-in Hub with the real client: what comes is what was sent, or one line says why not."""

import json
import shutil
from pathlib import Path

import pytest

from synthuterus_bench.errors import DataError, GateError, HubError, UsageError
from synthuterus_bench.release.failures import Patience
from synthuterus_bench.release.gate import write_checksums
from synthuterus_bench.release.hub import parcel_of, push
from synthuterus_bench.release.parcel import Kind, Parcel, item_of, read_checksums
from synthuterus_bench.release.pull import kind_of, pull
from tests.release.test_hub import NAME, contents, there
from tests.support.hub_faults import Action
from tests.support.hub_server import READ

HELD = Patience(sleep=lambda seconds: None)


@pytest.fixture
def release(small_release) -> Path:
    return small_release


@pytest.fixture
def pushed(hub, release):
    push(parcel_of(release), NAME, tag="v1.0")
    hub.requests.clear()
    return contents(release)


def test_what_comes_is_what_was_sent_and_its_commit_is_recorded(hub, pushed, tmp_path):
    done = pull(NAME, tmp_path / "synthuterus", "v1.0")
    assert contents(tmp_path / "synthuterus") == pushed
    origin = json.loads((tmp_path / "synthuterus.origin.json").read_text(encoding="utf-8"))
    assert origin == done.origin.model_dump(mode="json")
    assert (origin["commit"], origin["revision"]) == (there(hub).sha("v1.0"), "v1.0")
    assert (origin["endpoint"], origin["repository"], origin["kind"]) == (hub.url, NAME, "release")
    assert {path.name for path in tmp_path.iterdir()} == {"hub", "synthuterus", "synthuterus.origin.json"}


def test_a_tag_a_branch_a_commit_and_main(hub, pushed, tmp_path):
    sha = there(hub).sha("main")
    found = {pull(NAME, tmp_path / str(n), one).origin.commit for n, one in enumerate(["v1.0", "main", sha, None])}
    assert found == {sha}


def test_the_same_again_finds_it_done_and_another_folder_is_refused(hub, pushed, tmp_path):
    out = tmp_path / "synthuterus"
    pull(NAME, out)
    (tmp_path / "synthuterus.origin.json").unlink()
    assert pull(NAME, out).fetched == 0
    assert (tmp_path / "synthuterus.origin.json").is_file()
    (out / "LICENSE").write_text("mine")
    with pytest.raises(DataError, match="found something else than org/synthuterus"):
        pull(NAME, out)
    assert (out / "LICENSE").read_text(encoding="utf-8") == "mine"


FAULTS = {
    "500 on the state": ("GET /api/datasets", {"action": Action.STATUS, "status": 500}),
    "503 on the list": ("GET .*/tree/", {"action": Action.STATUS, "status": 503}),
    "429 on the list": ("GET .*/tree/", {"action": Action.STATUS, "status": 429, "headers": {"Retry-After": "2"}}),
    "list dropped": ("GET .*/tree/", {"action": Action.DROP}),
    "503 on a head": ("HEAD .*README", {"action": Action.STATUS, "status": 503}),
    "head dropped": ("HEAD .*parquet", {"action": Action.DROP}),
    "500 on a small file": ("GET .*/resolve/.*README", {"action": Action.STATUS, "status": 500}),
    "429 on a large file": ("GET /_lfs", {"action": Action.STATUS, "status": 429, "headers": {"Retry-After": "2"}}),
    "large file dropped": ("GET /_lfs", {"action": Action.DROP}),
    "large file cut": ("GET /_lfs", {"action": Action.CUT_BODY}),
    "small file cut": ("GET .*/resolve/.*README", {"action": Action.CUT_BODY, "cut_at": 100}),
    "large file corrupt": ("GET /_lfs", {"action": Action.CORRUPT}),
    "small file corrupt": ("GET .*/resolve/.*README", {"action": Action.CORRUPT}),
    "checksums corrupt": ("GET .*/resolve/.*SHA256SUMS", {"action": Action.CORRUPT}),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("times", [1, 2])
def test_a_fault_that_passes_is_got_over(hub, pushed, tmp_path, name, times):
    match, fault = FAULTS[name]
    hub.add_fault(match, times=times, **fault)
    pull(NAME, tmp_path / "synthuterus", patience=HELD)
    assert hub.faults[0].seen > times or fault["action"] is Action.CUT_BODY
    assert contents(tmp_path / "synthuterus") == pushed


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_stays_is_one_line_and_leaves_no_folder(hub, pushed, tmp_path, name):
    match, fault = FAULTS[name]
    hub.add_fault(match, times=1000, **fault)
    with pytest.raises(HubError) as caught:
        pull(NAME, tmp_path / "synthuterus", patience=HELD)
    assert "\n" not in caught.value.message
    assert "after 6 tries" in caught.value.message
    assert not (tmp_path / "synthuterus").exists()
    hub.faults.clear()
    pull(NAME, tmp_path / "synthuterus", patience=HELD)
    assert contents(tmp_path / "synthuterus") == pushed


def test_files_of_an_interrupted_pull_are_not_fetched_again(hub, pushed, tmp_path):
    hub.add_fault("GET .*/resolve/.*README", Action.STATUS, status=500, times=1000)
    with pytest.raises(HubError):
        pull(NAME, tmp_path / "synthuterus", patience=HELD)
    hub.faults.clear()
    done = pull(NAME, tmp_path / "synthuterus", patience=HELD)
    assert done.fetched == done.files - 2
    assert hub.count("GET .*/resolve/.*LICENSE") == 1
    assert contents(tmp_path / "synthuterus") == pushed


def test_a_damaged_file_of_an_interrupted_pull_is_fetched_again(hub, pushed, tmp_path):
    sha = there(hub).sha("main")
    left = tmp_path / ".synthuterus.work" / sha / "LICENSE"
    left.parent.mkdir(parents=True)
    left.write_bytes(bytes(len(pushed["LICENSE"])))
    pull(NAME, tmp_path / "synthuterus")
    assert contents(tmp_path / "synthuterus") == pushed


def test_a_damaged_cache_is_not_believed(hub, pushed, tmp_path):
    """The client copies from its cache without a look at the content."""
    from huggingface_hub import HfApi

    path = Path(HfApi().hf_hub_download(NAME, "LICENSE", repo_type="dataset", cache_dir=tmp_path / "hub-cache"))
    path.resolve().write_bytes(bytes(len(pushed["LICENSE"])))
    pull(NAME, tmp_path / "synthuterus")
    assert contents(tmp_path / "synthuterus") == pushed


def test_a_file_damaged_at_the_hub_itself_is_named(hub, pushed, tmp_path):
    repo = there(hub)
    tree = repo.tree("main") | {"LICENSE": repo.put_blob(b"another")}
    repo.commit("refs/heads/main", tree, "edited on the site", "bob")
    with pytest.raises(HubError, match=r"LICENSE: found SHA-256 \w{16}\.\.\., expected \w{16}\.\.\. after 6 tries"):
        pull(NAME, tmp_path / "synthuterus", patience=HELD)
    pull(NAME, tmp_path / "synthuterus", "v1.0")


def test_what_an_interrupted_push_left_is_called_so(hub, release, tmp_path):
    hub.add_fault("POST .*/commit/", Action.STATUS, status=500, nth=2, times=1000)
    with pytest.raises(HubError):
        push(parcel_of(release), NAME, commit_files=2, patience=HELD)
    with pytest.raises(HubError, match="its push was interrupted"):
        pull(NAME, tmp_path / "synthuterus")


def test_a_private_repository_needs_a_token_that_may_read(hub, pushed, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("HF_TOKEN", "")
    with pytest.raises(HubError, match=r"no such release or model at .*, or a private one"):
        pull(NAME, tmp_path / "synthuterus")
    monkeypatch.setenv("HF_TOKEN", "hf_whoisthis")
    with pytest.raises(HubError, match="does not know the token"):
        pull(NAME, tmp_path / "synthuterus")
    monkeypatch.setenv("HF_TOKEN", READ)
    pull(NAME, tmp_path / "synthuterus")


def test_a_public_one_needs_none(hub, release, tmp_path, monkeypatch):
    push(parcel_of(release), NAME, public=True)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("HF_TOKEN", "")
    hub.requests.clear()
    pull(NAME, tmp_path / "synthuterus")
    assert {one.token for one in hub.requests} == {""}


def test_names_revisions_and_kinds_that_are_none(hub, pushed, tmp_path):
    out = tmp_path / "synthuterus"
    for name in ("synthuterus", "a/b/c", "org/..", "https://x/y", ""):
        with pytest.raises(UsageError, match="expected ORG/NAME"):
            pull(name, out)
    with pytest.raises(UsageError, match="no name of a revision"):
        pull(NAME, out, "../main")
    with pytest.raises(UsageError, match="expected release or model"):
        kind_of("dataset")
    with pytest.raises(HubError, match="no such revision"):
        pull(NAME, out, "v9")
    with pytest.raises(HubError, match="no such model"):
        pull(NAME, out, kind=Kind.MODEL)
    assert not out.exists()


def test_a_release_and_a_model_of_one_name(hub, pushed, tmp_path):
    hub.repo("model", NAME).create("model", NAME, True, "alice")
    with pytest.raises(UsageError, match="expected --kind release or model"):
        pull(NAME, tmp_path / "synthuterus")
    pull(NAME, tmp_path / "synthuterus", kind=Kind.RELEASE)


def test_a_repository_of_another_kind(hub, tmp_path):
    hub.repo("dataset", NAME).create("dataset", NAME, True, "alice")
    with pytest.raises(HubError, match="no SHA256SUMS, expected what synthbench push makes"):
        pull(NAME, tmp_path / "synthuterus")


def test_a_release_that_does_not_pass_the_gate_is_not_kept(hub, release, tmp_path):
    """Somebody pushed by other means: checksums fit, and a row has no audit record."""
    folder = shutil.copytree(release, tmp_path / "bad" / "synthuterus")
    (folder / "NOTES.md").write_text("scans are in /home/jane/scans")
    write_checksums(folder)
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    push(Parcel(Kind.RELEASE, tuple(item_of(name, folder / name) for name in names)), NAME)
    with pytest.raises(GateError, match="absolute path"):
        pull(NAME, tmp_path / "synthuterus")
    assert not (tmp_path / "synthuterus").exists()


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a//b", "./a", "a\\..\\b", ""])
def test_checksums_that_point_outside_the_folder_are_refused(name):
    with pytest.raises(HubError, match="line 1 is no checksum"):
        read_checksums(f"{'0' * 64}  {name}\n", "x")


def test_offline_is_one_line(hub, pushed, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        pull(NAME, tmp_path / "synthuterus")
    assert hub.requests == []
