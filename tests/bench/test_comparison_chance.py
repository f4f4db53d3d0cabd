"""A whole comparison by simulation: how often chance is called a difference, and what is found."""

from types import SimpleNamespace

import numpy as np
import pytest

from synthuterus_bench.bench.comparison.exchanging import metric_rows
from synthuterus_bench.bench.comparison.record import judged
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.exchange import Pair
from synthuterus_bench.progress import silent
from tests.metrics.world import FAKE, TEST, TRAIN, World, classes_of, features_of, scope_of

NAMES = ("fd-embedder", "kid-embedder", "lpips", "irs-adjusted", "anatomy-valid", "anatomy-agreement")
EXCHANGES = {True: 199, False: 399}


class Simulated:
    """What ``Joined`` is to ``metric_rows``, of two sets of features."""

    def __init__(self, first, second, valid, rng):
        self.scope = scope_of(FAKE, FAKE)
        world = World()
        self.rows = np.concatenate([first, second, world.real(rng, TRAIN), world.real(rng, TEST)])
        self.valid = np.concatenate([rng.uniform(size=FAKE) < share for share in valid] + [np.ones(TRAIN + TEST, bool)])
        self.first = SimpleNamespace(bank=SimpleNamespace(identity={}))

    def array(self, need):
        return features_of(need, self.rows, self.valid, self.scope).rows

    def missing(self, need):
        return None if need is not Need.SWAV else "none"

    def pairs(self):
        scope, strata = self.scope, self.scope.strata
        halves = scope.fake[:FAKE], scope.fake[FAKE:]
        found = [Pair(scope, *halves)]
        for k, name in enumerate(("av-af", "av-rf")):
            parts = {part: rows[strata[rows] == k] for part, rows in zip("ab", halves, strict=True)}
            train, test = (rows[strata[rows] == k] for rows in (scope.train, scope.test))
            alone = type(scope)(name, np.concatenate([*parts.values()]), train, test, scope.units, strata, ())
            found.append(Pair(alone, parts["a"], parts["b"]))
        return found


def verdicts(first, second, rng, valid=(0.9, 0.9), scopes=EXCHANGES):
    rows, _ = judged(metric_rows(NAMES, Simulated(first, second, valid, rng), scopes, {}, silent))
    return {(row.metric, row.scope): row.verdict for row in rows}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_sets_of_one_distribution_are_called_separable_in_at_most_a_twentieth_of_runs():
    """Any of the pooled metrics, or any of a class: 5 % and two standard errors of 200 runs, 8.1 %."""
    wrong = {"pooled": 0, "classes": 0}
    for run in range(200):
        rng = np.random.default_rng(run)
        found = verdicts(*(World().fake(rng, FAKE) for _ in range(2)), rng)
        for family in wrong:
            named = (verdict for (_, scope), verdict in found.items() if (scope == "pooled") is (family == "pooled"))
            wrong[family] += any(verdict != "not separable" for verdict in named)
    print(wrong)
    assert max(wrong.values()) <= 16


def dropped(rng):
    """Images of one half of each class's variety."""
    rows = World(0, 1).fake(rng, FAKE)
    centre = World(0, 0).fake(rng, FAKE)
    return centre + np.abs(rows - centre)


@pytest.mark.parametrize(("what", "found"), [("collapsed", "kid-embedder"), ("dropped", "fd-embedder")])
def test_a_collapse_of_variance_and_dropped_modes_are_found(what, found):
    rng = np.random.default_rng(1)
    poor = {"collapsed": lambda: World(0, 0.3).fake(rng, FAKE), "dropped": lambda: dropped(rng)}[what]()
    assert verdicts(World(0, 1).fake(rng, FAKE), poor, rng)[found, "pooled"] == "first"


def test_fewer_valid_images_are_found_by_that_metric_alone():
    rng = np.random.default_rng(2)
    found = verdicts(*(World(0, 1).fake(rng, FAKE) for _ in range(2)), rng, valid=(0.95, 0.6))
    assert found["anatomy-valid", "pooled"] == "first"
    assert found["kid-embedder", "pooled"] == "not separable"


def test_classes_of_the_simulation_are_halves():
    assert classes_of(FAKE).sum() == FAKE // 2
