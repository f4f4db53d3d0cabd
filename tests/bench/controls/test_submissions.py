from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.bench.controls.bounds import load_bounds
from synthuterus_bench.bench.controls.submissions import BLUR, CONTROLS, NOISE, SHIFT, halve, make_control
from synthuterus_bench.bench.reference import read_reference
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError
from synthuterus_bench.vocab import CLASSES, Plane, Split


@pytest.fixture(scope="module")
def real(cohort, suite):
    return read_reference(cohort, suite)


@pytest.fixture(scope="module")
def halves(real, suite):
    return halve(real, suite)


def control(name, halves):
    return make_control(name, halves)


def test_every_control_has_bounds_and_every_bound_a_control():
    assert set(CONTROLS) == set(load_bounds().controls)


@pytest.mark.parametrize("name", CONTROLS)
def test_all_hold_as_many_images_of_each_class_and_are_the_same_bytes_twice(name, halves):
    made, again = control(name, halves), control(name, halves)
    assert len(set(made.per_class.values())) == 1
    assert sum(made.per_class.values()) == len(halves.given.labels) == len(made.pixels)
    np.testing.assert_array_equal(made.pixels, again.pixels)
    assert made.digests == again.digests
    assert np.all(np.diff(made.labels) >= 0)


def test_the_half_that_is_given_is_of_patients_whom_the_reference_does_not_know(real, halves):
    given, left = set(halves.given.units), set(halves.real.train.units)
    assert not given & left
    assert given | left <= set(real.train.units)
    assert halves.real.test is real.test
    digests = set(control("real-half", halves).digests)
    assert not digests & halves.real.digests[Split.TRAIN]
    assert digests <= real.digests[Split.TRAIN]


def test_a_reference_with_too_few_patients_is_refused(real, suite):
    kept = (real.train.labels > 0) | (real.train.units == real.train.units[real.train.labels == 0][0])
    few = real.train.take(np.flatnonzero(kept))
    with pytest.raises(CohortError, match="training patients of av-af, expected at least 4"):
        halve(replace(real, train=few), suite)


def test_noise_has_the_same_grey_values_in_another_order(halves):
    noise, given = control("noise", halves).pixels, halves.given.pixels
    np.testing.assert_array_equal(np.sort(noise.reshape(len(noise), -1)), np.sort(given.reshape(len(given), -1)))
    apart = [abs(np.diff(images.astype(float), axis=-1)).mean() for images in (noise, given)]
    assert apart[0] > 3 * apart[1]


def test_blur_loses_fine_structure_alone(halves):
    blurred, given = (from_window(part) for part in (control("blurred", halves).pixels, halves.given.pixels))
    assert abs(blurred.mean() - given.mean()) < 0.02
    window = np.outer(np.hanning(128), np.hanning(128))
    power = [abs(np.fft.rfft2(images * window)) ** 2 for images in (blurred, given)]
    fine = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.rfftfreq(128)) > 1 / (2 * np.pi * BLUR) * 2
    assert power[0][:, fine].sum() < 0.1 * power[1][:, fine].sum()


def test_a_constant_set_is_one_image(halves):
    made = control("constant", halves)
    assert len(set(made.digests)) == 1
    assert len(set(made.units)) == len(made.units)


def test_one_mode_is_four_images_that_hardly_differ_and_never_repeat(halves):
    made = control("one-mode-per-class", halves)
    assert len(set(made.digests)) == len(made.digests)
    z, given = from_window(made.pixels), from_window(halves.given.pixels)
    first = [given[np.flatnonzero(halves.given.labels == k)[0]] for k in range(len(CLASSES))]
    steps = range(-SHIFT, SHIFT + 1)
    for image, k in zip(z, made.labels, strict=True):
        moved = [np.roll(first[k], (down, across), (0, 1)) for down in steps for across in steps]
        apart = min((image - one)[SHIFT:-SHIFT, SHIFT:-SHIFT].std() for one in moved)
        assert apart == pytest.approx(NOISE, rel=0.05)


def test_memorised_images_are_of_the_reference_and_wrong_labels_are_the_next_class(halves):
    assert set(control("memorised", halves).digests) <= halves.real.digests[Split.TRAIN]
    right, wrong = control("real-half", halves), control("wrong-labels", halves)
    label = dict(zip(right.digests, right.labels, strict=True))
    assert {(label[digest] + 1) % 4 - k for digest, k in zip(wrong.digests, wrong.labels, strict=True)} == {0}
    assert set(label) == set(wrong.digests)


@pytest.fixture(scope="module")
def volumes(halves):
    """The same with the images turned over as the slices of another plane."""

    def deepened(part):
        return replace(part, planes={Plane.AXIAL: part.pixels[:, ::-1]})

    real = replace(halves.real, train=deepened(halves.real.train), test=deepened(halves.real.test))
    return replace(halves, given=deepened(halves.given), real=real)


@pytest.mark.parametrize("name", CONTROLS)
def test_of_volumes_every_plane_has_the_fault(name, volumes, halves):
    made, flat = control(name, volumes), control(name, halves)
    assert (made.dims, made.generator.dims, flat.dims) == (3, 3, 2)
    np.testing.assert_array_equal(made.pixels, flat.pixels)
    axial, upright = made.planes[Plane.AXIAL], made.planes[Plane.AXIAL][:, ::-1]
    assert axial.shape == made.pixels.shape
    drawn = name in ("noise", "one-mode-per-class")
    assert np.array_equal(upright, made.pixels) != drawn
    if name == "noise":
        np.testing.assert_array_equal(np.sort(axial, axis=None), np.sort(made.pixels, axis=None))
    elif drawn:
        assert abs(from_window(upright)[:, 2:-2, 2:-2].mean() - from_window(made.pixels)[:, 2:-2, 2:-2].mean()) < 0.01
