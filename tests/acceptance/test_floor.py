"""What the floor promises: real is not told from real, and noise is."""

import numpy as np
import pytest

from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.bench.suite import DEMO
from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.vocab import CLASSES
from tests.acceptance.conftest import DISTANCES, PER_CLASS

pytestmark = pytest.mark.slow
SEEDS = (11, 12, 13, 14, 15)


@pytest.fixture(scope="module")
def fresh(reference, distances, tmp_path_factory):
    """Evaluations of other patients of the same population: two slices a patient, as many as a class can use."""
    assert DEMO.phantom_seed not in SEEDS
    home = tmp_path_factory.mktemp("fresh")
    drawn = [draw_cohort(home / str(seed), scans=PER_CLASS * len(CLASSES), seed=seed) for seed in SEEDS]
    return [evaluate(cohort.root, distances, str(reference.root)) for cohort in drawn]


@pytest.mark.parametrize("metric", DISTANCES)
def test_unseen_phantom_patients_lie_within_the_floor(fresh, pooled, metric):
    """A 95 % interval holds four or five of five independent sets in 98 % of cases."""
    results = [pooled(done, metric) for done in fresh]
    assert sum(one.floor.low <= one.value <= one.floor.high for one in results) >= 4
    assert all(sum(done.entry.overlap.values()) == 0 for done in fresh)


@pytest.fixture(params=["uniform", "gaussian"])
def noise(request, tmp_path):
    """A submission of 8-bit noise."""
    rng = np.random.default_rng(0)
    for name in CLASSES:
        (tmp_path / name).mkdir()
        for k in range(PER_CLASS):
            gray = rng.uniform(0, 256, (128, 128)) if request.param == "uniform" else rng.normal(128, 32, (128, 128))
            (tmp_path / name / f"{k}.png").write_bytes(encode_png(np.clip(gray, 0, 255).astype(np.uint8)))
    return tmp_path


def test_noise_is_at_least_twenty_floors_away(noise, reference, distances, pooled):
    result = pooled(evaluate(noise, distances, str(reference.root)), "fd-embedder")
    assert result.n_fake == PER_CLASS * len(CLASSES)
    assert result.value >= 20 * result.floor.value
