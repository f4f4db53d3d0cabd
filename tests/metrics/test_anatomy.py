"""What the anatomy metric says of phantoms, and of phantoms with a fault planted in them."""

from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import ScanError
from synthuterus_bench.metrics.anatomy import Defect, examine
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.prep.localise import Flaw
from synthuterus_bench.repro import stream
from synthuterus_bench.training.negatives import Negative, negative
from synthuterus_bench.vocab import CLASSES, UTERUS, Label, Orientation
from tests.prep.test_localise import Drawn, ellipse, uterus

IMAGES = 24


@pytest.fixture(scope="module")
def scans(cohort):
    return [scan for scan, _ in zip(cohort.scans(), range(IMAGES), strict=False)]


@pytest.fixture(scope="module")
def examined(scans):
    return [examine(z_of(scan), load_localiser()) for scan in scans]


def z_of(scan):
    return from_window(scan.pixels)


def spoil(scans, fault):
    rng = np.random.default_rng(0)
    return [examine(fault(z_of(scan), scan.mask, rng).astype(np.float32), load_localiser()) for scan in scans]


def swapped(z, mask, rng):
    """Endometrium and junctional zone change places in brightness, with their own noise."""
    inner, ring = mask == Label.ENDOMETRIUM, mask == Label.JUNCTIONAL_ZONE
    change = np.median(z[ring]) - np.median(z[inner])
    return np.where(inner, z + change, np.where(ring, z - change, z))


def removed(z, mask, rng):
    """One mass of myometrium where the uterus was."""
    wall = z[mask == Label.MYOMETRIUM]
    return np.where(np.isin(mask, UTERUS), rng.normal(np.median(wall), wall.std(), z.shape), z)


def ringless(z, mask, rng):
    """The junctional zone as bright as the myometrium."""
    wall = np.median(z[mask == Label.MYOMETRIUM])
    ring = mask == Label.JUNCTIONAL_ZONE
    return np.where(ring, z - np.median(z[ring]) + wall + 0.3, z)


def test_phantoms_have_valid_anatomy_and_their_own_orientation(scans, examined):
    assert np.mean([one.valid for one in examined]) >= 0.8
    assert np.mean([one.orientation is scan.orientation for one, scan in zip(examined, scans, strict=True)]) >= 0.7
    assert all(one.mask.shape == (128, 128) and one.slice_index is None for one in examined)


@pytest.mark.parametrize("fault", [swapped, removed, ringless, lambda z, mask, rng: -z])
def test_a_planted_fault_is_caught(scans, fault):
    assert np.mean([one.valid for one in spoil(scans, fault)]) < 0.1


def test_swapped_tissues_fail_by_their_order_even_where_the_segmenter_is_fooled(scans):
    fooled = [one for one in spoil(scans, swapped) if one.plausible]
    assert fooled
    assert not any(one.ordered for one in fooled)


@pytest.mark.parametrize("kind", [*Negative])
def test_pictures_without_anatomy_have_none(scans, kind):
    spoilt = [negative(kind, z_of(scan), stream(777_003, kind, i)) for i, scan in enumerate(scans)]
    assert np.mean([examine(z, load_localiser()).valid for z in spoilt]) < 0.1


def test_two_uteri_side_by_side_are_not_one(scans, examined):
    pair = [z_of(scan) for scan, one in zip(scans, examined, strict=True) if one.valid][:2]
    both = examine(np.concatenate(pair, 1), load_localiser())
    assert not both.plausible
    assert Defect.PIECE in both.flaws


def test_scale_and_offset_hardly_matter(scans, examined):
    for scan, one in zip(scans[:6], examined, strict=False):
        changed = examine(z_of(scan) * np.float32(3) - np.float32(7), load_localiser())
        assert np.mean(changed.mask != one.mask) < 0.01
        assert changed.valid == one.valid
        assert changed.orientation == one.orientation


def test_a_verdict_does_not_depend_on_its_company(scans, examined):
    again = examine(z_of(scans[3]), load_localiser())
    assert again.layers == examined[3].layers
    assert np.array_equal(again.mask, examined[3].mask)


def drawn(mask):
    return examine(mask.astype(np.float32), Drawn(0.95))


@pytest.mark.parametrize(
    ("mask", "flaw"),
    [
        (np.zeros((128, 128), np.uint8), Flaw.ABSENT),
        (np.concatenate([uterus(scale=0.8), uterus(scale=0.7)], 1)[:, 20:220], Defect.PIECE),
        (np.where(ellipse(128, (48, 60), (5, 9)), Label.MYOMETRIUM, uterus()), Defect.CAVITY),
        (np.where(uterus() == Label.CERVIX, Label.MYOMETRIUM, uterus()), Defect.CERVIX),
        (np.where(ellipse(128, (86, 60), (16, 12)), Label.BACKGROUND, uterus()), Defect.AXIS),
    ],
    ids=["nothing", "a smaller one beside it", "a wall across the cavity", "all of it corpus", "a corpus alone"],
)
def test_what_is_drawn_is_counted(mask, flaw):
    found = drawn(mask)
    assert flaw in found.flaws
    assert not found.valid
    assert found.orientation is Orientation.AMBIGUOUS


def test_a_small_stray_piece_is_no_second_uterus():
    mask = uterus()
    mask[100:106, 100:106] = Label.MYOMETRIUM
    assert drawn(mask).flaws == ()


def test_plausible_but_out_of_order_is_not_valid():
    seen = examine(uterus().astype(np.float32), Drawn(0.95))
    assert seen.plausible
    assert not seen.ordered
    assert replace(seen, layers=None).ordered is False


def test_a_volume_is_judged_in_the_slice_with_most_cavity():
    mask = uterus()
    volume = np.stack([np.zeros_like(mask), uterus(scale=0.8), mask, uterus(scale=0.6)])
    found = examine(volume.astype(np.float32), Drawn(0.95))
    assert found.slice_index == 2
    assert np.array_equal(found.mask, mask)
    assert found.plausible


@pytest.mark.parametrize("z", [np.zeros(5), np.zeros((0, 4)), np.full((64, 64), np.nan)])
def test_no_picture_is_refused(z):
    with pytest.raises(ScanError, match="expected finite numbers"):
        examine(z.astype(np.float32), Drawn(0.9))


def test_every_class_is_told(scans, examined):
    assert {one.orientation for one in examined} >= set(CLASSES)
