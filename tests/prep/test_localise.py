import numpy as np
import pytest

from synthuterus_bench.nets.segmenter import PARTS, parts_of
from synthuterus_bench.prep.localise import Flaw, draw, enclosed, extent, flaws, largest_piece, locate, slice_weights
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
    """A localiser whose pictures are masks: it sees what they say, at one probability."""

    def __init__(self, probability):
        self.probability, self.seen = np.float32(probability), []

    def __call__(self, z):
        self.seen.append(z.shape)
        return parts_of(z.astype(np.uint8)).astype(np.float32) * self.probability


def found(mask, probability=0.95):
    return locate(mask.astype(np.float32), Drawn(probability))


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


@pytest.mark.parametrize("centre", [(128, 128), (60, 40), (200, 225)])
def test_larger_pictures_get_a_second_look_around_the_first(centre):
    mask = uterus(centre, side=256)
    mask[:5, :5], mask[250:, :5] = CERVIX, Label.BLADDER
    localiser = Drawn(0.95)
    located = locate(mask[None].astype(np.float32), localiser)
    assert localiser.seen == [(1, 256, 256), (1, 128, 128)]
    assert located is not None
    expected = mask.copy()
    expected[:5, :5] = 0
    assert np.array_equal(located.mask[0], expected)


def test_pictures_of_the_region_or_of_nothing_get_one_look():
    for mask in (uterus(), np.zeros((256, 256), np.uint8)):
        localiser = Drawn(0.95)
        locate(mask[None].astype(np.float32), localiser)
        assert len(localiser.seen) == 1


def test_the_piece_in_the_middle_of_a_stack_outweighs_a_larger_one_at_its_end():
    mask = np.zeros((24, 60, 60), np.uint8)
    mask[10:13, 5:25, 5:25] = Label.MYOMETRIUM
    mask[0:3, 30:58, 30:58] = Label.MYOMETRIUM
    assert largest_piece(mask)[11, 10, 10]
    assert not largest_piece(mask)[1, 40, 40]


def test_slices_weigh_the_same_from_both_ends_and_one_weighs_whole():
    assert slice_weights(1) == pytest.approx([1.0])
    assert slice_weights(24) == pytest.approx(slice_weights(24)[::-1])
    assert slice_weights(24).argmax() in (11, 12)
