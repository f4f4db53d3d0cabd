"""What stands beside entries: that of the board they lie in, wherever that is; the same for site, tables, terminal."""

import json

import pytest

from synthuterus_bench.bench.comparison.entries import compare_entries
from synthuterus_bench.board.reported import load_reported
from synthuterus_bench.board.verification import save_verification
from synthuterus_bench.cli import run
from synthuterus_bench.cli.leaderboard_beside import material_of
from tests.board.boards import demo, file
from tests.board.samples import GENERATORS
from tests.board.verified import honest

REASON = "wrong layer of this very board"


@pytest.fixture
def board(tmp_path, monkeypatch):
    """A board in another folder than that of the commands, with something of everything beside its entries."""
    home = tmp_path / "elsewhere" / "board"
    for name in GENERATORS:
        file(home, demo(name))
    (home / "retractions.yaml").write_text(f"retractions: [{{metric: lpips, reason: {REASON}}}]")
    save_verification(honest(demo()), home)
    (home / "comparisons").mkdir()
    (home / "comparisons" / "sharp.json").write_text(json.dumps(sharp().model_dump(mode="json", by_alias=True)))
    (home / "reported").mkdir()
    paper = load_reported()[0].model_copy(update={"title": "The paper of this very board"})
    (home / "reported" / "paper.json").write_text(json.dumps(paper.model_dump(mode="json", by_alias=True)))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return home


def sharp():
    """A paired comparison that tells the best two apart, which their intervals cannot."""
    found = compare_entries(demo("ddpm2d-ct-roi"), demo("ldm2d-ct-roi")).model_copy(update={"paired": True})
    rows = [row for row in found.rows if row.metric == "kid-embedder"]
    ends = [{"low": row.difference - 1e-6, "high": row.difference + 1e-6} for row in rows]
    rows = [
        row.model_copy(update={"p_value": 1e-9, "ci": row.ci.model_copy(update=pair)})
        for row, pair in zip(rows, ends, strict=True)
    ]
    return found.model_copy(update={"rows": rows})


def given(board) -> list:
    """Ways to name all entries of a board."""
    return [[board], [board / "entries"], [*(board / "entries").rglob("*.json")]]


def test_all_of_a_board_comes_with_its_entries_however_they_are_named(board):
    entries = [demo(name) for name in GENERATORS]
    for paths in given(board):
        found = material_of(paths, entries)
        assert [one.reason for one in found.retractions] == [REASON]
        assert [one.title for one in found.reported] == ["The paper of this very board"]
        assert {*found.verifications} == {demo().id}
        assert len(found.comparisons) == 1


def test_entries_of_no_board_have_what_lies_here_and_else_the_packages_own(board, tmp_path, monkeypatch):
    loose = tmp_path / "loose.json"
    loose.write_text(json.dumps(demo().as_json()))
    own = material_of([loose], [demo()])
    assert own.retractions == []
    assert own.reported == load_reported()
    assert (own.verifications, own.comparisons) == ({}, [])
    board.rename(tmp_path / "here" / "leaderboard")
    assert [one.reason for one in material_of([loose], [demo()]).retractions] == [REASON]


def test_a_board_without_reported_tables_has_the_packages_own(board):
    (board / "reported").rename(board.parent / "gone")
    assert material_of([board], []).reported == load_reported()


def test_what_is_named_takes_the_place_of_the_boards(board, tmp_path):
    (tmp_path / "none.yaml").write_text("retractions: []")
    (tmp_path / "empty").mkdir()
    found = material_of([board], [demo()], tmp_path / "none.yaml", tmp_path / "empty", tmp_path / "empty")
    assert (found.retractions, found.verifications, found.comparisons) == ([], {}, [])


def test_the_site_reads_what_lies_beside(board, capsys):
    assert run(["leaderboard", "build", str(board), "--out", "site", "--workers", "1"]) == 0
    page = (board.parents[1] / "here" / "site" / "index.html").read_text(encoding="utf-8")
    assert "The paper of this very board" in page
    entry = (board.parents[1] / "here" / "site" / "entry" / f"{demo().id}.html").read_text(encoding="utf-8")
    assert REASON in entry
    assert "re-embedded" in entry


def test_tables_read_what_lies_beside(board, capsys):
    assert run(["leaderboard", "table", str(board / "entries")]) == 0
    with_it = capsys.readouterr().out
    (board / "retractions.yaml").unlink()
    assert run(["leaderboard", "table", str(board / "entries")]) == 0
    without = capsys.readouterr().out
    assert "LPIPS" in without
    assert with_it != without


def tiers(told: str) -> dict:
    """Tier of each generator, of the one board that JSON of ``show`` holds."""
    (board,) = json.loads(told)["boards"]
    return {row["generator"]: tuple((row["tier"] or {}).get(end) for end in ("best", "worst")) for row in board["rows"]}


def ends(row: dict) -> tuple:
    """The tier in a row of a table of the site."""
    return row["tier_best"], row["tier_worst"]


def test_the_terminal_shows_tiers_badges_and_withdrawals_of_the_site(board, capsys):
    assert run(["--json", "leaderboard", "show", str(board)]) == 0
    told = capsys.readouterr().out
    assert REASON in told
    assert "re-embedded" in told
    with_it = tiers(told)
    assert with_it["ddpm2d-ct-roi"] < with_it["ldm2d-ct-roi"]
    assert run(["leaderboard", "build", str(board), "--out", "site", "--workers", "1"]) == 0
    capsys.readouterr()
    (table,) = (board.parents[1] / "here" / "site" / "tables").glob("*.json")
    rows = json.loads(table.read_text(encoding="utf-8"))["rows"]
    assert {one["generator"]: ends(one) for one in rows if one["scope"] == "pooled"} == with_it
    (board / "comparisons" / "sharp.json").unlink()
    assert run(["--json", "leaderboard", "show", str(board)]) == 0
    together = tiers(capsys.readouterr().out)
    assert together["ddpm2d-ct-roi"] == together["ldm2d-ct-roi"]


def test_a_folder_that_is_not_there_is_usage(board, capsys):
    for option in ("--verifications", "--comparisons"):
        assert run(["leaderboard", "show", str(board), option, "nowhere"]) == 2
        assert "nowhere: no such folder" in capsys.readouterr().err
