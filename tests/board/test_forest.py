from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthuterus_bench.bench.table import columns, placed
from synthuterus_bench.board.forest import LEFT, WIDTH, Forest, _legible, _round_values, forests
from tests.board.samples import GENERATORS, entry, sample


def plots_of(made) -> list[Forest]:
    found = columns(made.results)
    return forests(found, placed(made.results, found))


def one(metric: str, **row):
    """The plot of one metric of an entry whose pooled result is changed."""
    data = sample()
    for result in data["results"]:
        if (result["metric"], result["scope"]) == (metric, "pooled"):
            result.update(row)
    return next(plot for plot in plots_of(entry(results=data["results"])) if plot.column.metric == metric)


def test_one_plot_for_each_metric_with_a_value():
    named = {plot.column.metric for plot in plots_of(entry())}
    assert named == {result.metric for result in entry().results}
    without = entry(next(name for name in GENERATORS if name.startswith("A very")))
    assert "fid-64" not in {plot.column.metric for plot in plots_of(without)}


def test_places_keep_the_order_of_the_values_and_stay_inside():
    for plot in plots_of(entry()):
        for mark in plot.marks:
            low, high = mark.interval or (mark.x, mark.x)
            assert LEFT <= low <= mark.x <= high <= WIDTH
            assert mark.floor is None or LEFT <= mark.floor[0] <= mark.floor[1] <= WIDTH
    kid = one("kid-embedder")
    assert [mark.x for mark in kid.marks] == sorted(mark.x for mark in kid.marks)


def test_the_scale_is_linear():
    """Ticks at equal steps stand at equal distances."""
    places = [x for x, _ in one("fid-2048").ticks]
    gaps = [b - a for a, b in pairwise(places)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps), abs=0.2)


def test_svg_is_well_formed_and_says_its_values():
    for plot in plots_of(entry()):
        root = ElementTree.fromstring(str(plot.svg))
        assert root.get("aria-label") == plot.words
        assert len([node for node in root.iter() if node.get("class") == "dot"]) == len(plot.marks)
    assert "pooled 0.0041" in one("kid-embedder").words


def test_a_hostile_parameter_is_text():
    data = sample()
    for result in data["results"]:
        if result["metric"] == "fid-64":
            result["params"] = {"layer": 64, '"><script>': "</svg><b>"}
    for plot in plots_of(entry(results=data["results"])):
        ElementTree.fromstring(str(plot.svg))
        assert "<b>" not in plot.svg


def test_a_value_alone_has_a_plot():
    plot = one("fd-embedder", ci=None, floor=None)
    assert plot.marks[0].interval is None
    assert plot.marks[0].floor is None


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_inside_and_rising(low, width):
    high = low + width
    if not high > low:
        return
    found = _round_values(low, high)
    assert 2 <= len(found) <= 6
    assert found == sorted(found)
    assert low - width * 1e-6 <= found[0]
    assert found[-1] <= high + width * 1e-6


@given(st.integers(2, 6), st.floats(5, 120), st.integers(1, 12))
def test_no_text_of_a_tick_touches_the_next(count, gap, letters):
    ticks = [(LEFT + place * gap, "0" * letters) for place in range(count)]
    kept = _legible(ticks)
    assert kept[0] == ticks[0]
    assert all(right[0] - left[0] >= letters * 7 for left, right in pairwise(kept))
    assert len({round(right[0] - left[0], 6) for left, right in pairwise(kept)}) <= 1


def test_ticks_with_room_are_all_kept():
    ticks = [(80.0, "0.1"), (140.0, "0.2"), (200.0, "0.3")]
    assert list(_legible(ticks)) == ticks
