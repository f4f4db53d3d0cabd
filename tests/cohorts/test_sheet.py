import numpy as np
import pytest

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.sheet import CAPTION, GAP, caption_of, contact_sheet, middle_picture
from synthuterus_bench.cohorts.window import to_display, to_window
from synthuterus_bench.vocab import Orientation, Split


def gray(value: int, shape=(10, 10)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def tile_at(page, column, row, tile):
    top, left = GAP + row * (tile + CAPTION + GAP), GAP + column * (tile + GAP)
    return page[top : top + tile, left : left + tile]


def test_every_picture_lies_in_its_place():
    page = contact_sheet([gray(value) for value in (50, 100, 150, 200)], [""] * 4, columns=3, tile=20)
    assert page.shape == (2 * (20 + CAPTION + GAP) + GAP, 3 * (20 + GAP) + GAP)
    for number, value in enumerate((50, 100, 150, 200)):
        assert (tile_at(page, number % 3, number // 3, 20) == value).all()
    assert (tile_at(page, 1, 1, 20) == 0).all()


def test_proportions_are_kept():
    page = contact_sheet([gray(90, (10, 20))], [""], columns=5, tile=40)
    assert page.shape[1] == 40 + 2 * GAP
    assert (tile_at(page, 0, 0, 40) == 90).sum() == 20 * 40


def test_captions_are_drawn_below_and_cut():
    page = contact_sheet([gray(0)] * 2, ["word " * 40, ""], columns=2, tile=40)
    below = page[GAP + 40 : GAP + 40 + CAPTION]
    assert below[:, GAP : GAP + 40].max() > 200
    assert below[:, GAP + 40 :].max() == 0


@pytest.mark.parametrize(("images", "captions"), [([], []), ([gray(1)], [])])
def test_captions_must_match(images, captions):
    with pytest.raises(ValueError, match="expected as many"):
        contact_sheet(images, captions, 3)


def scan(pixels, **facts) -> Scan:
    return Scan("a1", pixels, (1.0,) * pixels.ndim, Split.TRAIN, "x", **facts)


def test_middle_picture_of_a_window_and_of_native_numbers():
    volume = to_window(np.arange(5 * 4 * 4).reshape(5, 4, 4) / 20)
    np.testing.assert_array_equal(middle_picture(scan(volume), True), to_display(volume[2]))
    native = np.arange(5 * 40 * 40).reshape(5, 40, 40).astype(np.int32)
    shown = middle_picture(scan(native), False)
    assert (shown[0, 0], shown[-1, -1]) == (0, 255)
    assert (np.diff(shown.ravel().astype(int)) >= 0).all()
    assert (middle_picture(scan(np.full((4, 4), 7, np.uint16)), False) == 0).all()


def test_caption():
    pixels = np.zeros((2, 2), np.uint16)
    assert caption_of(scan(pixels)) == "a1 ambiguous ? T"
    assert caption_of(scan(pixels, orientation=Orientation.AV_RF, field_strength=0.55)) == "a1 av-rf 0.55 T"
