"""N4 against the phantom's true field. Parameters were chosen on other seeds."""

import numpy as np
import pytest

from benchmarks.n4 import MIDDLE, scores
from synthuterus_bench.cohorts.phantom.render import SLICES
from synthuterus_bench.prep.n4 import IMAGE, N4Settings

SEED = 41


def medians(found):
    return float(np.median([one.correlation for one in found])), float(np.median([one.residual for one in found]))


@pytest.mark.slow
@pytest.mark.parametrize("strength", [1.5, 3.0])
@pytest.mark.parametrize(("count", "settings", "slices"), [(9, IMAGE, MIDDLE), (1, N4Settings(), [*range(SLICES)])])
def test_it_finds_the_field(strength, count, settings, slices):
    correlation, residual = medians(scores(SEED, strength, count, settings, slices))
    assert correlation >= 0.9
    assert residual <= 0.4
