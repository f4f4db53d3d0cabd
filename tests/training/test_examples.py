import numpy as np
import pytest

from synthuterus_bench.training.annotated import Picture
from synthuterus_bench.training.examples import AIMED_SD, aim, draw_example
from synthuterus_bench.vocab import Label


def picture(side=256, centre=(100, 140)):
    """A bright wall of 60 x 30 mm on a dark ground, with a bladder before and a rectum behind it."""
    mask = np.zeros((side, side), np.uint8)
    row, column = centre
    mask[row - 30 : row + 30, column - 15 : column + 15] = Label.MYOMETRIUM
    mask[row : row + 20, column - 50 : column - 30] = Label.BLADDER
    mask[row : row + 20, column + 30 : column + 50] = Label.RECTUM
    return Picture(np.where(mask == Label.MYOMETRIUM, 1, -1).astype(np.float32), mask)


def test_examples_repeat_with_their_stream_and_keep_image_and_labels_together():
    for seed in range(20):
        (z, mask), (again, labels) = (draw_example(picture(), 128, 0, np.random.default_rng(seed)) for _ in range(2))
        assert z.shape == (1, 128, 128)
        assert np.array_equal(z, again)
        assert np.array_equal(mask, labels)
        wall = mask == Label.MYOMETRIUM
        if wall.sum() > 500:
            assert z[0].numpy()[wall].mean() > z[0].numpy()[~wall].mean() + 0.5


def test_nothing_is_ever_flipped():
    for seed in range(60):
        _, mask = draw_example(picture(), 256, 0, np.random.default_rng(seed))
        bladder, rectum = (np.argwhere(mask == label).mean(0) for label in (Label.BLADDER, Label.RECTUM))
        wall = np.argwhere(mask == Label.MYOMETRIUM).mean(0)
        assert bladder[1] < wall[1] < rectum[1]
        assert bladder[0] > wall[0] - 5


def test_negatives_have_nothing_to_find():
    for seed in range(10):
        z, mask = draw_example(picture(), 128, 1, np.random.default_rng(seed))
        assert not mask.any()
        assert np.isfinite(z.numpy()).all()


def test_crops_lie_inside_the_picture_and_most_are_near_the_uterus():
    rng = np.random.default_rng(0)
    centres = np.array([aim(picture(), 128, rng) for _ in range(400)])
    assert (centres >= 64).all()
    assert (centres <= 192).all()
    near = np.abs(centres - (100, 140)).max(1) < 3 * AIMED_SD
    assert 0.6 < near.mean() < 0.9
    assert aim(picture(128, (60, 60)), 128, rng) == (64, 64)


@pytest.mark.parametrize("centre", [(100, 140), (64, 64)])
def test_the_middle_of_the_uterus_is_known(centre):
    row, column = picture(centre=centre).uterus
    assert abs(row - centre[0]) <= 1
    assert abs(column - centre[1]) <= 1
