"""What the floor and the gain promise: real is not told from real, noise is, and wrong labels teach nothing."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from synthuterus_bench.bench.near import ALPHA, CHANCE
from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.bench.reference import read_reference
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.bench.suite import DEMO
from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.downstream.jobs import Job, run_job
from synthuterus_bench.downstream.scores import confusion_matrix, f1_scores, guessing_f1
from synthuterus_bench.downstream.training import Recipe
from synthuterus_bench.vocab import CLASSES
from tests.acceptance.conftest import DISTANCES, PER_CLASS, write_cohort

pytestmark = pytest.mark.slow
SEEDS = (11, 12, 13, 14, 15)
SHUFFLES = 8


@pytest.fixture(scope="module")
def fresh(reference, distances, tmp_path_factory):
    """Evaluations of other patients of the same population: two slices a patient, as many as a class can use."""
    assert DEMO.phantom_seed not in SEEDS
    home = tmp_path_factory.mktemp("fresh")
    return [evaluate(draw(home, seed).root, distances, str(reference.root)) for seed in SEEDS]


def draw(home, seed):
    return draw_cohort(home / str(seed), scans=PER_CLASS * len(CLASSES), seed=seed)


@pytest.mark.parametrize("metric", DISTANCES)
def test_unseen_phantom_patients_lie_within_the_floor(fresh, pooled, metric):
    """A 95 % interval holds four or five of five independent sets in 98 % of cases."""
    results = [pooled(done, metric) for done in fresh]
    assert sum(one.floor.low <= one.value <= one.floor.high for one in results) >= 4
    exact = [count for done in fresh for name, count in done.entry.overlap.items() if not name.startswith("near")]
    assert sum(exact) == 0
    near = [done.entry.overlap["near_copies_of_train"] for done in fresh]
    assert binom.sf(sum(near) - 1, len(near) * PER_CLASS * len(CLASSES), 2 * ALPHA) > CHANCE, near


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


@pytest.mark.timeout(1200)
def test_shuffled_labels_gain_nothing_on_average(reference, tmp_path):
    """An expectation: one net that learned chance labels still sorts test images in some way, for better or worse."""
    source = draw(tmp_path, SEEDS[0])
    gains = [gain(shuffled(source, tmp_path / f"shuffled{k}", k), reference) for k in range(SHUFFLES)]
    assert abs(np.mean(gains)) < 0.05
    assert np.std(gains) < 0.15


def shuffled(source, out, seed):
    scans = list(source.scans())
    order = np.random.default_rng(seed).permutation(len(scans))
    moved = [replace(scan, orientation=scans[k].orientation) for scan, k in zip(scans, order, strict=True)]
    return write_cohort(source, moved, out)


def gain(cohort, reference):
    """``macro-f1-gain`` of the demo suite's supervised regime."""
    learn, test = load_submission(cohort.root, DEMO), read_reference(reference, DEMO).test
    regime = DEMO.regimes[0]
    recipe = Recipe(regime.net, regime.side, 1, regime.learning_rate)
    job = Job(learn.pixels, learn.labels, test.pixels, len(CLASSES), recipe, DEMO.seeds[0], regime.updates)
    predicted = run_job(job).argmax(1)
    scores = f1_scores(confusion_matrix(test.labels, predicted, len(CLASSES)))
    return float(scores.mean() - guessing_f1(test.labels, len(CLASSES)).mean())
