import numpy as np
import pytest

from synthuterus_bench.repro import stream
from synthuterus_bench.study.agreement import fleiss_kappa, kappa_interval

FLEISS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def test_the_worked_example():
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)


def test_full_agreement_is_one_and_independence_nought():
    assert fleiss_kappa(np.array([[5, 0], [0, 5], [5, 0]])) == 1
    calls = stream(1, "calls").binomial(4, 0.5, 200_000)
    assert fleiss_kappa(np.stack([calls, 4 - calls], 1)) == pytest.approx(0, abs=0.005)


def test_of_two_readers_the_order_of_categories_does_not_matter():
    assert fleiss_kappa(FLEISS[:, ::-1]) == pytest.approx(fleiss_kappa(FLEISS))


def test_undefined_is_none():
    assert fleiss_kappa(np.array([[1, 0], [0, 1]])) is None
    assert fleiss_kappa(np.array([[3, 0], [3, 0]])) is None
    assert kappa_interval(np.array([[3, 0], [3, 0]]), np.zeros(2, int)) is None


def test_interval_covers():
    rng, inside = stream(3, "kappa"), 0
    for _ in range(300):
        calls = rng.binomial(4, rng.choice([0.2, 0.8], 40))  # kappa = var of the shares / p(1 - p) = 0.09 / 0.25
        low, high = kappa_interval(np.stack([calls, 4 - calls], 1), np.zeros(40, int))
        inside += low <= 0.36 <= high
    assert inside / 300 > 0.9
