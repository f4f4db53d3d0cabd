"""Every distance between two sets: what must hold of it, and that it grows with what is done to images."""

import itertools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.metrics.base import Features
from synthuterus_bench.metrics.frechet import frechet_distance
from synthuterus_bench.metrics.kid import squared_mmd
from synthuterus_bench.metrics.lpips import measure_diversity
from synthuterus_bench.metrics.prdc import prdc
from synthuterus_bench.metrics.scopes import POOLED, make_scopes
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.nets.embedder import load_embedder

DISTANCES = [frechet_distance, squared_mmd]


@pytest.fixture(scope="module")
def images(cohort):
    return np.stack([from_window(scan.pixels) for scan in cohort.scans()])


def features(z):
    return load_embedder()(z.astype(np.float32)).features


@pytest.fixture(scope="module")
def real(images):
    return features(images)


def rising(values):
    return all(a < b for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("distance", DISTANCES)
def test_identity_symmetry_and_order_of_rows(distance, real):
    left, right = real[::2], real[1::2]
    shuffled = np.random.default_rng(0).permutation(left)
    assert distance(left, left) <= 1e-9
    assert distance(left, right) == pytest.approx(distance(right, left), rel=1e-9, abs=1e-12)
    assert distance(shuffled, right) == pytest.approx(distance(left, right), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("distance", DISTANCES)
def test_more_blur_and_more_noise_are_farther(distance, images, real):
    noise = np.random.default_rng(1).normal(size=images.shape)
    blurred = [distance(features(gaussian_filter(images, (0, s, s))), real) for s in (0.7, 1.5, 3, 6)]
    noisy = [distance(features(images + s * noise), real) for s in (0.2, 0.5, 1, 2)]
    assert rising([distance(real, real), *blurred])
    assert rising([distance(real, real), *noisy])


def modes(kept, n=120, rng=None):
    rng = rng or np.random.default_rng(2)
    centres = 4 * np.eye(6)[np.arange(n) % kept]
    return centres + rng.normal(size=(n, 6))


@pytest.mark.parametrize("distance", DISTANCES)
def test_more_dropped_modes_are_farther(distance):
    real = modes(6, rng=np.random.default_rng(3))
    assert rising([distance(modes(kept), real) for kept in (6, 5, 3, 1)])


def test_dropped_modes_cost_recall_coverage_and_diversity():
    real = modes(6, rng=np.random.default_rng(3))
    found = [prdc(real, modes(kept)) for kept in (1, 3, 6)]
    assert rising([one.recall for one in found])
    assert rising([one.coverage for one in found])
    scope = make_scopes(*(np.zeros(n, int) for n in (120, 60, 60)), np.arange(240), ["a"], permutations=2, seed=0)[0]
    diversity = []
    for kept in (1, 3, 6):
        points = np.concatenate([modes(kept), real])
        diversity.append(measure_diversity(Features(((points[:, None] - points) ** 2).sum(2)), scope).value)
    assert rising(diversity)


NUMBERS = [name for name, metric in METRICS.items() if metric.need not in ("anatomy", "lpips-alex")]


@pytest.mark.parametrize("name", NUMBERS)
def test_names_of_classes_and_order_of_rows_change_no_value(name):
    rng = np.random.default_rng(4)
    sizes, metric = (24, 36, 24), METRICS[name]
    rows = rng.normal(size=(84, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels = [np.arange(n) % 2 for n in sizes]

    def value(order, swap):
        parts = [np.where(swap, 1 - part, part)[place] for part, place in zip(labels, order, strict=True)]
        units = np.concatenate([place + 100 * k for k, place in enumerate(order)])
        starts = np.cumsum([0, *sizes])[:3]
        moved = np.concatenate([rows[start + place] for start, place in zip(starts, order, strict=True)])
        scopes = make_scopes(*parts, units, ["a", "b"], permutations=3, seed=0)
        return next(metric.measure(Features(moved), scope).value for scope in scopes if scope.name == POOLED)

    plain = [np.arange(n) for n in sizes]
    assert value([rng.permutation(n) for n in sizes], False) == pytest.approx(value(plain, False), rel=1e-9, abs=1e-12)
    assert value(plain, True) == pytest.approx(value(plain, False), rel=1e-9, abs=1e-12)
