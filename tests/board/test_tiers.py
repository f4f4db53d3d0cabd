"""Tiers claim no order that is not there: identities, planted orders, and simulations of known truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthuterus_bench.bench.comparison.entries import compare_entries
from synthuterus_bench.board.pairs import Measured, Paired, p_values
from synthuterus_bench.board.rank import Listed, rank
from synthuterus_bench.board.tiers import LEVEL, VAGUE, Span, places, surely_better, tiers
from synthuterus_bench.entry import Interval
from synthuterus_bench.metrics.base import Features, Relabelling, Scope
from synthuterus_bench.metrics.kid import measure_kid
from synthuterus_bench.metrics.scopes import POOLED
from tests.board.samples import board, entry

SEPARATE = 1e-9


def measured(value: float, half: float, manifest: str = "", level: float = 0.95) -> Measured:
    return Measured(value, Interval(low=value - half, high=value + half, level=level, method="m", unit="u"), manifest)


def decided(pairs: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is surely better, the values and the widths of (value, half width) pairs."""
    entries = [measured(*pair) for pair in pairs]
    values = np.array([one.value for one in entries])
    return surely_better(p_values(entries), values), values, np.array([one.width for one in entries])


def tier_numbers(pairs: list[tuple[float, float]]) -> list[str]:
    return [span.text for span in tiers(*decided(pairs))]


def test_far_apart_gives_a_tier_each():
    assert tier_numbers([(2, 0.1), (1, 0.1), (3, 0.1)]) == ["2", "1", "3"]


def test_no_cut_where_one_pair_across_it_is_not_separable():
    """The best and the worst are separable, the middle one is from neither: an order of two tiers would be a guess."""
    better, values, widths = decided([(0, 1), (1.2, 1), (2.4, 1)])
    assert better.sum() == 1
    assert [span.text for span in tiers(better, values, widths)] == ["1", "1", "1"]
    assert [span.text for span in places(better)] == ["1–2", "1–3", "2–3"]


def test_a_vague_entry_spans_tiers_and_glues_none():
    pairs = [(1, 0.1), (2, 0.1), (3, 0.1), (2.5, 3.0)]
    assert tier_numbers(pairs) == ["1", "2", "3", "1–3"]
    assert tier_numbers([*pairs, (2.5, 3.1)]) == ["1", "2", "3", "1–3", "1–3"]


def test_two_vague_entries_glue_no_more_than_one():
    """Each touches one tier and the other: together they would make a bridge."""
    pairs = [*((0, 0.1), (0.01, 0.1), (10, 0.1), (10.01, 0.1), (10.02, 0.1)), (3.2, 3.0), (6.8, 3.01)]
    found = tier_numbers(pairs)
    assert found[0] == found[1] == "1"
    assert found[2] == found[3] == found[4] == "2"


def test_a_wide_interval_far_from_all_is_no_span():
    assert tier_numbers([(1, 0.1), (2, 0.1), (3, 0.1), (90, 10 * VAGUE)]) == ["1", "2", "3", "4"]


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 30)), min_size=1, max_size=8))
def test_every_order_of_tiers_is_proven_and_places_hold(pairs):
    better, values, widths = decided([(float(value), float(half)) for value, half in pairs])
    assert not (better & better.T).any()
    spans, spots = tiers(better, values, widths), places(better)
    for i, mine in enumerate(spans):
        assert 1 <= mine.best <= mine.worst <= mine.of
        assert spots[i] == Span(1 + int(better[:, i].sum()), len(pairs) - int(better[i].sum()), len(pairs))
        for j, other in enumerate(spans):
            if mine.worst < other.best:
                assert better[i, j]


@given(st.permutations(range(6)), st.floats(0.01, 3))
def test_the_order_of_the_files_does_not_matter(order, half):
    pairs = [(float(k), half) for k in range(6)]
    found = tiers(*decided([pairs[k] for k in order]))
    assert [found[order.index(k)] for k in range(6)] == tiers(*decided(pairs))


def test_equal_values_are_never_separable():
    assert tier_numbers([(1, 0), (1, 0), (2, 0)]) == ["1", "1", "2"]
    assert tiers(np.zeros((0, 0), bool), np.zeros(0), []) == []


def test_p_values_are_those_of_compare():
    one, two = entry("ddpm2d-ct-roi"), entry("ldm2d-ct-roi")
    row = next(row for row in compare_entries(one, two).rows if (row.metric, row.scope) == ("kid-embedder", POOLED))
    results = [next(r for r in each.results if r.metric == "kid-embedder" and r.scope == POOLED) for each in (one, two)]
    found = p_values([Measured(result.value, result.ci, "") for result in results])
    assert found[0, 1] == pytest.approx(row.p_value, rel=1e-4)
    assert (found == found.T).all()


def test_level_of_an_interval_counts():
    """An interval of 99 % is wider than one of 95 % of the same estimate."""
    narrow = p_values([measured(0, 1.959964), measured(3, 1.959964)])
    assert p_values([measured(0, 2.575829, level=0.99), measured(3, 2.575829, level=0.99)]) == pytest.approx(narrow)
    assert measured(0, 2.575829, level=0.99).width == pytest.approx(measured(0, 1.959964).width)


def test_a_paired_test_takes_the_place_of_intervals():
    pair = [measured(0, 1, "a"), measured(1, 1, "b")]
    assert p_values(pair)[0, 1] > LEVEL
    assert p_values(pair, [Paired("b", "a", 1.0, SEPARATE)])[0, 1] == SEPARATE
    assert p_values(pair, [Paired("a", "c", -1.0, SEPARATE)])[0, 1] > LEVEL


def test_a_paired_test_of_the_other_sign_separates_nothing():
    pair = [measured(0, 0.1, "a"), measured(1, 0.1, "b")]
    assert p_values(pair)[0, 1] < SEPARATE
    assert p_values(pair, [Paired("a", "b", 0.2, SEPARATE)])[0, 1] == 1


def test_a_comparison_of_other_digests_is_not_used():
    one, two = (Listed(each.id, each) for each in board()[:2])
    found = compare_entries(one.entry, two.entry).model_copy(update={"paired": True})
    rows = [
        row.model_copy(update={"p_value": 1.0, "ci": row.ci and row.ci.model_copy(update={"low": -9.0, "high": 9.0})})
        for row in found.rows
    ]
    blind = found.model_copy(update={"rows": rows})
    far = [one, Listed("far", entry("ddpm3d-class-roi")), two]
    assert rank(far, comparisons=[blind.model_copy(update={"reference_digest": "0" * 64})]) == rank(far)
    first = {standing.listed.id: standing.tier for standing in rank(far, comparisons=[blind])}
    assert first[one.id] == first[two.id]


TRUTHS = {
    "steps": (0.0, 1.0, 2.0, 3.0, 4.0, 5.0),
    "close": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "pairs": (0.0, 0.0, 1.5, 1.5, 3.0, 3.0),
    "all equal": (0.0,) * 8,
}


def false_orders(truth: np.ndarray, spans: list[Span]) -> int:
    """Pairs whose tiers are in an order that the truth does not have."""
    pairs = [(i, j) for i, one in enumerate(spans) for j, two in enumerate(spans) if one.worst < two.best]
    return sum(truth[i] >= truth[j] for i, j in pairs)


def simulated(rng: np.random.Generator, truth: np.ndarray) -> list[Span]:
    """Estimates with unequal errors, part of them shared because the real images are; each error itself estimated."""
    errors = rng.uniform(0.1, 0.4, len(truth))
    values = truth + rng.normal(0, errors) + rng.normal(0, 0.1)
    told = np.sqrt(errors**2 + 0.1**2) * np.sqrt(rng.chisquare(150, len(truth)) / 150)
    return tiers(*decided(list(zip(values, 1.959964 * told, strict=True))))


@pytest.mark.slow
@pytest.mark.parametrize("name", TRUTHS)
def test_adjacent_tiers_are_truly_in_order_in_95_of_100_runs(name):
    rng, truth, runs = np.random.default_rng(3), np.array(TRUTHS[name]), 2000
    found = [simulated(rng, truth) for _ in range(runs)]
    wrong = sum(false_orders(truth, spans) > 0 for spans in found)
    assert wrong / runs <= 0.05
    if name == "steps":
        assert np.mean([max(span.worst for span in spans) for spans in found]) > 2


@pytest.mark.slow
def test_tiers_of_kernel_distances_are_in_order():
    """Features of known distance, measured as ``evaluate`` does: values, jackknife intervals, tiers."""
    rng, width, count = np.random.default_rng(5), 8, 60
    shifts = np.array([0.0, 0.0, 1.2, 1.2, 2.4, 3.6])
    wrong, most = 0, []
    for _ in range(200):
        real = rng.normal(size=(count, width))
        spans = tiers(*_kids(rng, real, shifts))
        wrong += false_orders(shifts, spans) > 0
        most.append(spans[0].of)
    assert wrong <= 0.05 * 200
    assert np.median(most) >= 3


def _kids(rng: np.random.Generator, real: np.ndarray, shifts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, found = len(real), []
    for shift in shifts:
        fake = rng.normal(size=real.shape)
        fake[:, 0] += shift
        rows, units = np.arange(2 * n), np.arange(2 * n)
        half = n + n // 2
        null = Relabelling(rows[n:half], rows[half:], rows[half:])
        scope = Scope(POOLED, rows[:n], rows[n:], rows[n:], units, np.zeros(2 * n, np.int64), (null,))
        measurement = measure_kid(Features(np.concatenate([fake, real])), scope)
        low, high = measurement.interval.low, measurement.interval.high
        interval = Interval(low=low, high=high, level=0.95, method="m", unit="patient")
        found.append(Measured(measurement.value, interval, ""))
    values = np.array([one.value for one in found])
    return surely_better(p_values(found), values), values, np.array([one.width for one in found])
