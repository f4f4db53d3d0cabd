import re

import pytest

from synthuterus_bench.bench.table import TITLES
from synthuterus_bench.board.badges import DECLARED
from synthuterus_bench.board.boards import BEHIND, OTHER, boards_of, kind_of
from synthuterus_bench.board.rank import Listed
from tests.board.samples import GENERATORS, SUITE, board, entry


def made(entries=None):
    (found,) = boards_of([Listed(each.id, each) for each in entries or board()], {})
    return found


@pytest.mark.parametrize("metric", TITLES)
def test_every_metric_with_a_title_has_a_heading(metric):
    assert kind_of(metric) != OTHER


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("lpips", "Distances"),
        ("lpips-diversity", "Variety and copies"),
        ("irs-adjusted", "Variety and copies"),
        ("new", OTHER),
    ],
)
def test_headings(metric, kind):
    assert kind_of(metric) == kind


def test_every_scope_has_every_entry_once():
    found = made()
    for lines in found.scopes.values():
        assert {line.standing.listed.id for line in lines} == {each.id for each in board()}
    assert [line.standing.listed for line in found.order] == [*found.members]


def test_lines_hold_the_results_of_their_entry_and_scope():
    found = made()
    for scope, lines in found.scopes.items():
        for line in lines:
            for column, result in zip(found.columns, line.results, strict=True):
                assert result is None or (result.metric, result.scope) == (column.metric, scope)


def test_columns_that_only_the_entry_shows_are_left_out():
    assert not {column.metric for column in made().columns} & set(BEHIND)


def test_a_usual_column_without_any_value_is_not_shown_first():
    alone = made([entry(next(name for name in GENERATORS if name.startswith("A very")))])
    shown = {alone.columns[place].metric for place in alone.shown}
    assert "kid-embedder" in shown
    assert "fid-2048" not in shown


def test_only_what_was_verified_has_another_badge():
    assert {made().badge(each.id) for each in board()} == {DECLARED}


def test_names_of_files_are_of_digests():
    plain, odd = (made([entry(suite=SUITE | {"reference": name})]).name for name in ("phantom", "../../etc/<b>"))
    assert plain == odd
    assert re.fullmatch(r"sample-suite-v1-[0-9a-f]{64}", plain)


@pytest.mark.parametrize(
    "change",
    [
        {"protocol_digest": "ab" * 31 + "00"},
        {"reference_digest": "cd" * 31 + "00"},
        {"version": 2},
        {"protocol_digest": "cd" * 32, "reference_digest": "ab" * 32},
    ],
)
def test_no_two_tables_have_one_name(change):
    """Digests of the same beginning are easily made."""
    found = boards_of([Listed(each.id, each) for each in (entry(), entry(suite=SUITE | change))], {})
    assert len({each.name for each in found}) == 2


@pytest.mark.parametrize("digest", ["cd", "cd" * 32 + "0", "CD" * 32, "cd" * 31 + "\n0", "../" + "c" * 61])
def test_a_reference_digest_is_a_digest(digest):
    with pytest.raises(ValueError, match="reference_digest"):
        entry(suite=SUITE | {"reference_digest": digest})
