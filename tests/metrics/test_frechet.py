import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Scope
from synthuterus_bench.metrics.frechet import _draws, frechet_distance, measure_frechet
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.scopes import make_scopes


def by_sqrtm(x, y):
    cov = [np.cov(z, rowvar=False) for z in (x, y)]
    gap = x.mean(0) - y.mean(0)
    return gap @ gap + np.trace(cov[0] + cov[1] - 2 * sqrtm(cov[0] @ cov[1]).real)


def exact_sample(rng, n, mean, scales):
    """Rows whose sample mean and covariance are exactly ``mean`` and ``diag(scales^2)``."""
    rows = rng.normal(size=(n, len(mean)))
    rows -= rows.mean(0)
    rows = np.linalg.qr(rows)[0] * np.sqrt(n - 1)
    return rows * scales + mean


def test_closed_form_of_two_gaussians():
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0.5, 3, 6), rng.uniform(0.5, 3, 6)
    shift = rng.normal(size=6)
    found = frechet_distance(exact_sample(rng, 40, np.zeros(6), a), exact_sample(rng, 70, shift, b))
    assert found == pytest.approx(shift @ shift + np.sum((a - b) ** 2), rel=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), [(60, 90, 12), (200, 50, 30)])
def test_agrees_with_the_matrix_square_root_and_torch_fidelity(n, m, d):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)), 1 + rng.normal(size=(m, d)) @ rng.normal(size=(d, d))
    stats = [fid_features_to_statistics(torch.from_numpy(z)) for z in (x, y)]
    theirs = fid_statistics_to_metric(*stats, False)["frechet_inception_distance"]
    assert frechet_distance(x, y) == pytest.approx(by_sqrtm(x, y), rel=1e-8)
    assert frechet_distance(x, y) == pytest.approx(theirs, rel=1e-8)


def test_a_set_against_itself_is_zero_also_with_fewer_images_than_features():
    x = np.random.default_rng(2).normal(size=(20, 300)).astype(np.float32) + 1000
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_symmetric_and_blind_to_order():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(30, 50)), rng.normal(size=(40, 50)) + 0.3
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-12)
    assert frechet_distance(x, y[rng.permutation(40)]) == pytest.approx(frechet_distance(x, y), rel=1e-12)


def test_a_large_offset_does_not_hurt_float32_features():
    rng = np.random.default_rng(4)
    x, y = (rng.normal(size=(50, 8)).astype(np.float32) for _ in range(2))
    assert frechet_distance(x + 4096, y + 4096) == pytest.approx(frechet_distance(x, y), rel=1e-2)


def test_the_floor_holds_a_perfect_generator_and_not_a_shifted_one():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(200, 10))
    groups = [np.zeros(n, np.int64) for n in (60, 80, 60)]
    scope = make_scopes(*groups, np.arange(200), ["one"], permutations=60, seed=0)[0]
    perfect = measure_frechet(Features(features), scope)
    features[:60] += 0.6
    shifted = measure_frechet(Features(features), scope)
    assert perfect.floor.low * 0.8 < perfect.value < perfect.floor.high * 1.2
    assert shifted.value > shifted.floor.high
    assert shifted.floor == perfect.floor
    assert (shifted.n_real, shifted.n_fake) == (60, 60)


def test_the_interval_covers_the_expected_value_at_this_number_of_images():
    rng = np.random.default_rng(6)
    groups = [np.zeros(n, np.int64) for n in (60, 2, 50)]
    scope = make_scopes(*groups, np.arange(112), ["one"], permutations=0, seed=0)[0]
    draw = lambda: np.concatenate([0.8 * rng.normal(size=(62, 5)) + 0.3, rng.normal(size=(50, 5))])
    expected = np.mean([frechet_distance(rows[:60], rows[62:]) for rows in (draw() for _ in range(800))])
    found = [measure_frechet(Features(draw()), scope).interval for _ in range(150)]
    assert np.mean([one.low <= expected <= one.high for one in found]) > 0.9


def test_large_groups_take_fewer_permutations_and_never_under_a_hundred():
    rows = Features(np.zeros((1, 3000)))
    rows.gram = Gram(np.zeros((1, 3000)), np.zeros((1, 1)), np.zeros(3000))
    scopes = [
        Scope("x", np.arange(n), np.arange(0), np.arange(n), np.arange(n), np.zeros(n, int), (), 1000)
        for n in (267, 500, 1000, 3000)
    ]
    assert [_draws(rows.gram, scope) for scope in scopes] == [1000, 1000, 125, 100]


def test_one_image_is_too_few():
    groups = [np.zeros(n, np.int64) for n in (1, 8, 8)]
    scope = make_scopes(*groups, np.arange(17), ["one"], permutations=2, seed=0)[1]
    with pytest.raises(TooFewError, match="found 1 synthetic"):
        measure_frechet(Features(np.random.default_rng(0).normal(size=(17, 3))), scope)
