"""ROC curves, projections and galleries say what they must, and nothing of a private reference."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from synthuterus_bench.bench.curves import Projection, projection_plot, roc_plot, similarity_to_real
from synthuterus_bench.bench.gallery import make_gallery
from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.bench.reference import read_reference
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.downstream.auc import FALSE_POSITIVES, roc_curve
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.vocab import CLASSES
from tests.bench.test_plots import svg


@pytest.mark.parametrize("ties", [False, True])
def test_the_area_under_a_curve_is_the_auc(ties):
    rng = np.random.default_rng(0)
    truth = rng.random(4000) < 0.3
    scores = rng.normal(size=4000) + truth
    scores = scores.round(0) if ties else scores
    area = np.trapezoid(roc_curve(truth, scores), FALSE_POSITIVES)
    assert area == pytest.approx(roc_auc_score(truth, scores), abs=0.003)


def test_perfect_hopeless_and_tied():
    truth = np.array([True, True, False, False])
    np.testing.assert_allclose(roc_curve(truth, np.array([4.0, 3, 2, 1])), 1)
    worst = roc_curve(truth, np.array([1.0, 2, 3, 4]))
    assert worst[-1] == 1
    assert worst[:-1].max() == 0
    np.testing.assert_allclose(roc_curve(truth, np.ones(4)), FALSE_POSITIVES, atol=1e-12)


@pytest.fixture(scope="module")
def sets(cohort, suite):
    return Sets(load_submission(cohort.root, suite), read_reference(cohort, suite, public=True))


@pytest.fixture(scope="module")
def bank(sets, embedder):
    return extract(sets.pixels, {Need.EMBEDDER, Need.CODES}, embedder)


def test_neighbours_are_the_nearest_training_images(sets, bank):
    found = make_gallery(sets, bank).neighbours
    assert set(found) == {*map(str, CLASSES)}
    known = {image.tobytes() for image in sets.real.train.pixels}
    for pairs in found.values():
        assert [pair.cosine for pair in pairs] == sorted((pair.cosine for pair in pairs), reverse=True)
        for pair in pairs:
            assert pair.real.tobytes() in known
            if pair.synthetic.tobytes() in known:
                assert pair.cosine == pytest.approx(1)
                assert pair.real.tobytes() == pair.synthetic.tobytes()


def test_of_a_private_reference_nothing_is_shown(sets, bank):
    from dataclasses import replace

    gallery = make_gallery(replace(sets, real=replace(sets.real, public=False)), bank)
    assert not gallery.reference
    assert not gallery.neighbours
    assert not gallery.projection.real
    assert all(len(points) for points in gallery.projection.synthetic.values())


def test_the_projection_is_a_rotation_of_standardised_features(sets, bank):
    found = make_gallery(sets, bank).projection
    assert 1 > found.explained[0] >= found.explained[1] > 0
    real = np.concatenate([*found.real.values()])
    np.testing.assert_allclose(real.mean(0), 0, atol=1e-6)
    assert abs(np.corrcoef(real.T)[0, 1]) < 1e-6
    assert real[:, 0].var() >= real[:, 1].var()


def test_figures_say_what_they_show_and_repeat_to_the_byte():
    rng = np.random.default_rng(0)
    points = {str(name): rng.normal(size=(5, 2)) for name in CLASSES}
    made = projection_plot(Projection(points, points, (0.5, 0.25)))
    assert made == projection_plot(Projection(points, points, (0.5, 0.25)))
    assert "50% of variance" in svg(made.light)
    assert "5 real, 5 synthetic" in svg(made.dark)
    assert "av-af 5 synthetic" in made.alt
    curve = roc_plot(("a", "b<script>"), (0.0, 0.5, 1.0), ((0.0, 0.75, 1.0), (0.0, 0.5, 1.0)))
    assert "Areas: a 0.62, b<script> 0.50" in curve.alt
    assert "<script>" not in svg(curve.light)
    histogram = similarity_to_real((0.0, 0.5, 1.0), {"submission": (3, 1), "held-out real": (0, 2)}, 0.8)
    assert "near copy above 0.800" in svg(histogram.light)
