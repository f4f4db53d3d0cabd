import itertools

import numpy as np
import pytest

from synthuterus_bench.downstream import paired
from synthuterus_bench.downstream.paired import draw_swaps, duels, ranked
from synthuterus_bench.downstream.scores import make_panel

CLASSES = 3


def panel_of(patients=30, images=2, resamples=200):
    truth = np.arange(patients).repeat(images) % CLASSES
    return make_panel(
        truth, np.arange(patients).repeat(images), CLASSES, resamples=resamples, rng=np.random.default_rng(0)
    )


def answers(panel, skill, rng, seeds=1):
    """Probabilities of classifiers: noise with ``skill`` towards the truth."""
    logits = rng.normal(size=(seeds, len(panel.truth), CLASSES))
    logits[:, np.arange(len(panel.truth)), panel.truth] += skill
    chances = np.exp(logits)
    return chances / chances.sum(-1, keepdims=True)


def swapped_by_hand(panel, first, second, swap):
    """Answers after the patients with a 1 changed sides."""
    gone = swap[panel.units].astype(bool)[None, :, None]
    return np.where(gone, second, first), np.where(gone, first, second)


@pytest.mark.parametrize("name", ["macro-f1", "balanced-accuracy"])
def test_swaps_are_those_of_whole_patients(name):
    panel, rng = panel_of(), np.random.default_rng(1)
    first, second = answers(panel, 1.5, rng, 2), answers(panel, 0.5, rng, 2)
    swaps = draw_swaps(panel, 5, rng)
    found = duels(panel, first, second, swaps)[name].swapped
    for swap, differences in zip(swaps, found, strict=True):
        none = np.zeros((1, len(swap)))
        alone = duels(panel, *swapped_by_hand(panel, first, second, swap), none)[name]
        np.testing.assert_allclose(differences, (alone.first.seeds - alone.second.seeds).mean(0), atol=1e-12)


def test_auc_swaps_ranks():
    panel, rng = panel_of(), np.random.default_rng(1)
    first, second = answers(panel, 1.5, rng), answers(panel, 0.5, rng) * 1e-3
    swaps = draw_swaps(panel, 5, rng)
    found = duels(panel, first, second, swaps)["auc"].swapped
    for swap, differences in zip(swaps, found, strict=True):
        by_hand = swapped_by_hand(panel, ranked(first), ranked(second), swap)
        alone = duels(panel, *by_hand, np.zeros((1, len(swap))))["auc"]
        np.testing.assert_allclose(differences, (alone.first.seeds - alone.second.seeds).mean(0), atol=1e-12)


def test_no_swap_and_all_swapped_are_opposites(monkeypatch):
    panel, rng = panel_of(), np.random.default_rng(2)
    first, second = answers(panel, 1.5, rng), answers(panel, 0.5, rng)
    swaps = np.stack([np.zeros(30), np.ones(30)])
    for duel in duels(panel, first, second, swaps).values():
        np.testing.assert_allclose(duel.swapped[0], (duel.first.seeds - duel.second.seeds)[0])
        np.testing.assert_allclose(duel.swapped[0], -duel.swapped[1])
    whole = duels(panel, first, second, draw_swaps(panel, 9, np.random.default_rng(3)))
    monkeypatch.setattr(paired, "BATCH", 2)
    again = duels(panel, first, second, draw_swaps(panel, 9, np.random.default_rng(3)))
    for name in whole:
        np.testing.assert_array_equal(whole[name].swapped, again[name].swapped)


def test_equal_answers_are_no_difference():
    panel, rng = panel_of(), np.random.default_rng(2)
    same = answers(panel, 1, rng, 3)
    for duel, column in itertools.product(duels(panel, same, same, draw_swaps(panel, 50, rng)).values(), range(4)):
        assert duel.p_value(column) == 1
        low, high = duel.interval(column)
        assert low <= 0 <= high


def test_a_clear_difference_is_found_and_chance_is_not_more_often_than_said():
    panel, rng = panel_of(60, 1, 100), np.random.default_rng(3)
    found = duels(panel, answers(panel, 3, rng, 3), answers(panel, 0.3, rng, 3), draw_swaps(panel, 499, rng))
    for duel in found.values():
        assert duel.p_value(0) < 0.01
        assert duel.interval(0)[0] > 0
    rejected = {name: 0 for name in found}
    for _ in range(200):
        pair = answers(panel, 1, rng), answers(panel, 1, rng)
        for name, duel in duels(panel, *pair, draw_swaps(panel, 59, rng)).items():
            rejected[name] += duel.p_value(0) <= 0.05
    assert max(rejected.values()) <= 20
    assert min(rejected.values()) >= 2


def test_trainings_that_differ_widen_the_interval():
    panel, rng = panel_of(), np.random.default_rng(4)
    steady = np.repeat(answers(panel, 2, rng), 3, 0)
    spread = np.concatenate([answers(panel, skill, rng) for skill in (0.2, 1.5, 4)])
    swaps = draw_swaps(panel, 99, rng)
    calm, wild = (duels(panel, steady, other, swaps)["macro-f1"] for other in (np.repeat(spread[1:2], 3, 0), spread))
    assert np.diff(wild.interval(0)) > 1.5 * np.diff(calm.interval(0))
    assert wild.p_value(0) >= calm.p_value(0)
    assert calm.test != duels(panel, steady[:1], spread[:1], swaps)["macro-f1"].test
