"""Push to the stand-in Hub with the real client: what arrives, what goes wrong, and that nothing is lost or doubled."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from synthuterus_bench.errors import GateError, HubError, UsageError
from synthuterus_bench.release import hub as hub_module
from synthuterus_bench.release.failures import Patience
from synthuterus_bench.release.gate import write_checksums
from synthuterus_bench.release.hub import parcel_of, push
from synthuterus_bench.release.parcel import Kind, Parcel, item_of
from tests.support.hub_faults import Action
from tests.support.hub_server import READ, WRITE

NAME = "org/synthuterus"


@pytest.fixture
def release(small_release) -> Path:
    return small_release


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def patience(waits) -> Patience:
    return Patience(sleep=waits.append)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def there(hub, name=NAME, kind="dataset"):
    return hub.repo(kind, name)


def test_a_release_arrives_whole_private_in_one_commit_and_tagged(hub, release):
    done = push(parcel_of(release), NAME, tag="v1.0")
    repo = there(hub)
    assert repo.contents("v1.0") == contents(release)
    assert repo.state["private"]
    assert done.private
    assert repo.history() == ["initial commit", f"Release: {done.files} files"]
    assert (done.commit, done.sent, done.tag) == (repo.sha("main"), len(contents(release)), "v1.0")
    assert done.url == f"{hub.url}/datasets/{NAME}"


def test_the_same_again_sends_nothing(hub, release):
    first = push(parcel_of(release), NAME, tag="v1.0")
    before = len(hub.requests)
    again = push(parcel_of(release), NAME, tag="v1.0")
    assert (again.commit, again.sent, again.sent_bytes) == (first.commit, 0, 0)
    assert {one.method for one in hub.requests[before:]} == {"GET"}


def test_a_private_one_is_made_public_last_and_without_sending_it_anew(hub, release):
    push(parcel_of(release), NAME)
    done = push(parcel_of(release), NAME, public=True)
    assert (done.sent, done.private, there(hub).state["private"]) == (0, False, False)
    assert [one.method for one in hub.requests if one.path.endswith("/settings")] == ["PUT"]
    assert hub.requests[-1].path.endswith("/settings")


def test_a_public_repository_is_not_written_to_unasked(hub, release):
    push(parcel_of(release), NAME, public=True)
    with pytest.raises(HubError, match="found a public repository"):
        push(parcel_of(release), NAME)


@pytest.fixture
def newer(release, tmp_path) -> Path:
    """The release with another card and another file less."""
    folder = shutil.copytree(release, tmp_path / "newer" / "synthuterus")
    (folder / "README.md").write_text((folder / "README.md").read_text(encoding="utf-8") + "\nOne more word.\n")
    write_checksums(folder)
    return folder


def test_another_release_takes_the_place_of_the_one_before(hub, release, newer):
    push(parcel_of(release), NAME, tag="v1.0")
    done = push(parcel_of(newer), NAME, tag="v1.1")
    assert done.sent == 2
    assert there(hub).contents("v1.1") == contents(newer)
    assert there(hub).contents("v1.0") == contents(release)


def test_what_an_earlier_push_put_there_goes_with_it(hub, release, newer):
    """Such as a shard that a larger release had, or a file of an older layout."""
    (newer / "more.md").write_text("more")
    write_checksums(newer)
    items = [item_of(name, newer / name) for name in contents(newer)]
    push(Parcel(Kind.RELEASE, tuple(items)), NAME)
    push(parcel_of(release), NAME)
    assert there(hub).contents() == contents(release)


def test_what_somebody_else_put_there_stays(hub, release):
    push(parcel_of(release), NAME)
    repo = there(hub)
    repo.commit("refs/heads/main", repo.tree("main") | {"thesis.txt": repo.put_blob(b"work")}, "mine", "bob")
    with pytest.raises(HubError, match=r"found thesis\.txt"):
        push(parcel_of(release), NAME)
    assert there(hub).read("thesis.txt") == b"work"


def test_a_tag_on_other_files_is_refused_before_anything_is_sent(hub, release, newer):
    push(parcel_of(release), NAME, tag="v1.0")
    history = there(hub).history()
    with pytest.raises(HubError, match=r"found tag v1\.0 on other files"):
        push(parcel_of(newer), NAME, tag="v1.0")
    assert there(hub).history() == history


def test_a_tag_that_another_gives_meanwhile_is_not_taken_for_ours(hub, release, monkeypatch):
    before = hub_module._Push._tagged

    def late(self, tag, head):
        repo = there(hub)
        repo.state["refs"]["refs/tags/v1"] = next(iter(repo.state["commits"]))
        repo.save()
        before(self, tag, head)

    monkeypatch.setattr(hub_module._Push, "_tagged", late)
    with pytest.raises(HubError, match="found tag v1 on other files"):
        push(parcel_of(release), NAME, tag="v1", public=True)
    assert there(hub).state["private"]


def test_many_files_are_several_commits_the_checksums_first_and_the_card_last(hub, release):
    done = push(parcel_of(release), NAME, commit_files=2)
    repo = there(hub)
    assert len(repo.history()) == 1 + -(-done.files // 2)
    assert repo.contents() == contents(release)
    trees = [set(commit["tree"]) for commit in repo.state["commits"].values()]
    assert all("SHA256SUMS" in tree for tree in trees[1:])
    assert ["README.md" in tree for tree in trees] == [False] * (len(trees) - 1) + [True]


FAULTS = {
    "500 on the commit": ("POST .*/commit/", {"action": Action.STATUS, "status": 500}),
    "503 on the commit": ("POST .*/commit/", {"action": Action.STATUS, "status": 503}),
    "429 on the commit": ("POST .*/commit/", {"action": Action.STATUS, "status": 429, "headers": {"Retry-After": "7"}}),
    "commit dropped": ("POST .*/commit/", {"action": Action.DROP}),
    "answer to the commit lost": ("POST .*/commit/", {"action": Action.LOSE}),
    "answer to the commit cut": ("POST .*/commit/", {"action": Action.CUT_BODY, "cut_at": 10}),
    "commit cut": ("POST .*/commit/", {"action": Action.CUT_UPLOAD, "cut_at": 10}),
    "500 on making the repository": ("POST .*/create", {"action": Action.STATUS, "status": 500}),
    "answer to making the repository lost": ("POST .*/create", {"action": Action.LOSE}),
    "503 on the look": ("GET .*/tree/", {"action": Action.STATUS, "status": 503}),
    "look dropped": ("GET .*/tree/", {"action": Action.DROP}),
    "look cut": ("GET .*/tree/", {"action": Action.CUT_BODY, "cut_at": 10}),
    "500 on the state": ("GET /api/datasets/org", {"action": Action.STATUS, "status": 500}),
    "500 on a file": ("PUT /_lfs", {"action": Action.STATUS, "status": 500}),
    "429 on a file": ("PUT /_lfs", {"action": Action.STATUS, "status": 429, "headers": {"Retry-After": "3"}}),
    "file dropped": ("PUT /_lfs", {"action": Action.DROP}),
    "answer to a file lost": ("PUT /_lfs", {"action": Action.LOSE}),
    "file cut": ("PUT /_lfs", {"action": Action.CUT_UPLOAD}),
    "503 on the preupload": ("POST .*/preupload/", {"action": Action.STATUS, "status": 503}),
    "500 on the batch": ("POST .*objects/batch", {"action": Action.STATUS, "status": 500}),
    "500 on the tag": ("POST .*/tag/", {"action": Action.STATUS, "status": 500}),
    "answer to the tag lost": ("POST .*/tag/", {"action": Action.LOSE}),
    "answer to the settings lost": ("PUT .*/settings", {"action": Action.LOSE}),
    "late": ("POST .*/commit/", {"action": Action.DELAY, "seconds": 0.2}),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("times", [1, 2])
def test_a_fault_that_passes_is_got_over_and_nothing_is_lost_or_doubled(hub, release, patience, name, times):
    match, fault = FAULTS[name]
    hub.add_fault(match, times=times, **fault)
    done = push(parcel_of(release), NAME, tag="v1", public=True, patience=patience)
    repo = there(hub)
    assert repo.contents("v1") == repo.contents("main") == contents(release)
    assert repo.history() == ["initial commit", f"Release: {done.files} files"]
    assert done.sent == done.files
    assert not repo.state["private"]
    assert max(Counter(one.path for one in hub.requests if one.method == "PUT").values()) <= times + 1


def test_waits_double_and_the_hub_may_ask_for_another(hub, release, patience, waits):
    hub.add_fault("POST .*/commit/", Action.STATUS, status=500, times=3)
    hub.add_fault("POST .*/commit/", Action.STATUS, status=429, nth=4, headers={"Retry-After": "7"})
    push(parcel_of(release), NAME, patience=patience)
    assert waits == [1, 2, 4, 7]


@pytest.mark.parametrize("fault", [{"action": Action.STATUS, "status": 500}, {"action": Action.DROP}])
@pytest.mark.parametrize("match", ["POST .*/commit/", "PUT /_lfs", "GET .*/tree/", "POST .*/create"])
def test_a_fault_that_stays_is_one_line_and_the_next_run_goes_on(hub, release, patience, waits, match, fault):
    hub.add_fault(match, times=1000, **fault)
    with pytest.raises(HubError) as caught:
        push(parcel_of(release), NAME, patience=patience)
    assert "after 6 tries" in caught.value.message
    assert "\n" not in caught.value.message
    assert "run the same command again" in caught.value.hint
    assert waits == [1, 2, 4, 8, 16]
    hub.faults.clear()
    push(parcel_of(release), NAME)
    assert there(hub).contents() == contents(release)
    assert len(there(hub).history()) == 2


def test_a_commit_in_between_is_not_overwritten_unseen(hub, release, newer, patience):
    """Somebody writes between our look and our commit: the Hub refuses, we look again and find it."""

    def meanwhile(match):
        repo = there(hub)
        repo.commit("refs/heads/main", repo.tree("main") | {"other.txt": repo.put_blob(b"x")}, "theirs", "bob")

    push(parcel_of(release), NAME)
    hub.add_fault("POST .*/preupload/", Action.DELAY)
    hub.faults[0].meets = lambda request: "preupload" in request and bool(meanwhile(request))
    with pytest.raises(HubError, match=r"found other\.txt"):
        push(parcel_of(newer), NAME, patience=patience)
    assert there(hub).history()[-1] == "theirs"


def test_a_file_that_changes_after_the_gate_is_found_out(hub, release, tmp_path, patience):
    folder = shutil.copytree(release, tmp_path / "synthuterus")
    parcel = parcel_of(folder)
    (folder / "LICENSE").write_text("another licence")
    with pytest.raises(HubError, match="LICENSE is not there as it was sent"):
        push(parcel, NAME, patience=patience)
    assert len(there(hub).history()) == 2


def test_nothing_is_sent_of_what_does_not_pass_the_gate(hub, release, tmp_path):
    folder = shutil.copytree(release, tmp_path / "synthuterus")
    (folder / "patients.csv").write_text("x")
    with pytest.raises(GateError, match=r"patients\.csv"):
        parcel_of(folder)
    with pytest.raises(UsageError, match="no such folder"):
        parcel_of(tmp_path / "nowhere")
    assert hub.requests == []


def test_a_prepared_cohort_is_no_release(hub, cohort):
    with pytest.raises(GateError):
        parcel_of(cohort.root)


def test_a_token_that_may_not_write(hub, release, newer, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", READ)
    with pytest.raises(HubError, match="answers 403"):
        push(parcel_of(release), NAME)
    monkeypatch.setenv("HF_TOKEN", WRITE)
    push(parcel_of(release), NAME)
    monkeypatch.setenv("HF_TOKEN", READ)
    with pytest.raises(HubError, match="answers 403"):
        push(parcel_of(newer), NAME)


@pytest.mark.parametrize(("token", "said"), [("hf_whoisthis", "does not know the token"), ("", "found no token")])
def test_a_bad_token_and_none(hub, release, monkeypatch, tmp_path, token, said):
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError, match=said) as caught:
        push(parcel_of(release), NAME)
    assert "hf auth login" in caught.value.hint
    assert "hf_whoisthis" not in f"{caught.value.message} {caught.value.hint}"


def test_offline_is_one_line_and_no_request(hub, release, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        push(parcel_of(release), NAME)
    assert hub.requests == []
