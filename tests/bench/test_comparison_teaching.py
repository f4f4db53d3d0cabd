import numpy as np
import pytest

from synthuterus_bench.bench.comparison.teaching import Taught, teaching_rows
from synthuterus_bench.bench.suite import find_suite
from synthuterus_bench.bench.task import BOTH, REAL, SUBMISSION, Given, Task
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.downstream.scores import make_panel
from synthuterus_bench.vocab import CLASSES

PATIENTS = 60


def answers(rng, truth, right, seeds=3):
    """Probabilities of classifiers that are right about so often."""
    given = np.where(rng.random((seeds, len(truth))) < np.reshape(right, (-1, 1)), truth, (truth + 1) % len(CLASSES))
    return np.eye(len(CLASSES))[given] * 0.9 + 0.02


def rows_of(real_right):
    rng = np.random.default_rng(0)
    truth = np.arange(PATIENTS) % len(CLASSES)
    units, pixels = np.arange(PATIENTS), np.zeros((PATIENTS, 2, 2), np.uint16)
    part = Labelled(pixels, np.zeros((PATIENTS, 2)), truth, units, np.zeros(PATIENTS))
    panel = make_panel(truth, units, len(CLASSES), resamples=200, rng=np.random.default_rng(1))
    suite = find_suite("uterus-2d-roi")
    regime = next(one for one in suite.regimes if one.both)
    task = Task(regime.name, {"regime": regime.name}, panel, Given(part, part, part))
    first, second = (answers(rng, truth, right) for right in (0.9, 0.7))
    real = answers(np.random.default_rng(2), truth, real_right)
    arms = [{SUBMISSION: both, REAL: real, BOTH: both} for both in (first, second)]
    found = teaching_rows([Taught(regime, task, task, tuple(arms))], 199)
    return {row.metric: row for row in found if row.scope == "pooled"}


def test_what_is_added_is_compared_as_the_joint_arms_are_whatever_the_real_arm_does():
    steady, wild = rows_of([0.6, 0.6, 0.6]), rows_of([0.3, 0.6, 0.9])
    assert steady["macro-f1-added"].first != wild["macro-f1-added"].first
    for rows in (steady, wild):
        added, joint = rows["macro-f1-added"], rows["macro-f1"]
        assert added.difference == pytest.approx(joint.difference, abs=1e-5)
        assert (added.ci, added.p_value) == (joint.ci, joint.p_value)
