"""Comparisons on a board: of its entries, with their values, append-only."""

import json

import pytest

from synthuterus_bench.board.pairs import load_comparisons
from synthuterus_bench.entry import Entry
from synthuterus_bench.errors import DataError
from tests.board.boards import CLAIMS, committed, demo, file, problems
from tests.board.samples import GENERATORS


def compared(one, other, **changes):
    """A record of ``compare`` of two entries."""
    row = {"metric": "kid-embedder", "direction": "lower", "scope": "pooled", "n": 200, "n_real": 200, "p_value": 0.5}
    facts = {"suite": "demo", "version": 1, "reference": "phantom-v1", "paired": True, "families": {"pooled": 1}}
    digests = {name: CLAIMS[name] for name in ("protocol_digest", "reference_digest")}
    sides = {
        name: {"name": name, "manifest_sha256": side.dataset.manifest_sha256, "n_per_class": {"av-af": 50}}
        for name, side in (("first", one), ("second", other))
    }
    return {"schema": "synthuterus-comparison/1", "rows": [row]} | facts | digests | sides | changes


def put_comparison(board, value, name="a.json"):
    path = board / "comparisons" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_comparisons_are_of_entries_of_the_board_and_append_only(board):
    mine, other, stranger = (demo(name) for name in [*GENERATORS][:4][1:])
    path = put_comparison(board, compared(mine, other))
    committed(board.parent)
    assert problems(board, "HEAD") == []
    path.write_text(json.dumps(compared(other, mine)))
    assert "changed; what is on the board stays" in problems(board, "HEAD")[0]
    path.unlink()
    assert problems(board, "HEAD") == [
        f"{path}: removed; what is on the board stays, a wrong entry goes into retractions.yaml"
    ]
    path = put_comparison(board, compared(mine, stranger))
    assert f"{path}: second: images 030303030303, which no entry of the board is of" in problems(board)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"reference_digest": "ab" * 32}, "has this protocol and reference"),
        ({"protocol_digest": "ab" * 32}, "has this protocol and reference"),
        ({"first": None}, "first: Input should"),
    ],
)
def test_what_a_comparison_must_not_say(board, changes, expected):
    first, second = (demo(name) for name in [*GENERATORS][:2])
    put_comparison(board, compared(first, second, **changes))
    assert expected in "\n".join(problems(board))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"p_value": 2.0}, "p-value 2, expected 0 to 1"),
        ({"first": 0.5, "second": 0.5 - 1e-300, "difference": 1e-300}, "difference 1e-300, expected 0"),
        ({"first": 0.5, "second": 0.25, "difference": -0.25}, "difference -0.25, expected first less second, 0.25"),
        ({"first": 0.5, "second": 0.25, "difference": None}, "difference 0, expected first less second, 0.25"),
        ({"ci": {"low": 0.0, "high": 1.0, "level": 1e-20, "method": "m", "unit": "u"}}, "interval of level 1e-20"),
        ({"ci": {"low": 0.0, "high": 1e-300, "level": 0.95, "method": "m", "unit": "u"}}, "interval width 1e-300"),
    ],
)
def test_numbers_of_a_comparison_that_nobody_measures(board, row, expected):
    first, second = (demo(name) for name in [*GENERATORS][:2])
    value = compared(first, second)
    value["rows"][0].update(row)
    path = put_comparison(board, value)
    (found,) = problems(board)
    assert found.startswith(f"{path}: kid-embedder pooled: {expected}")
    with pytest.raises(DataError):
        load_comparisons(path.parent)


def kid(one: Entry):
    return next(row for row in one.results if (row.metric, row.scope) == ("kid-embedder", "pooled"))


def moved(one: Entry, value: float, **changes) -> Entry:
    """The entry with another KID."""
    rows = [row.model_copy(update={"value": value}) if row == kid(one) else row for row in one.results]
    return one.model_copy(update={"results": rows} | changes)


def valued(one: Entry, other: Entry, given: float, **more: int):
    """A record of ``compare`` in which the first gets ``given``."""
    mine, value = kid(one), compared(one, other)
    row = {"params": mine.params, "n": mine.n_fake, "n_real": mine.n_real, "first": given, "second": kid(other).value}
    value["rows"][0] |= row | {"difference": given - kid(other).value} | more
    return value


def test_values_of_a_comparison_are_those_of_the_entries(board):
    first, second = (demo(name) for name in [*GENERATORS][:2])

    def found(given: float, **more: int) -> list[str]:
        path = put_comparison(board, valued(first, second, given, **more))
        return [line.removeprefix(f"{path}: ") for line in problems(board)]

    mine = kid(first)
    width = mine.ci.high - mine.ci.low
    assert found(mine.value) == []
    assert found(mine.value + 0.09 * width) == []
    wrong = mine.value + 0.11 * width
    assert found(wrong) == [f"first: kid-embedder pooled {wrong:g}, expected {mine.value:g} as in the entry"]
    assert found(wrong, n=mine.n_fake - 1) == []
    assert found(wrong, n_real=mine.n_real - 1) == []
    swapped = valued(second, first, kid(second).value)
    swapped["rows"][0] |= {"second": wrong, "difference": kid(second).value - wrong}
    path = put_comparison(board, swapped)
    assert problems(board) == [
        f"{path}: second: kid-embedder pooled {wrong:g}, expected {mine.value:g} as in the entry"
    ]


def test_another_generator_of_the_same_images_must_agree(board):
    first, second = (demo(name) for name in [*GENERATORS][:2])
    mine = kid(first)
    path = put_comparison(board, valued(first, second, mine.value))
    wrong = mine.value + 0.2 * (mine.ci.high - mine.ci.low)
    file(board, moved(first, wrong, generator=first.generator.model_copy(update={"name": "mallory"})))
    expected = f"{path}: first: kid-embedder pooled {mine.value:g}, expected {wrong:g} as in the entry"
    assert expected in problems(board)


def test_a_comparison_stays_sound_when_its_entry_is_superseded(board):
    """It cannot be taken away: the board is append-only."""
    first, second = (demo(name) for name in [*GENERATORS][:2])
    mine = kid(first)
    put_comparison(board, valued(first, second, mine.value))
    other = first.dataset.model_copy(update={"manifest_sha256": "12" * 32})
    later = moved(first, mine.value + 0.2 * (mine.ci.high - mine.ci.low), supersedes=first.id)
    for entry in (later, first.model_copy(update={"dataset": other, "supersedes": first.id})):
        path = file(board, entry)
        assert problems(board) == []
        path.unlink()


def test_what_else_lies_among_comparisons_is_refused(board):
    first, second = (demo(name) for name in [*GENERATORS][:2])
    put_comparison(board, compared(first, first))
    put_comparison(board, "{", "b.json")
    put_comparison(board, compared(first, second), "deeper/c.json")
    put_comparison(board, compared(first, second), "d.txt")
    found = "\n".join(problems(board))
    for what in ("a.json: compares images with themselves", "b.json: not valid", "c.json: misplaced", "d.txt: mis"):
        assert what in found
