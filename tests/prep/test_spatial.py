import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthuterus_bench.prep.spatial import crop, has_uterus, middle, resample, resample_labels, uterus_centre
from synthuterus_bench.vocab import Label

sides = st.integers(1, 30)


def blob(shape, spacing, place, width: float) -> np.ndarray:
    """A Gaussian ``place`` mm from the centre."""
    axes = [(np.arange(side) - (side - 1) / 2) * step for side, step in zip(shape, spacing, strict=True)]
    grids = np.meshgrid(*axes, indexing="ij")
    return np.exp(-sum((grid - at) ** 2 for grid, at in zip(grids, place, strict=True)) / (2 * width**2))


def centroid(image, spacing) -> np.ndarray:
    axes = [(np.arange(side) - (side - 1) / 2) * step for side, step in zip(image.shape, spacing, strict=True)]
    grids = np.meshgrid(*axes, indexing="ij")
    return np.array([float((grid * image).sum() / image.sum()) for grid in grids])


def test_the_same_grid_leaves_values_alone():
    pixels = np.random.default_rng(0).normal(size=(3, 20, 21)).astype(np.float32)
    np.testing.assert_array_equal(resample(pixels, (4, 1, 1.0005), (4, 1, 1)), pixels)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.4, 1.6), st.floats(0.4, 1.6), st.floats(-9, 9), st.floats(-9, 9))
def test_places_and_size_in_millimetres_are_kept(rows_mm, columns_mm, up, left):
    shape = (1, round(90 / rows_mm), round(80 / columns_mm))
    spacing = (4.0, rows_mm, columns_mm)
    out = resample(blob(shape, spacing, (0, up, left), 6), spacing, (4, 1, 1))
    assert out.shape == (1, round(shape[1] * rows_mm), round(shape[2] * columns_mm))
    np.testing.assert_allclose(centroid(out, (4, 1, 1)), (0, up, left), atol=0.05)
    assert out.max() == pytest.approx(1, abs=0.03)


@given(st.floats(0.3, 2), st.floats(-1e4, 1e4, width=32, allow_subnormal=False))
def test_a_constant_stays_constant(step, value):
    pixels = np.full((2, 12, 13), value)
    np.testing.assert_allclose(resample(pixels, (3, step, step), (3, 1, 1)), value, rtol=1e-6)


@given(st.integers(0, 1000), st.floats(0.4, 1.6))
def test_values_stay_in_their_range(seed, step):
    pixels = np.random.default_rng(seed).integers(0, 2, (1, 15, 15)).astype(float)
    out = resample(pixels, (3, step, step), (3, 1, 1))
    assert out.min() >= pixels.min()
    assert out.max() <= pixels.max()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.floats(0.4, 1.7), st.floats(2.5, 6), st.sets(st.integers(0, 2)), st.booleans())
def test_resampling_commutes_with_flips(seed, step, across, axes, slices_too):
    """Of any axes, in plane or across slices; and of labels, where no sample lies midway between two voxels."""
    pixels = np.random.default_rng(seed).normal(size=(5, 15, 16))
    spacing, target = (across, step, 1.1), (4.0 if slices_too else across, 1.0, 1.0)
    flipped = resample(np.flip(pixels, tuple(axes)), spacing, target)
    np.testing.assert_allclose(flipped, np.flip(resample(pixels, spacing, target), tuple(axes)), atol=1e-5)
    labels = (np.abs(pixels) * 4).astype(np.uint8)
    mirrored = np.flip(resample_labels(labels, spacing, target), tuple(axes))
    assert (resample_labels(np.flip(labels, tuple(axes)), spacing, target) == mirrored).mean() > 0.8


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.4, 1.7), st.floats(0.4, 1.7))
def test_resampling_commutes_with_a_swap_of_rows_and_columns(seed, rows_mm, columns_mm):
    pixels = np.random.default_rng(seed).normal(size=(3, 15, 16))
    plain = resample(pixels, (4, rows_mm, columns_mm), (4, 1, 1))
    swapped = resample(pixels.swapaxes(1, 2), (4, columns_mm, rows_mm), (4, 1, 1))
    np.testing.assert_allclose(swapped, plain.swapaxes(1, 2), atol=1e-5)


def test_planes_alone_are_planes_of_a_volume():
    """Slices that stay where they are need no interpolation across: one by one gives what all at once gives."""
    pixels = np.random.default_rng(0).normal(size=(4, 20, 22))
    whole = resample(pixels, (4, 0.7, 1.2), (4, 1, 1))
    almost = resample(pixels, (4, 0.7, 1.2), (4 * (1 + 2e-3), 1, 1))
    np.testing.assert_allclose(almost[1:-1], whole[1:-1], atol=0.03)
    np.testing.assert_array_equal(whole[2], resample(pixels[2], (0.7, 1.2), (1, 1)))


def test_a_finer_pattern_than_the_new_grid_does_not_alias():
    stripes = np.tile(np.array([0.0, 1.0]), 100)[None, None, :].repeat(9, axis=1)
    out = resample(stripes, (4, 1, 0.3), (4, 1, 1))
    assert np.ptp(out[0, 4, 5:-5]) < 0.2


def test_slices_are_resampled_when_asked():
    assert resample(np.zeros((20, 8, 8)), (3.3, 1, 1), (4, 1, 1)).shape == (16, 8, 8)


@given(st.floats(0.4, 1.6), st.integers(0, 1000))
def test_labels_stay_labels_on_the_grid_of_the_pixels(step, seed):
    labels = np.random.default_rng(seed).choice([0, 4, 9], (2, 15, 16)).astype(np.uint8)
    out = resample_labels(labels, (3, step, step), (3, 1, 1))
    assert out.dtype == np.uint8
    assert set(np.unique(out)) <= {0, 4, 9}
    assert out.shape == resample(labels.astype(float), (3, step, step), (3, 1, 1)).shape


@given(st.lists(st.tuples(sides, sides, st.integers(0, 29)), min_size=1, max_size=3))
def test_crop_puts_its_centre_in_the_middle(axes):
    shape, size, centre = zip(*axes, strict=True)
    centre = tuple(min(at, side - 1) for at, side in zip(centre, shape, strict=True))
    pixels = np.arange(1, np.prod(shape) + 1, dtype=np.float64).reshape(shape)
    out = crop(pixels, centre, size, 0.0)
    assert out.shape == size
    assert out[middle(size)] == pixels[centre]
    kept = out[out > 0]
    assert len(np.unique(kept)) == len(kept)
    reach = [
        len(range(max(0, at - side // 2), min(length, at - side // 2 + side)))
        for at, side, length in zip(centre, size, shape, strict=True)
    ]
    assert len(kept) == np.prod(reach)


def test_uterus_centre():
    mask = np.zeros((5, 20, 20), np.uint8)
    assert uterus_centre(None) is None
    assert uterus_centre(mask) is None
    mask[:, :3, :3] = Label.BLADDER
    assert uterus_centre(mask) is None
    mask[2:4, 9:12, 14:17] = Label.MYOMETRIUM
    mask[3, 9:12, 14:17] = Label.ENDOMETRIUM
    mask[4, 9:12, 14:17] = Label.CERVIX
    assert uterus_centre(mask) == (3, 10, 15)


@pytest.mark.parametrize("label", [Label.MYOMETRIUM, Label.CERVIX, Label.MYOMA, Label.CYST])
def test_a_uterus_with_its_lesions(label):
    mask = np.zeros((3, 9, 9), np.uint8)
    assert not has_uterus(mask)
    mask[1, 2, 7] = label
    assert has_uterus(mask)
    assert uterus_centre(mask) == (1, 2, 7)
