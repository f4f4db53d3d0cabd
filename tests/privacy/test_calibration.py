import numpy as np
import pytest

from synthuterus_bench.privacy.calibration import EVERY, LEAST, calibrate, quantile
from synthuterus_bench.privacy.scores import Scores


def scores(readout, layer=None):
    n = len(readout)
    none = np.zeros(n, np.int64)
    return Scores(np.asarray(readout), none, none, layer, None, np.zeros((n, 2), np.float32), np.zeros(n, bool))


def test_the_quantile_is_the_conformal_rank():
    values = np.arange(1, 100) / 100
    assert quantile(values, 0.05) == pytest.approx(0.95, abs=2e-6)
    assert quantile(values, 0.001) == pytest.approx(0.99, abs=2e-6)
    assert quantile(values, 0.05) >= 0.95


def test_a_new_draw_exceeds_it_no_more_often_than_alpha():
    rng = np.random.default_rng(0)
    exceeded = [rng.random() > quantile(rng.random(199), 0.05) for _ in range(4000)]
    assert np.mean(exceeded) == pytest.approx(0.05, abs=0.011)


def test_each_class_has_its_own_bounds_and_depths_share_alpha():
    rng = np.random.default_rng(1)
    readout = np.concatenate([rng.random(200) * 0.5, rng.random(200)])
    found = calibrate(scores(readout, rng.random(400)), ["av-af"] * 200 + ["rv-rf"] * 200, 100, alpha=0.1)
    assert found.of("av-af").readout < 0.5 < found.of("rv-rf").readout
    assert found.of("av-af").readout == quantile(readout[:200], 0.05)
    assert found.of("ambiguous") == found.of(None) == found.bounds[EVERY]
    assert found.of("av-af").rate == 0.05


def test_a_class_of_few_has_no_bounds_of_its_own_and_few_in_all_have_none():
    names = ["av-af"] * LEAST + ["rv-rf"] * (LEAST - 1)
    found = calibrate(scores(np.linspace(0, 1, len(names))), names, 9)
    assert set(found.bounds) == {EVERY, "av-af"}
    assert found.of("av-af").rate == 1 / (LEAST + 1)
    assert calibrate(scores(np.ones(LEAST - 1)), ["av-af"] * (LEAST - 1), 9) is None
