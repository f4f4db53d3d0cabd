import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from synthuterus_bench.repro import stream
from synthuterus_bench.study.signal import auc_interval, detection, placements, roc_points

SYNTHETIC = np.arange(20) % 2 == 0


def ratings(readers: int = 3) -> np.ndarray:
    rng = stream(1, "ratings")
    return np.clip(np.rint(rng.normal(SYNTHETIC * 1.5, 2, (readers, 20))), -4, 4)


def test_guessing_has_no_d_prime():
    assert detection(5, 10, 5, 10).d_prime == 0
    assert detection(7, 10, 7, 10).d_prime == 0
    assert detection(7, 10, 7, 10).criterion < 0 < detection(2, 10, 2, 10).criterion


def test_d_prime_by_hand():
    found = detection(8, 10, 3, 10)
    assert found.d_prime == pytest.approx(norm.ppf(8.5 / 11) - norm.ppf(3.5 / 11))
    assert found.criterion == pytest.approx(-(norm.ppf(8.5 / 11) + norm.ppf(3.5 / 11)) / 2)


def test_perfect_readers_have_a_finite_one():
    assert math.isfinite(detection(10, 10, 0, 10).d_prime)
    assert detection(10, 10, 0, 10).d_prime == -detection(0, 10, 10, 10).d_prime


def test_it_finds_the_distance_it_was_drawn_with():
    rng = stream(2, "normal")
    signal, noise = rng.normal(1.5, 1, 200_000) > 0.4, rng.normal(0, 1, 200_000) > 0.4
    found = detection(int(signal.sum()), signal.size, int(noise.sum()), noise.size)
    assert found.d_prime == pytest.approx(1.5, abs=0.02)
    assert found.criterion == pytest.approx(0.4 - 0.75, abs=0.02)


def test_placements_average_to_sklearns_auc():
    some = ratings()
    signal, noise = placements(some, SYNTHETIC)
    assert signal.shape == (3, 10)
    assert noise.shape == (3, 10)
    for k, row in enumerate(some):
        assert signal[k].mean() == pytest.approx(roc_auc_score(SYNTHETIC, row))
        assert noise[k].mean() == pytest.approx(roc_auc_score(SYNTHETIC, row))


def test_roc_is_sklearns_and_its_area_the_auc():
    row = ratings(1)[0]
    points = np.array(roc_points(row, SYNTHETIC))
    alarms, hits, _ = roc_curve(SYNTHETIC, row, drop_intermediate=False)
    assert points == pytest.approx(np.stack([alarms, hits], 1))
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(roc_auc_score(SYNTHETIC, row))


@pytest.mark.parametrize("auc", [0.0, 0.01, 0.5, 0.83, 1.0])
def test_auc_interval_holds_the_auc_and_mirrors(auc):
    low, high = auc_interval(auc, 10, 10)
    assert 0 <= low <= auc <= high <= 1
    assert high - low > 0.1
    assert auc_interval(1 - auc, 10, 10) == pytest.approx((1 - high, 1 - low), abs=1e-6)


def test_auc_interval_covers():
    rng = stream(4, "coverage")
    truth = norm.cdf(1 / math.sqrt(2))
    inside = 0
    for _ in range(1500):
        signal, noise = rng.normal(1, 1, 20), rng.normal(0, 1, 20)
        low, high = auc_interval(float((signal[:, None] > noise).mean()), 20, 20)
        inside += low <= truth <= high
    assert 0.93 <= inside / 1500 <= 0.98
