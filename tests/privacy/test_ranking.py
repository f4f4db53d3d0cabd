import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from synthuterus_bench.errors import CohortError
from synthuterus_bench.privacy.ranking import Losses, auc, check_groups, judge, true_positives


def test_auc_is_that_of_scikit_learn_ties_and_weights_included():
    rng = np.random.default_rng(0)
    low, high = rng.integers(0, 20, 60).astype(float), rng.integers(5, 25, 40).astype(float)
    weights = rng.integers(0, 3, 60).astype(float), rng.integers(0, 3, 40).astype(float)
    labels, scores = np.repeat([1, 0], [60, 40]), -np.concatenate([low, high])
    assert auc(low, high) == pytest.approx(roc_auc_score(labels, scores))
    weighted = roc_auc_score(labels, scores, sample_weight=np.concatenate(weights))
    assert auc(low, high, *weights) == pytest.approx(weighted)


def test_auc_of_equal_apart_and_swapped():
    low = np.arange(10.0)
    assert auc(low, low) == 0.5
    assert auc(low, low + 100) == 1.0
    assert auc(low + 100, low) == 0.0


def test_true_positives_let_no_more_than_a_hundredth_of_the_others_pass():
    others = np.arange(200.0)
    assert true_positives(np.full(10, 1.5), others) == 1.0  # two of 200 lie below 2
    assert true_positives(np.full(10, 2.5), others) == 0.0
    assert true_positives(np.array([-1.0, 500.0]), np.arange(50.0)) == 0.5  # of 50 none may pass


def losses(rng, shift, patients=40, each=4, times=5):
    """Losses whose patients differ, shifted as a whole."""
    of = np.repeat(np.arange(patients), each)
    patient = rng.standard_normal(patients)[of, None]
    return Losses(patient + 0.3 * rng.standard_normal((len(of), times)) - shift, of)


def test_intervals_are_over_patients_and_hold_what_they_should():
    """Nothing to tell: the interval misses 0.5 in about a twentieth of the draws, though images outnumber patients."""
    rng = np.random.default_rng(1)
    missed = 0
    for number in range(60):
        found, _, _ = judge(losses(rng, 0), losses(rng, 0), number)
        missed += not found.low <= 0.5 <= found.high
    assert missed <= 8


def test_what_is_told_apart_is_found():
    rng = np.random.default_rng(2)
    found, rate, alone = judge(losses(rng, 3), losses(rng, 0), 0)
    assert found.low > 0.9
    assert rate.low > 0.05
    assert min(alone) > 0.9


def test_no_time_counts_more_because_its_losses_are_larger():
    rng = np.random.default_rng(3)
    ours, theirs = losses(rng, 1), losses(rng, 0)
    scale = np.array([1e6, 1, 1, 1, 1e-6])
    scaled = [Losses(one.values * scale, one.patients) for one in (ours, theirs)]
    assert judge(*scaled, 0)[0] == judge(ours, theirs, 0)[0]


def test_one_patient_is_no_group():
    rng = np.random.default_rng(4)
    with pytest.raises(CohortError, match="found 1 held-out patients, expected at least 2"):
        check_groups(losses(rng, 0), losses(rng, 0, patients=1), "cohort")
