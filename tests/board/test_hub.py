"""An entry to the Hub: one pull request, whatever is lost on the way, and none for what is there."""

import pytest
from huggingface_hub import HfApi

from synthuterus_bench.board.hub import send_to_hub
from synthuterus_bench.board.proposal import propose
from synthuterus_bench.errors import HubError, UsageError
from synthuterus_bench.release.failures import Patience
from tests.board.boards import demo
from tests.support.hub_faults import Action
from tests.support.hub_server import READ, STRANGER

NAME = "org/board"


@pytest.fixture
def board(hub):
    """An empty board that everybody may see."""
    HfApi().create_repo(NAME, repo_type="dataset", private=False)
    return hub.repo("dataset", NAME)


@pytest.fixture
def send(hub, tmp_path):
    """Send a sample entry without waiting between tries; how long it would have waited."""
    naps = []

    def sent(name="ddpm2d-ct-roi", tries=4, repo=NAME):
        proposal = propose(demo(name), tmp_path / "entry.json")
        return send_to_hub(proposal, repo, Patience(tries=tries, sleep=naps.append))

    sent.naps = naps
    return sent


def opened(hub):
    return hub.repo("dataset", NAME).state.get("discussions", [])


def test_one_pull_request_with_the_entry_in_its_place(hub, board, send):
    done = send()
    assert (done.new, done.on_board, done.url) == (True, False, f"{hub.url}/datasets/{NAME}/discussions/1")
    here = hub.repo("dataset", NAME)
    place = f"entries/demo/ddpm2d-ct-roi/{demo().id}.json"
    assert set(here.contents("refs/pr/1")) == {place}
    assert set(here.contents("main")) == set()
    assert here.history() == ["initial commit"]
    assert opened(hub)[0]["title"] == f"Entry {demo().id[:12]}: ddpm2d-ct-roi in demo"


def test_the_bytes_are_those_of_the_id(hub, board, send):
    from synthuterus_bench.repro import digest_bytes

    send()
    ((_, data),) = hub.repo("dataset", NAME).contents("refs/pr/1").items()
    assert digest_bytes(data.removesuffix(b"\n")) == demo().id


def test_a_second_run_finds_the_first(hub, board, send):
    first, second = send(), send()
    assert (second.new, second.url) == (False, first.url)
    assert send("ldm2d-ct-roi").url.endswith("/discussions/2")
    assert len(opened(hub)) == 2


@pytest.mark.parametrize("action", [Action.LOSE, Action.CUT_BODY])
def test_a_lost_answer_does_not_double(hub, board, send, action):
    hub.add_fault("POST .*/commit/", action, cut_at=5)
    done = send()
    assert (done.new, len(opened(hub))) == (True, 1)
    assert done.url == f"{hub.url}/datasets/{NAME}/discussions/1"
    assert len(send.naps) == 1


@pytest.mark.parametrize("match", ["GET .*/revision/", "POST .*/paths-info", "GET .*/discussions", "POST .*/commit/"])
def test_failures_that_pass_are_waited_for_and_others_told(hub, board, send, match):
    for action in (Action.STATUS, Action.DROP):
        hub.add_fault(match, action, times=1, status=503)
    assert send().new
    assert len(opened(hub)) == 1


def test_patience_ends(hub, board, send):
    hub.add_fault("POST .*/commit/", Action.STATUS, times=99, status=503)
    with pytest.raises(HubError, match="503 after 3 tries"):
        send(tries=3)
    assert hub.count("POST .*/commit/") == 3
    assert opened(hub) == []


def test_what_is_on_the_board_is_not_proposed(hub, board, send):
    place = f"entries/demo/ddpm2d-ct-roi/{demo().id}.json"
    HfApi().upload_file(path_or_fileobj=b"{}", path_in_repo=place, repo_id=NAME, repo_type="dataset")
    done = send()
    assert (done.on_board, done.new) == (True, False)
    assert done.url == f"{hub.url}/datasets/{NAME}/blob/main/{place}"
    assert opened(hub) == []


def test_a_pull_request_with_the_same_title_alone_is_no_answer(hub, board, send, tmp_path):
    title = propose(demo(), tmp_path / "entry.json").title
    HfApi().upload_file(
        path_or_fileobj=b"{}", path_in_repo="x", repo_id=NAME, repo_type="dataset", commit_message=title, create_pr=True
    )
    done = send()
    assert (done.new, done.url.rpartition("/")[2]) == (True, "2")


def test_a_closed_one_is_no_answer(hub, board, send):
    send()
    here = hub.repo("dataset", NAME)
    here.state["discussions"][0]["status"] = "closed"
    here.save()
    assert send().url.endswith("/discussions/2")


def test_many_open_ones_are_looked_through(hub, board, send):
    hub.page_size = 2
    first = send()
    for name in ("ldm2d-ct-roi", "ddpm2d-class-roi", "ddpm2d-uncond-roi"):
        send(name)
    assert send().url == first.url
    assert len(opened(hub)) == 4


def test_a_stranger_may_propose_and_a_reader_may_not(hub, board, send, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", STRANGER)
    assert send().new
    assert opened(hub)[0]["author"] == "carol"
    monkeypatch.setenv("HF_TOKEN", READ)
    with pytest.raises(HubError, match="403"):
        send("ldm2d-ct-roi")


def test_without_a_token_a_board_or_a_name(hub, board, send, monkeypatch):
    with pytest.raises(HubError, match="no such dataset"):
        send(repo="org/nothing")
    with pytest.raises(UsageError, match="expected ORG/NAME"):
        send(repo="board")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(HubError, match="no token"):
        send()
    assert opened(hub) == []


def test_details_go_along_where_they_are_the_ones_that_are_named(tmp_path):
    from synthuterus_bench.repro import digest_bytes

    text = b"{}"
    named = demo(artefacts={"details_sha256": digest_bytes(text)})
    (tmp_path / "entry.details.json").write_bytes(text)
    entry, details = propose(named, tmp_path / "entry.json").files
    assert details.name == entry.name.replace(".json", ".details.json")
    assert len(propose(demo(), tmp_path / "entry.json").files) == 1
