import pytest

from synthuterus_bench.bench.table import TITLES
from synthuterus_bench.board.badges import DECLARED
from synthuterus_bench.board.boards import BEHIND, OTHER, boards_of, kind_of
from synthuterus_bench.board.rank import Listed
from tests.board.samples import GENERATORS, board, entry, sample


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
    data = sample()
    data["suite"] = data["suite"] | {"reference": "../../etc/<b>"}
    assert made([entry(suite=data["suite"])]).name == "sample-suite-v1-abababab-cdcdcdcd"
