import time

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from synthuterus_bench.downstream.auc import class_auc, comparisons


def test_ties_count_half():
    truth, scores = np.array([0, 0, 1, 1]), np.array([[0.5, 0.5]] * 4)
    value, _ = class_auc(truth, scores, np.arange(4), np.ones((1, 4)))
    assert list(value) == [0.5, 0.5]


@pytest.mark.parametrize("levels", [2, 7, 10_000])
def test_parity_with_scikit_learn_under_any_ties_and_order_of_patients(levels):
    rng = np.random.default_rng(levels)
    truth, units = rng.integers(3, size=200), rng.integers(50, size=200)
    units = np.unique(units, return_inverse=True)[1]
    scores = rng.integers(levels, size=(200, 3)).astype(float)
    value, _ = class_auc(truth, scores, units, np.ones((1, units.max() + 1)))
    expected = [roc_auc_score(truth == k, scores[:, k]) for k in range(3)]
    np.testing.assert_allclose(value, expected, atol=1e-12)


def test_weights_are_sample_weights():
    rng = np.random.default_rng(0)
    truth, units = rng.integers(2, size=60), np.repeat(np.arange(20), 3)
    scores, weights = rng.random((60, 2)), rng.integers(0, 4, (6, 20)).astype(float)
    _, resampled = class_auc(truth, scores, units, weights)
    for draw, weight in zip(resampled, weights, strict=True):
        expected = roc_auc_score(truth == 1, scores[:, 1], sample_weight=weight[units])
        assert draw[1] == pytest.approx(expected)


def test_only_the_order_of_scores_matters():
    rng = np.random.default_rng(1)
    truth, scores, units = rng.integers(2, size=40), rng.normal(size=(40, 2)), np.arange(40)
    plain, bent = (class_auc(truth, values, units, np.ones((1, 40)))[0] for values in (scores, np.exp(3 * scores)))
    np.testing.assert_array_equal(plain, bent)


def test_a_resample_without_one_side_knows_nothing():
    weights = np.array([[1.0, 0.0]])
    _, resampled = class_auc(np.array([0, 1]), np.array([[0.9, 0.1], [0.1, 0.9]]), np.arange(2), weights)
    assert resampled.tolist() == [[0.5, 0.5]]


def test_comparisons_count_every_pair_once():
    positive = np.array([True, False, True, False, False])
    wins, positives, negatives = comparisons(positive, np.zeros(5), np.array([0, 0, 1, 1, 2]))
    assert wins.sum() == positives.sum() * negatives.sum() / 2
    assert positives.tolist() == [1, 1, 0]
    assert negatives.tolist() == [1, 1, 1]


def test_a_thousand_resamples_of_a_large_test_set_take_no_time():
    rng = np.random.default_rng(2)
    truth, scores, units = rng.integers(4, size=1000), rng.random((1000, 4)), np.arange(1000) // 2
    start = time.process_time()
    class_auc(truth, scores, units, rng.poisson(1.0, (1000, 500)).astype(float))
    assert time.process_time() - start < 5
