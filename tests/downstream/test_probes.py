import numpy as np
import pytest

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.downstream.probes import UNSEEN, by_field, find_disc, hide_uterus, keep_border, shared_strengths
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.vocab import UTERUS, Split


class Drawn:
    """A stand-in for the localiser: all that is brighter than 2 is the wall of a uterus."""

    sha256 = "d" * 64

    def __call__(self, z):
        parts = np.zeros((len(z), 5, *z.shape[1:]), np.float32)
        parts[:, 0] = z > 2
        return parts


def blob(row, column, half_height=4, half_width=4):
    z = np.random.default_rng(0).normal(size=(64, 64)).clip(-1.5, 1.5)
    z[row - half_height : row + half_height + 1, column - half_width : column + half_width + 1] = 3
    return to_window(z)


def test_the_disc_reaches_beyond_the_farthest_point():
    centre, radius = find_disc(blob(30, 20, 3, 6), Drawn(), 5)
    assert centre.tolist() == [30, 20]
    assert radius == pytest.approx(np.hypot(3, 6) + 5)


def test_what_is_hidden_is_a_disc_of_the_median_of_the_rest():
    image = blob(30, 20)
    (hidden,) = hide_uterus(image[None], Drawn(), 2)
    changed = hidden != image
    inside = np.hypot(*(np.indices(image.shape) - np.array([30, 20])[:, None, None])) <= np.hypot(4, 4) + 2
    assert not (changed & ~inside).any()
    assert np.unique(hidden[inside]).tolist() == [int(np.median(image[~inside]))]


def test_two_shapes_of_equal_extent_leave_the_same_outline():
    """A dilated silhouette would still tell tall from wide."""
    tall, wide = blob(32, 32, 8, 3), blob(32, 32, 3, 8)
    outlines = [hide_uterus(image[None], Drawn(), 3)[0] != image for image in (tall, wide)]
    sides = [np.ptp(np.argwhere(outline), axis=0).tolist() for outline in outlines]
    assert np.abs(np.subtract(*sides)).max() <= 1


def test_where_nothing_is_drawn_the_middle_is_hidden():
    image = to_window(np.random.default_rng(0).normal(size=(64, 48)).clip(-1.5, 1.5))
    centre, radius = find_disc(image, Drawn(), 5)
    assert centre.tolist() == [31.5, 23.5]
    assert radius == UNSEEN * 48


def test_border_is_a_frame_about_one_value():
    images = np.random.default_rng(0).integers(0, 60_000, (3, 32, 40)).astype(np.uint16)
    kept = keep_border(images, 4)
    inside = kept[:, 4:-4, 4:-4].reshape(3, -1)
    assert (inside == inside[:, :1]).all()
    frame = np.ones((32, 40), bool)
    frame[4:-4, 4:-4] = False
    np.testing.assert_array_equal(kept[:, frame], images[:, frame])
    assert inside[:, 0].tolist() == [int(np.median(image[frame])) for image in images]


def test_the_shipped_localiser_hides_the_uterus_of_a_phantom(cohort: Cohort):
    scans = list(cohort.scans(Split.TEST))[:8]
    for scan in scans:
        centre, radius = find_disc(scan.pixels, load_localiser(), 6)
        places = np.argwhere(np.isin(scan.mask, UTERUS))
        assert (np.linalg.norm(places - centre, axis=1) <= radius).mean() > 0.97


def labelled(fields):
    n = len(fields)
    return Labelled(np.zeros((n, 4, 4), np.uint16), np.zeros((n, 1)), np.zeros(n, int), np.arange(n), np.array(fields))


def test_field_strengths_become_classes():
    part = labelled([1.5, np.nan, 3.0, 0.55, 1.5, 7.0])
    found = by_field(part, (1.5, 3.0))
    assert found.labels.tolist() == [0, 1, 0]
    assert found.units.tolist() == [0, 2, 4]


def test_only_strengths_that_every_set_shows_are_asked_for():
    sets = (labelled([1.5, 1.5, 3.0, 3.0]), labelled([0.55, 0.55, 1.5, 1.5, 3.0]), labelled([1.5, 1.5, 3.0, 3.0]))
    assert shared_strengths(sets, (0.55, 1.5, 3.0), 1) == (1.5, 3.0)
    assert shared_strengths(sets, (0.55, 1.5, 3.0), 2) == (1.5,)
    unsaid = Labelled(*(getattr(sets[0], name) for name in ("pixels", "features", "labels", "units")))
    assert shared_strengths((unsaid, *sets), (0.55, 1.5, 3.0), 1) == ()
