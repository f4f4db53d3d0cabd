import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, recall_score, roc_auc_score
from sklearn.metrics import confusion_matrix as reference_confusion

from synthuterus_bench.downstream.scores import (
    Scores,
    better_of,
    confusion_matrix,
    f1_scores,
    guessing_f1,
    make_panel,
    recalls,
    score,
)

SIDES = 4


def one_hot(labels):
    return np.eye(SIDES)[labels]


def panel_of(truth, units=None, resamples=80):
    units = np.arange(len(truth)) if units is None else units
    return make_panel(truth, units, SIDES, resamples=resamples, rng=np.random.default_rng(0))


@pytest.fixture
def guesses():
    rng = np.random.default_rng(0)
    return rng.integers(4, size=90), rng.integers(4, size=90)


@pytest.fixture
def chances():
    """A truth and rounded probabilities that know a little of it, with many ties."""
    rng = np.random.default_rng(1)
    truth = rng.integers(4, size=120)
    raw = rng.random((120, 4)) + 0.5 * one_hot(truth)
    return truth, np.round(raw / raw.sum(1, keepdims=True), 1)


def test_f1_and_confusion_are_those_of_scikit_learn(guesses):
    truth, predicted = guesses
    confusion = confusion_matrix(truth, predicted, 4)
    np.testing.assert_array_equal(confusion, reference_confusion(truth, predicted))
    np.testing.assert_allclose(f1_scores(confusion), f1_score(truth, predicted, average=None))
    np.testing.assert_allclose(recalls(confusion), recall_score(truth, predicted, average=None))


def test_all_measures_are_those_of_scikit_learn(chances):
    truth, probabilities = chances
    scored = score(panel_of(truth), probabilities[None])
    predicted = probabilities.argmax(1)
    assert scored.f1.value(None) == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert scored.recall.value(None) == pytest.approx(balanced_accuracy_score(truth, predicted))
    for k in range(4):
        assert scored.auc.value(k) == pytest.approx(roc_auc_score(truth == k, probabilities[:, k]), abs=1e-12)
    every = [roc_auc_score(truth == k, probabilities[:, k]) for k in range(4)]
    assert scored.auc.value(None) == pytest.approx(np.mean(every))


def test_a_class_nobody_has_or_predicts_scores_zero():
    confusion = confusion_matrix(np.zeros(5, int), np.zeros(5, int), 3)
    assert list(f1_scores(confusion)) == list(recalls(confusion)) == [1, 0, 0]


@pytest.mark.parametrize("counts", [(10, 10, 10, 10), (30, 5, 4, 1)])
def test_guessing_is_what_guessing_gets(counts):
    truth = np.repeat(np.arange(4), counts)
    rng = np.random.default_rng(1)
    trials = [f1_scores(confusion_matrix(truth, rng.integers(4, size=len(truth)), 4)) for _ in range(3000)]
    np.testing.assert_allclose(guessing_f1(truth, 4), np.mean(trials, 0), atol=5 * np.std(trials, 0).max() / 3000**0.5)


def test_scores_of_perfect_predictions_have_no_spread():
    truth = np.repeat(np.arange(4), 6)
    scored = score(panel_of(truth, np.arange(24) // 2), one_hot(truth)[None])
    for scores in (scored.f1, scored.recall, scored.auc):
        assert scores.value(None) == 1
        assert scores.interval(None) == scores.interval(2) == (1, 1)


def test_seeds_and_their_mean(guesses):
    truth, predicted = guesses
    scored = score(panel_of(truth), np.stack([one_hot(predicted), one_hot(truth)]))
    macro = f1_score(truth, predicted, average="macro")
    assert scored.f1.per_seed(None) == pytest.approx([macro, 1])
    assert scored.f1.value(None) == pytest.approx((macro + 1) / 2)
    low, high = scored.f1.interval(None)
    assert low < scored.f1.value(None) < high
    np.testing.assert_array_equal(scored.confusions[0], confusion_matrix(truth, predicted, 4))


def test_images_of_one_patient_widen_the_interval():
    rng = np.random.default_rng(2)
    truth = np.tile(np.repeat(np.arange(4), 10), 6)
    right = np.tile(rng.random(40) < 0.6, 6)
    predicted = np.where(right, truth, (truth + 1) % 4)
    for measure in ("f1", "recall", "auc"):
        by_image, by_patient = (
            getattr(score(panel_of(truth, units, 400), one_hot(predicted)[None]), measure).interval(None)
            for units in (np.arange(240), np.arange(240) % 40)
        )
        assert by_patient[1] - by_patient[0] > 1.8 * (by_image[1] - by_image[0])


def test_a_resample_scores_as_the_images_it_holds(chances):
    """The bootstrap by weights is the one by copied images, with patients of several images."""
    truth, probabilities = chances
    truth, units = np.sort(truth), np.arange(120) // 2
    panel = panel_of(truth, units, 5)
    scored = score(panel, probabilities[None])
    for draw, weights in enumerate(panel.weights):
        rows = np.concatenate([np.flatnonzero(units == unit) for unit in np.repeat(np.arange(60), weights.astype(int))])
        auc = [roc_auc_score(truth[rows] == k, probabilities[rows, k]) for k in range(4)]
        predicted = probabilities[rows].argmax(1)
        assert scored.auc.resampled[draw] == pytest.approx([np.mean(auc), *auc])
        assert scored.f1.resampled[draw, 0] == pytest.approx(f1_score(truth[rows], predicted, average="macro"))
        assert scored.recall.resampled[draw, 0] == pytest.approx(balanced_accuracy_score(truth[rows], predicted))


def test_a_difference_is_paired(guesses):
    """The same mistakes in both arms cancel: what one arm adds to itself is nothing, for sure."""
    truth, predicted = guesses
    panel = panel_of(truth)
    first, again = (score(panel, one_hot(predicted)[None]).f1 for _ in range(2))
    assert first.less(again).interval(None) == (0, 0)
    better = predicted.copy()
    better[:9] = truth[:9]
    other = score(panel, one_hot(better)[None]).f1
    paired, *alone = (np.ptp(scores.interval(None)) for scores in (other.less(first), other, first))
    assert paired < 0.7 * np.hypot(*alone)


def test_the_better_of_two_is_chosen_once_for_all_seeds():
    low, high = np.full((5, 5), 0.2), np.full((5, 5), 0.6)
    first, second = Scores(np.array([[0.9] * 5, [0.1] * 5]), low, 0.025), Scores(np.array([[0.6] * 5] * 2), high, 0.025)
    best = better_of(first, second)
    assert best.per_seed(None) == [0.6, 0.6]
    assert best.interval(3) == (0.6, 0.6)


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["f1", "recall", "auc"])
def test_intervals_cover_the_truth(measure):
    """Of 95 % intervals from 40 patients a class, at least 91 % hold the value of the whole population."""
    rng = np.random.default_rng(3)

    def drawn(patients):
        truth = np.repeat(np.arange(4), 2 * patients)
        skill = np.repeat(rng.normal(size=4 * patients), 2)[:, None]
        scores = rng.normal(size=(len(truth), 4)) + (0.8 + 0.8 * skill) * one_hot(truth)
        panel = make_panel(truth, np.arange(len(truth)) // 2, 4, resamples=400, rng=rng)
        return getattr(score(panel, scores[None]), measure)

    population = np.mean([drawn(400).value(None) for _ in range(20)])
    held = [low <= population <= high for low, high in (drawn(40).interval(None) for _ in range(300))]
    assert 0.91 <= np.mean(held) <= 0.99


@pytest.mark.slow
def test_paired_intervals_cover_the_truth():
    """What is added by an arm that mends a fifth of the other's mistakes."""
    rng = np.random.default_rng(4)

    def drawn(patients):
        truth = np.repeat(np.arange(4), 2 * patients)
        wrong = np.repeat(rng.random(4 * patients) < 0.4, 2)
        mended = wrong & (rng.random(len(truth)) < 0.8)
        panel = make_panel(truth, np.arange(len(truth)) // 2, 4, resamples=400, rng=rng)
        arms = (score(panel, one_hot(np.where(bad, (truth + 1) % 4, truth))[None]).f1 for bad in (mended, wrong))
        return next(arms).less(next(arms))

    population = np.mean([drawn(400).value(None) for _ in range(20)])
    held = [low <= population <= high for low, high in (drawn(40).interval(None) for _ in range(300))]
    assert 0.91 <= np.mean(held) <= 0.99
