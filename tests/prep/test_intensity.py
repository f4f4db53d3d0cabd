import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthuterus_bench.errors import ScanError
from synthuterus_bench.prep.intensity import body_mask, check_finite, otsu, standardise


def best_cut(values: np.ndarray) -> float:
    """Largest variance between two classes, by trying every cut."""
    values = np.sort(values)
    sizes = np.arange(1, len(values))
    gap = np.cumsum(values)[:-1] / sizes - (values.sum() - np.cumsum(values)[:-1]) / (len(values) - sizes)
    return float(np.max(sizes * (len(values) - sizes) * gap**2))


@given(st.integers(0, 10_000), st.floats(0.1, 0.9), st.floats(3, 30))
def test_otsu_is_as_good_as_the_best_of_all_cuts(seed, share, distance):
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(0, 1, int(400 * share)), rng.normal(distance, 1, 400 - int(400 * share))])
    below, above = values[values < (cut := otsu(values))], values[values >= cut]
    found = len(below) * len(above) * (below.mean() - above.mean()) ** 2
    assert found >= 0.98 * best_cut(values)


def pelvis(noise: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """Air, a fat disc with muscle and a hole of gas in it, and a bright speck outside; and where the body is."""
    rows, columns = np.indices((80, 90))
    disc = (rows - 40) ** 2 + (columns - 50) ** 2 < 30**2
    inner = (rows - 40) ** 2 + (columns - 50) ** 2 < 20**2
    gas = (rows - 40) ** 2 + (columns - 50) ** 2 < 5**2
    image = np.where(gas, 0, np.where(inner, 130, np.where(disc, 1000, 0))).astype(float)
    image[2:4, 2:4] = 1000
    volume = np.stack([image] * 4) + np.abs(np.random.default_rng(0).normal(0, noise, (4, 80, 90)))
    return volume, np.stack([disc] * 4)


def test_body_is_the_largest_part_with_its_holes_filled():
    volume, body = pelvis()
    np.testing.assert_array_equal(body_mask(volume, "a"), body)


@given(st.floats(0.01, 100), st.floats(-500, 500))
def test_body_and_z_scores_do_not_depend_on_the_scanners_units(gain, offset):
    volume, body = pelvis()
    np.testing.assert_array_equal(body_mask(volume * gain + offset, "a"), body)
    plain, scaled = standardise(volume, body, "a"), standardise(volume * gain + offset, body, "a")
    np.testing.assert_allclose(scaled, plain, atol=1e-6)


def test_a_view_without_air_is_body_nearly_everywhere():
    volume, body = pelvis()
    inside = volume[:, 25:55, 35:65]
    assert body[:, 25:55, 35:65].all()
    assert body_mask(inside, "a").mean() > 0.99


def test_z_scores_have_mean_0_and_deviation_1_inside():
    volume, body = pelvis()
    z = standardise(volume, body, "a")
    assert z[body].mean() == pytest.approx(0, abs=1e-9)
    assert z[body].std() == pytest.approx(1)
    assert z[~body].mean() < -0.8


def test_refusals():
    with pytest.raises(ScanError, match=r"^a: found a constant volume \(7\), expected an MR scan"):
        body_mask(np.full((3, 9, 9), 7.0), "a")
    with pytest.raises(ScanError, match="1 voxels that are NaN"):
        check_finite(np.array([1.0, np.nan]), "a")
    with pytest.raises(ScanError, match="0 pixels of body"):
        standardise(np.ones((9, 9)), np.zeros((9, 9), bool), "a")
    with pytest.raises(ScanError, match="81 pixels of body without contrast"):
        standardise(np.ones((9, 9)), np.ones((9, 9), bool), "a")
