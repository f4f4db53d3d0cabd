import numpy as np
import pytest

from synthuterus_bench.nets.segmenter import PARTS, parts_of
from synthuterus_bench.prep.localise import Flaw, draw, enclosed, extent, flaws, largest_piece, locate
from synthuterus_bench.prep.spatial import uterus_centre
from synthuterus_bench.vocab import Label

WALL, CAVITY, CERVIX = Label.MYOMETRIUM, Label.ENDOMETRIUM, Label.CERVIX


def ellipse(side, centre, radii):
    rows, columns = np.ogrid[:side, :side]
    return ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 <= 1


def uterus(centre=(60, 60), scale=1.0, side=128):
    """A straight uterus of 80 mm at scale 1: corpus above, cavity in it, cervix below."""
    mask = np.zeros((side, side), np.uint8)
    mask[ellipse(side, (centre[0] + 26 * scale, centre[1]), (16 * scale, 12 * scale))] = CERVIX
    mask[ellipse(side, (centre[0] - 12 * scale, centre[1]), (26 * scale, 19 * scale))] = WALL
    mask[ellipse(side, (centre[0] - 12 * scale, centre[1]), (17 * scale, 7 * scale))] = CAVITY
    return mask


class Drawn:
    """A localiser that has an answer ready: what a mask says, at one probability."""

    def __init__(self, mask, probability=0.95):
        self.answer = parts_of(mask).astype(np.float32) * np.float32(probability)

    def __call__(self, z):
        return self.answer


def found(mask, probability=0.95):
    return locate(np.zeros(mask.shape, np.float32), Drawn(mask, probability))


def test_a_plausible_uterus_is_located_at_its_centroid():
    mask = uterus()[None]
    mask[0, 100:110, 5:25] = Label.BLADDER
    located = found(mask)
    assert located is not None
    assert np.array_equal(located.mask, mask)
    assert located.centre == uterus_centre(mask)
    assert located.confidence == pytest.approx(0.95)


def test_a_volume_is_judged_in_its_fullest_slice_and_is_one_piece():
    volume = np.stack([uterus(scale=scale) for scale in (0.4, 0.8, 1.0, 0.7, 0.3)])
    located = found(volume)
    assert located is not None
    assert located.centre[0] == 2
    assert flaws(volume[:1], 1.0) != []


@pytest.mark.parametrize(
    ("mask", "flaw"),
    [
        (np.zeros((128, 128), np.uint8), Flaw.ABSENT),
        (np.maximum(uterus((60, 38)), uterus((60, 90))), Flaw.SCATTERED),
        (uterus(scale=0.5), Flaw.LENGTH),
        (uterus(scale=0.5), Flaw.AREA),
        (uterus((128, 128), 2.0, 256), Flaw.AREA),
        (uterus((128, 128), 2.0, 256), Flaw.LENGTH),
        (np.where(uterus() == CAVITY, np.uint8(WALL), uterus()), Flaw.NO_CAVITY),
        (np.where(ellipse(128, (40, 60), (30, 30)) & (uterus() == 0), np.uint8(CAVITY), uterus()), Flaw.OPEN_CAVITY),
    ],
)
def test_what_cannot_be_a_uterus_is_named(mask, flaw):
    assert flaw in flaws(mask[None], 1.0)
    assert found(mask[None]) is None


def test_threads_and_unsure_answers_are_no_uterus():
    thread = np.zeros((128, 128), np.uint8)
    thread[20:100, 60:70] = WALL
    assert Flaw.THICKNESS in flaws(thread[None], 1.0)
    assert flaws(uterus()[None], 0.6) == [Flaw.UNSURE]
    assert found(uterus()[None], 0.6) is None


def test_specks_are_taken_away_and_other_organs_stay():
    mask = uterus()
    mask[120:123, 120:123] = CERVIX
    mask[5:9, 5:9] = Label.RECTUM
    located = found(mask[None])
    assert located is not None
    assert not (located.mask[0, 120:123, 120:123]).any()
    assert (located.mask[0, 5:9, 5:9] == Label.RECTUM).all()


def test_probabilities_of_the_uterus_add_up_before_the_likeliest_part_is_drawn():
    p = np.zeros((1, 5, 1, 4), np.float32)
    p[0, :, 0, 0] = (0.3, 0.25, 0, 0, 0)
    p[0, :, 0, 1] = (0.3, 0.1, 0, 0, 0)
    p[0, :, 0, 2] = (0.3, 0.25, 0, 0.6, 0)
    p[0, :, 0, 3] = (0, 0, 0, 0.2, 0.7)
    assert draw(p)[0, 0].tolist() == [Label.MYOMETRIUM, 0, Label.BLADDER, Label.RECTUM]


@pytest.mark.parametrize("label", [*Label])
def test_every_part_is_drawn_back_from_its_own_mask(label):
    mask = np.full((1, 6, 9), label, np.uint8)
    expected = {**{part: part for part in PARTS}, Label.JUNCTIONAL_ZONE: CAVITY, Label.MYOMA: WALL, Label.CYST: CERVIX}
    assert (draw(parts_of(mask).astype(np.float32)) == expected.get(label, 0)).all()


def test_seams_and_holes_are_closed_but_never_over_another_organ():
    mask = uterus()
    p = parts_of(mask[None]).astype(np.float32)
    p[0, :, 50:53, 45:75] *= 0.4
    p[0, :, 30:32, 58:60] *= 0.4
    assert np.array_equal(draw(p)[0], mask)
    p[0, 3, 50:53, 45:75] = 0.7
    assert (draw(p)[0, 50:53, 45:75] == Label.BLADDER).all()
    assert draw(np.zeros((0, 5, 4, 4), np.float32)).shape == (0, 4, 4)


def test_extent_and_enclosure_have_their_closed_forms():
    square = np.zeros((64, 64), bool)
    square[10:31, 10:31] = True
    assert extent(square) == pytest.approx(20 * np.sqrt(2) + 1, rel=2e-3)
    inner = np.zeros_like(square)
    inner[11:31, 15:25] = True
    assert enclosed(inner, square) == pytest.approx((10 + 20 + 20) / 60)
    assert enclosed(np.zeros_like(square), square) == 1
    assert largest_piece(np.zeros((1, 8, 8), np.uint8)).sum() == 0
