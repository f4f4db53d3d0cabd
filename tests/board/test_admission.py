"""What the board takes: known digests, an unbroken history, nothing retracted."""

import json
import shutil
from pathlib import Path

import pytest

from synthuterus_bench.bench.suite import DEMO, SUITES
from synthuterus_bench.board.admission import admit
from synthuterus_bench.board.verification import save_verification
from synthuterus_bench.errors import UsageError
from synthuterus_bench.resources import resource
from tests.board.boards import CLAIMS, committed, demo, file, problems
from tests.board.samples import GENERATORS, entry
from tests.board.test_verification import AGREES, made
from tests.board.verified import honest

WRONG = "retractions: [{metric: fid-64, before: 0.2.0, reason: wrong layer}]"


def test_a_sound_board(board):
    assert problems(board) == []
    for base in ("HEAD", "main", str(shutil.copytree(board, board.parent.parent / "before"))):
        assert problems(board, base) == []
        assert problems(board / "entries", base) == []
        assert problems(board.parent, base) == []


def test_the_board_of_this_repository_is_sound():
    assert problems(Path(__file__).parents[2] / "leaderboard") == []


@pytest.fixture(params=["revision", "folder", "folder above"])
def base(request, board, tmp_path):
    """The board as it was, in the forms that --base takes."""
    if request.param == "revision":
        return "HEAD"
    before = tmp_path / "before" / "leaderboard"
    shutil.copytree(board, before)
    return str(before if request.param == "folder" else before.parent)


def test_growth_is_fine(board, base):
    file(board, demo([*GENERATORS][4]))
    assert problems(board, base) == []


def test_changed_removed_and_renamed_are_named(board, base):
    first, second, third = sorted((board / "entries").rglob("*.json"))
    first.write_text(json.dumps(json.loads(first.read_text(encoding="utf-8")), indent=1))
    second.unlink()
    third.rename(third.with_name("0" * 64 + ".json"))
    found = problems(board, base)
    assert any(line.startswith(f"{first}: changed") for line in found)
    assert any(line.startswith(f"{second}: removed") for line in found)
    assert any(line.startswith(f"{third}: renamed to entries/") for line in found)
    assert any("misplaced" in line for line in found)
    assert problems(board) != found


def test_verifications_are_append_only_too_and_of_entries_that_are_there(board):
    path = save_verification(honest(demo()), board)
    committed(board.parent)
    assert problems(board, "HEAD") == []
    path.unlink()
    assert problems(board, "HEAD") == [
        f"{path}: removed; what is on the board stays, a wrong entry goes into retractions.yaml"
    ]
    stray = save_verification(made(AGREES), board)
    assert f"{stray}: of an entry {'ab' * 6} that the board does not hold" in problems(board)
    forged = save_verification(made(AGREES, entry=demo().id), board)
    assert any(f"{forged}: fid-64 pooled: the entry has no such value" in line for line in problems(board))
    stray.write_text("{}")
    assert any("Field required" in line for line in problems(board))


def test_an_empty_board_can_be_the_base(board, tmp_path):
    before = tmp_path / "before" / "leaderboard"
    before.mkdir(parents=True)
    (before / "retractions.yaml").write_text("retractions: []\n")
    assert problems(board, str(before)) == []
    (before / "entries").mkdir()
    (before / "entries" / ".gitkeep").touch()
    assert problems(board, str(before.parent)) == []


def test_an_odd_base_is_usage(board, tmp_path):
    for odd in ("no-such-branch", "--upload-pack=touch x", str(tmp_path / "nothing")):
        with pytest.raises(UsageError, match="no such"):
            admit([board], odd)
    (tmp_path / "lone.json").write_text("{}")
    with pytest.raises(UsageError, match="expected the folder of a board"):
        admit([tmp_path / "lone.json"], "HEAD")


def test_digests_must_be_known(tmp_path):
    def told(**claims):
        return problems(file(tmp_path, demo(suite={**CLAIMS, **claims})))

    assert told() == []
    assert "not known, expected one of uterus-2d-roi" in problems(file(tmp_path, entry()))[0]
    assert "expected 831d653e6c36" in told(reference_digest="ab" * 32)[0]
    assert "its digest is that of phantom-v1" in told(reference="umd")[0]
    assert "protocol digest" in told(protocol_digest="ab" * 32)[0]
    assert told(reference="my hospital", reference_digest="ab" * 32) == []
    assert "v2: not known, this version of synthbench has v1" in told(version=2)[0]


def test_an_entry_of_an_older_suite_stays_but_none_comes(board, monkeypatch):
    old = demo("ddpm2d-class-roi")
    assert old.id in {path.stem for path in (board / "entries").rglob("*.json")}
    monkeypatch.setitem(SUITES, "demo", DEMO.model_copy(update={"version": 2}))
    assert problems(board, "HEAD") == []
    late = file(board, demo("ddpm2d-uncond-roi"))
    assert problems(board, "HEAD") == [f"{late}: suite demo v1: not known, this version of synthbench has v2"]


def test_what_is_retracted_stays_but_none_comes(board):
    (board / "retractions.yaml").write_text(WRONG)
    assert problems(board, "HEAD") == []
    late = file(board, demo("ddpm2d-uncond-roi"))
    assert problems(board, "HEAD") == [
        f"{late}: retracted: fid-64 (wrong layer); evaluate again with a version that is right"
    ]
    late.unlink()
    file(board, demo("ddpm2d-uncond-roi", environment={"synthuterus-bench": "0.2.0"}))
    assert problems(board, "HEAD") == []
    (board / "retractions.yaml").write_text("retractions: 1")
    assert any("retractions" in line for line in problems(board, "HEAD"))


def test_a_pull_request_does_not_undo_what_is_retracted(board, base):
    """``base`` is what the board was: its retractions count whatever the new ones say, and stay."""
    where = board if base == "HEAD" else next(board.parent.parent.rglob("before/leaderboard"))
    (where / "retractions.yaml").write_text(WRONG)
    committed(board.parent)
    gone = "no longer holds the retraction of fid-64; what is retracted stays so"
    late = file(board, demo("ddpm2d-uncond-roi"))
    for undone in ("retractions: []", "retractions: [{metric: lpips, reason: other}]", None):
        (board / "retractions.yaml").unlink(missing_ok=True)
        if undone is not None:
            (board / "retractions.yaml").write_text(undone)
        found = problems(board, base)
        assert f"{board / 'retractions.yaml'}: {gone}" in found
        assert f"{late}: retracted: fid-64 (wrong layer); evaluate again with a version that is right" in found
    (board / "retractions.yaml").write_text(WRONG)
    assert not any(gone in line for line in problems(board, base))


def test_nobody_supersedes_what_is_not_theirs(board):
    old = demo()
    control = demo("control: noise")
    file(board, control)
    sound = file(board, demo(supersedes=old.id, training_data=["more of it"]))
    assert problems(board) == []
    sound.unlink()
    for changes, why in (
        ({"supersedes": "ab" * 32}, "that the board does not hold"),
        ({"supersedes": old.id, "submitter": "eve"}, "which is of another submitter"),
        ({"supersedes": control.id}, "which is of another generator"),
    ):
        late = file(board, demo(**changes, training_data=["more of it"]))
        assert problems(board) == [f"{late}: supersedes entry {changes['supersedes'][:12]}, {why}"]
        assert problems(board, "HEAD") == problems(board)
        late.unlink()


def test_what_papers_report_is_checked_too(board):
    path = board / "reported" / "x.json"
    path.parent.mkdir()
    path.write_text('{"schema": "synthuterus-reported/1"}')
    assert f"{path}: title: Field required" in problems(board)
    shutil.copy(next(resource("leaderboard/reported").glob("*.json")), path)
    assert problems(board) == []


@pytest.mark.parametrize("name", ["retractions.yaml", "verifications/.gitkeep", "comparisons/a.json", "schema/x", "x"])
def test_a_link_anywhere_on_the_board_is_refused_unread(board, tmp_path, name):
    (tmp_path / "secret").write_text("root:x:0:0")
    path = board / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(tmp_path / "secret")
    assert problems(board) == [f"{path}: a link, expected a file"]


def test_links_in_the_tree_are_refused_unread(board, tmp_path):
    (board / "verifications").symlink_to("/etc")
    assert any("verifications: a link" in line for line in problems(board))
    home = tmp_path / "other"
    home.mkdir()
    (home / "entries").symlink_to("/etc")
    assert "a link, expected a folder" in problems(home)[0]
