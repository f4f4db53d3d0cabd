from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.bench.comparison.exchanging import metric_rows
from synthuterus_bench.bench.comparison.looking import joined, look
from synthuterus_bench.bench.comparison.sides import Joined, equalised
from synthuterus_bench.bench.notes import left_out
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.bench.reference import read_reference
from synthuterus_bench.bench.submission import NO_CLASS
from synthuterus_bench.bench.tools import Tools
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.progress import silent


@pytest.fixture(scope="module")
def told(cohort, suite):
    return load_submission(cohort.root, suite)


@pytest.fixture(scope="module")
def measured(told):
    """The same images, half of them shifted down, with classes that were measured on them: some have none."""
    labels = told.labels.copy()
    labels[::5] = NO_CLASS
    pixels = np.roll(told.pixels, 40, 1)
    return replace(told, pixels=pixels, labels=labels, provenance=Provenance(measured=True))


@pytest.fixture
def tools(embedder, tmp_path):
    return Tools(embedder, tmp_path, tmp_path / "features")


def test_told_classes_are_equalised_one_by_one(told):
    fewer = replace(told, labels=np.where(np.arange(len(told.labels)) % 3 == 0, 0, told.labels))
    one, two = equalised(told, fewer)
    assert one.per_class == two.per_class
    assert one.per_class["av-af"] == min(told.per_class["av-af"], fewer.per_class["av-af"])
    assert len(one.pixels) == len(one.units) == len(one.digests) == len(one.labels)


def test_where_classes_were_measured_all_images_change_sides(told, measured, cohort, suite, tools):
    sides = equalised(told, measured)
    assert len(sides[0].labels) == len(sides[1].labels)
    fewer = replace(measured, pixels=measured.pixels[:9], labels=measured.labels[:9], digests=measured.digests[:9])
    assert min(equalised(told, fewer)[0].per_class.values()) == 2
    both = joined(suite, look(sides, read_reference(cohort, suite), tools), tools)
    pooled, *classes = both.pairs()
    assert len(np.unique(pooled.scope.strata)) == 1
    assert len(pooled.first) == len(pooled.second) > sum(len(pair.second) for pair in classes)
    for pair in classes:
        assert len(pair.first) == len(pair.second)
    omitted = left_out(sides[0]) | left_out(sides[1])
    rows = metric_rows(("fd-embedder", "anatomy-agreement"), both, {True: 99, False: 99}, omitted, silent)
    distance, agreement = (
        next(row for row in rows if row.metric == name) for name in ("fd-embedder", "anatomy-agreement")
    )
    assert distance.p_value == pytest.approx(0.01)
    assert distance.difference < 0
    assert agreement.status == "unavailable"
    assert "measured" in agreement.reason


def test_rows_of_both_and_the_one_reference_stand_in_their_places(told, measured, cohort, suite, tools):
    looked = look(
        equalised(told, replace(measured, provenance=told.provenance, labels=told.labels)),
        read_reference(cohort, suite),
        tools,
    )
    both = joined(suite, looked, tools)
    for side, name in ((both.first, "first"), (both.second, "second")):
        square = np.add.outer(np.arange(len(side.rows)), 1000.0 * np.arange(len(side.rows)))
        side.bank.arrays[Need.LPIPS] = square + (0.5 if name == "second" else 0.25)
    pair, n, m = both.pairs()[0], both.first.fakes, both.second.fakes
    features, square = both.array(Need.EMBEDDER), both.array(Need.LPIPS)
    np.testing.assert_array_equal(features[n + m :], both.second.bank.arrays[Need.EMBEDDER][m:])
    np.testing.assert_array_equal(features[n : n + m], both.second.bank.arrays[Need.EMBEDDER][:m])
    assert square.shape == (len(features),) * 2
    np.testing.assert_array_equal(square[n : n + m, n + m :], both.second.bank.arrays[Need.LPIPS][:m, m:])
    np.testing.assert_array_equal(square[:n, n + m :], both.first.bank.arrays[Need.LPIPS][:n, n:])
    assert not square[:n, n : n + m].any()
    test = both.first.scopes[0].test
    np.testing.assert_array_equal(features[pair.scope.test], both.first.bank.arrays[Need.EMBEDDER][test])
    units = pair.scope.units
    assert len(np.unique(units[np.concatenate([pair.first, pair.second])])) == len(pair.first) + len(pair.second)
    assert not set(units[pair.scope.test]) & set(units[: n + m])
    assert isinstance(both, Joined)
