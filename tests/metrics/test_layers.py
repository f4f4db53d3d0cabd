from dataclasses import astuple, fields, replace

import numpy as np
import pytest
from scipy import ndimage

from synthuterus_bench.metrics.layers import SECTORS, Layers, Order, _sectors, measure_layers
from synthuterus_bench.vocab import Label
from tests.prep.test_localise import ellipse, uterus

MUSCLE, RING, WALL, CORE = 0.0, -1.0, 0.0, 2.0


def picture(core=CORE, ring=RING, wall=WALL, noise=0.1, seed=0):
    """The uterus of ``uterus()`` in its signals: a ring of 3 mm inside the drawn cavity."""
    mask = uterus()
    z = np.full(mask.shape, 1.0, np.float32)
    z[mask == Label.CERVIX] = RING
    z[mask == Label.MYOMETRIUM] = wall
    z[mask == Label.ENDOMETRIUM] = ring
    z[ellipse(len(mask), (48, 60), (13, 4))] = core
    z += np.random.default_rng(seed).normal(0, noise, z.shape)
    return z.astype(np.float32), mask


def test_contrasts_are_differences_over_the_surroundings_spread():
    z, mask = picture(noise=0)
    found = measure_layers(z, mask)
    assert found.in_order()
    assert found.around == 1
    assert found.core / found.wall == pytest.approx((CORE - RING) / (WALL - RING), rel=0.15)
    assert found.core_clear / found.wall_clear == pytest.approx(found.core / found.wall)
    brighter = measure_layers(np.where(mask == 0, z * 3, z), mask)
    assert brighter.core < found.core
    assert brighter.core_clear == pytest.approx(found.core_clear, rel=0.05)


def test_clear_contrasts_are_in_standard_deviations_of_the_noise():
    quiet, loud = (measure_layers(*picture(noise=sd)) for sd in (0.2, 0.4))
    assert quiet.core_clear / loud.core_clear == pytest.approx(2, rel=0.3)


@pytest.mark.parametrize(("scale", "offset"), [(0.01, 0), (250, 0), (3, -40), (1, 1000)])
def test_scale_and_offset_of_the_picture_do_not_matter(scale, offset):
    z, mask = picture()
    changed = measure_layers(z * np.float32(scale) + np.float32(offset), mask)
    assert astuple(changed) == pytest.approx(astuple(measure_layers(z, mask)), rel=1e-2)


@pytest.mark.parametrize(
    "signals",
    [
        {"core": RING, "ring": CORE},
        {"core": -CORE, "ring": -RING, "wall": -WALL},
        {"ring": WALL},
        {"core": RING},
        {"wall": CORE + 1},
        {"core": WALL, "ring": WALL},
    ],
    ids=["core and ring swapped", "inverted", "no ring", "no core", "wall brighter than core", "one tissue"],
)
def test_another_order_fails(signals):
    z, mask = picture(**signals)
    assert not measure_layers(z, mask).in_order()


def test_layers_without_noise_are_explained_by_depth_and_noise_is_not():
    z, mask = picture(noise=0)
    noise = np.random.default_rng(1).normal(size=z.shape).astype(np.float32)
    assert measure_layers(z, mask).explained > 0.7
    assert measure_layers(noise, mask).explained < 0.1


def test_half_a_ring_is_not_enough():
    z, mask = picture()
    z[:, 60:][(mask == Label.ENDOMETRIUM)[:, 60:] & (z[:, 60:] < 0)] = WALL + 0.3
    found = measure_layers(z, mask)
    assert found.around < 0.65
    assert not found.in_order()


def test_blur_takes_the_order_away_step_by_step():
    z, mask = picture()
    cores = [measure_layers(ndimage.gaussian_filter(z, s), mask).core for s in (0.5, 2, 4, 8)]
    assert cores == sorted(cores, reverse=True)
    assert not measure_layers(ndimage.gaussian_filter(z, 8), mask).in_order()


@pytest.mark.parametrize("grain", [0, 1, 2, 5])
def test_noise_under_the_outline_of_a_uterus_fails(grain):
    rng = np.random.default_rng(3)
    noise = [ndimage.gaussian_filter(rng.normal(size=(128, 128)), grain).astype(np.float32) for _ in range(60)]
    assert np.mean([measure_layers(z, uterus()).in_order() for z in noise]) < 0.05


@pytest.mark.parametrize("label", [Label.ENDOMETRIUM, Label.MYOMETRIUM])
def test_too_little_of_a_layer_is_no_answer(label):
    z, mask = picture()
    mask[mask == label] = Label.CERVIX
    assert measure_layers(z, mask) is None


def test_nothing_drawn_and_a_flat_picture_are_no_answer():
    z, mask = picture()
    assert measure_layers(z, np.zeros_like(mask)) is None
    assert measure_layers(np.ones_like(z), mask) is None


def test_margins_are_margins():
    order = Order(1.0, 0.2, 3.0, 0.5, 0.9, 0.2)
    exact = Layers(*astuple(order))
    assert exact.in_order(order)
    for field in fields(order):
        assert not replace(exact, **{field.name: 0.99 * getattr(order, field.name)}).in_order(order)
    assert not replace(exact, wall=1.1).in_order(order)


def test_sectors_part_a_long_cavity_evenly():
    cavity = ellipse(200, (100, 100), (60, 15))
    counts = np.bincount(_sectors(cavity)[cavity], minlength=SECTORS)
    assert len(counts) == SECTORS
    assert counts.min() > 0.8 * counts.mean()
