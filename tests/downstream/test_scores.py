import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as reference_confusion
from sklearn.metrics import f1_score

from synthuterus_bench.downstream.scores import confusion_matrix, f1_scores, guessing_f1, score


@pytest.fixture
def guesses():
    rng = np.random.default_rng(0)
    return rng.integers(4, size=90), rng.integers(4, size=90)


def test_f1_and_confusion_are_those_of_scikit_learn(guesses):
    truth, predicted = guesses
    confusion = confusion_matrix(truth, predicted, 4)
    np.testing.assert_array_equal(confusion, reference_confusion(truth, predicted))
    np.testing.assert_allclose(f1_scores(confusion), f1_score(truth, predicted, average=None))


def test_a_class_nobody_has_or_predicts_scores_zero():
    assert list(f1_scores(confusion_matrix(np.zeros(5, int), np.zeros(5, int), 3))) == [1, 0, 0]


@pytest.mark.parametrize("counts", [(10, 10, 10, 10), (30, 5, 4, 1)])
def test_guessing_is_what_guessing_gets(counts):
    truth = np.repeat(np.arange(4), counts)
    rng = np.random.default_rng(1)
    trials = [f1_scores(confusion_matrix(truth, rng.integers(4, size=len(truth)), 4)) for _ in range(3000)]
    np.testing.assert_allclose(guessing_f1(truth, 4), np.mean(trials, 0), atol=5 * np.std(trials, 0).max() / 3000**0.5)


def test_scores_of_perfect_predictions_have_no_spread():
    truth = np.repeat(np.arange(4), 6)
    scored = score(truth, truth[None], np.arange(24) // 2, 4, resamples=50, rng=np.random.default_rng(0))
    assert scored.value(None) == 1
    assert scored.interval(None) == (1, 1)
    assert scored.interval(2) == (1, 1)


def test_seeds_and_their_mean(guesses):
    truth, predicted = guesses
    scored = score(truth, np.stack([predicted, truth]), np.arange(90), 4, resamples=80, rng=np.random.default_rng(0))
    macro = f1_score(truth, predicted, average="macro")
    assert scored.per_seed(None) == pytest.approx([macro, 1])
    assert scored.value(None) == pytest.approx((macro + 1) / 2)
    low, high = scored.interval(None)
    assert low < scored.value(None) < high
    np.testing.assert_array_equal(scored.confusions[0], confusion_matrix(truth, predicted, 4))


def test_images_of_one_patient_widen_the_interval():
    rng = np.random.default_rng(2)
    truth = np.tile(np.repeat(np.arange(4), 10), 6)
    right = np.tile(rng.random(40) < 0.6, 6)
    predicted = np.where(right, truth, (truth + 1) % 4)
    by_image, by_patient = (
        score(truth, predicted[None], units, 4, resamples=400, rng=np.random.default_rng(0)).interval(None)
        for units in (np.arange(240), np.arange(240) % 40)
    )
    assert by_patient[1] - by_patient[0] > 1.8 * (by_image[1] - by_image[0])
