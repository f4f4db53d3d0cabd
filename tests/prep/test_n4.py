import numpy as np
import pytest
from scipy import ndimage

from synthuterus_bench.errors import ScanError
from synthuterus_bench.prep.intensity import body_mask
from synthuterus_bench.prep.n4 import IMAGE, N4Settings, control_points, correct, fitting_levels, shrink_factors

SPACING = (4.0, 2.4, 2.4)


def pelvis(seed: int = 0, shape=(10, 96, 100)):
    """Patches of four tissues in air, without any field, and where they are."""
    rng = np.random.default_rng(seed)
    patches = ndimage.gaussian_filter(rng.normal(size=shape), (1.0, 3.0, 3.0))
    tissue = np.array([130.0, 300.0, 550.0, 1000.0])[np.digitize(patches, np.quantile(patches, [0.3, 0.5, 0.7]))]
    rows, columns = np.indices(shape[-2:])
    disc = ((rows - shape[-2] / 2) / 44) ** 2 + ((columns - shape[-1] / 2) / 46) ** 2 < 1
    body = np.broadcast_to(disc, shape)
    return np.where(body, tissue, 0) + np.abs(rng.normal(0, 8, shape)), body


def field(shape, strength: float = 0.25):
    """A smooth log-field, brighter in front and behind, dimmer above."""
    rows, columns = np.indices(shape[-2:]) / 50 - 1
    plane = strength * (columns**2 + 0.5 * np.sin(2 * rows) - 0.5 * rows)
    return plane - plane.mean() if len(shape) == 2 else np.stack([plane * (1 + 0.04 * k) for k in range(shape[0])])


@pytest.mark.parametrize("flat", [False, True])
def test_it_finds_a_field_that_is_known(flat):
    tissue, body = pelvis(shape=(10, 96, 100))
    image, true = tissue * np.exp(field(tissue.shape)), field(tissue.shape)
    at = (5,) if flat else ()
    found = correct(image[at], SPACING[-image[at].ndim :], body[at], IMAGE if flat else N4Settings(), "a")
    inside = body[at]
    assert np.corrcoef(found.log_field[inside], true[at][inside])[0, 1] > 0.95
    assert (true[at] - found.log_field)[inside].std() < 0.35 * true[at][inside].std()
    assert found.pixels.shape == found.log_field.shape == image[at].shape
    assert found.pixels.dtype == found.log_field.dtype == np.float32


def test_pixels_times_field_are_the_scan_again():
    tissue, body = pelvis()
    found = correct(tissue, SPACING, body, N4Settings(), "a")
    np.testing.assert_allclose(found.pixels * np.exp(found.log_field), tissue - tissue.min(), rtol=1e-4, atol=1e-2)
    assert found.log_field[body & (tissue > tissue.min())].mean() == pytest.approx(0, abs=1e-5)


def test_gain_and_offset_do_not_matter():
    tissue, body = pelvis()
    image = tissue * np.exp(field(tissue.shape))
    plain, scaled = (correct(one, SPACING, body, N4Settings(), "a").log_field for one in (image, image * 16 - 3.0))
    np.testing.assert_allclose(scaled, plain, atol=2e-3)


def test_outside_the_body_the_field_stays_within_its_range_inside():
    tissue, body = pelvis()
    found = correct(tissue * np.exp(field(tissue.shape)), SPACING, body, N4Settings(), "a").log_field
    assert found[body].min() <= found[~body].min()
    assert found[~body].max() <= found[body].max()


def test_it_leaves_the_number_of_threads_alone_and_repeats_itself():
    import SimpleITK as sitk

    tissue, body = pelvis()
    results = []
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    try:
        for threads in (1, 2):
            sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
            results.append(correct(tissue, SPACING, body, N4Settings(), "a").pixels)
            assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == threads
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(
    ("shape", "spacing", "factors", "points", "levels"),
    [
        ((24, 320, 320), (4.4, 0.8, 0.8), [1, 8, 8], [4, 4, 4], 3),
        ((24, 512, 512), (4.0, 0.5, 0.8), [2, 12, 8], [4, 4, 5], 3),
        ((5, 300, 320), (4.0, 1.0, 1.3), [1, 6, 5], [4, 4, 5], 3),
        ((256, 256), (1.0, 1.0), [6, 6], [4, 4], 3),
        ((19, 384, 384), (3.0, 0.47, 0.47), [2, 13, 13], [4, 4, 4], 2),
        ((5, 90, 256), (3.0, 1.0, 1.0), [1, 6, 6], [4, 4, 4], 1),
        ((5, 40, 40), (3.0, 1.0, 1.0), [1, 6, 6], [4, 4, 4], 1),
    ],
)
def test_grids_follow_from_millimetres(shape, spacing, factors, points, levels):
    assert shrink_factors(shape, spacing, 6.0) == factors
    assert control_points(shape, spacing, 200.0) == points
    assert fitting_levels(shape, spacing, N4Settings()) == levels


def test_refusals():
    tissue, body = pelvis()
    with pytest.raises(ScanError, match=r"^a: found 0 samples of body for N4, expected at least 64"):
        correct(tissue, SPACING, np.zeros_like(body), N4Settings(), "a")
    with pytest.raises(ScanError, match=r"^a: found .* of body for N4"):
        correct(np.full(tissue.shape, 5.0), SPACING, body, N4Settings(), "a")


def test_the_mask_of_the_pipeline_is_the_body():
    tissue, body = pelvis()
    assert (body_mask(tissue, "a") == body).mean() > 0.995
