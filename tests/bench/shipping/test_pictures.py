import io

import numpy as np
import pytest
from PIL import Image

from synthuterus_bench.bench.shipping.pictures import (
    LEVELS,
    loss_curve,
    png,
    sample_sheet,
    slice_sheet,
    training_course,
)
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.sampler import Wanted
from synthuterus_bench.training.pictures import Pictures
from synthuterus_bench.vocab import CLASSES, Orientation, Split
from tests.training.test_card import record

CONFIG = {"batch": 10, "accumulate": 1, "steps": 250, "checkpoint_every": 100, "patience": 0}
STEP, TOP = 132, 4


def gray(value: int, count: int) -> np.ndarray:
    """Pictures of one gray."""
    return np.full((count, 128, 128), value, np.uint16)


def middle_of(page: np.ndarray, row: int, column: int) -> int:
    return int(page[TOP + row * 148 + 64, TOP + column * STEP + 64])


def real(classes: list[int]) -> Pictures:
    count = np.arange(len(classes))
    return Pictures(gray(20000, len(classes)), None, np.array(classes), [""] * len(classes), count)


@pytest.mark.parametrize("model", ["ddpm2d-ct-roi", "ddpm2d-uncond-roi"])
def test_rows_of_samples_and_of_phantoms_take_turns(model):
    model = parse_id(model)
    told = model.conditioning.by_class
    wanted = [Wanted(CLASSES[i % 4] if told else None, None, i) for i in range(48)]
    page = sample_sheet(gray(45000, 48), wanted, real([i // 10 for i in range(40)]), model)
    assert page.shape == (4 + 8 * 148, 4 + 10 * STEP)
    for column in (0, 9):
        shades = [middle_of(page, row, column) for row in range(8)]
        assert len({*shades[::2]}) == len({*shades[1::2]}) == 1
        assert shades[0] > shades[1]


def test_samples_are_the_first_of_their_class():
    wanted = [Wanted(CLASSES[i % 4], None, i) for i in range(80)]
    pixels = np.stack([gray(15000 + 300 * i, 1)[0] for i in range(80)])
    page = sample_sheet(pixels, wanted, real([i // 10 for i in range(40)]), parse_id("ddpm2d-ct-roi"))
    rows = [[middle_of(page, 2 * k, column) for column in range(10)] for k in range(4)]
    assert all(row == sorted(row) for row in rows)
    assert rows[0] != rows[3]


def test_every_second_slice_of_a_volume_a_class_stands_above_a_phantoms():
    def volume(orientation: Orientation, first: int) -> Scan:
        pixels = np.stack([gray(first + 800 * k, 1)[0] for k in range(6)])
        return Scan(str(first), pixels, (4.0, 1.0, 1.0), Split.TEST, "made", orientation=orientation)

    ours = [volume(CLASSES[0], 22000), volume(CLASSES[0], 0), volume(CLASSES[2], 22000)]
    page = slice_sheet(ours, [volume(name, 15000) for name in CLASSES])
    assert page.shape == (4 + 6 * 148, 4 + 3 * STEP)
    shades = [[middle_of(page, row, column) for column in range(3)] for row in range(6)]
    assert all(row == sorted(row) and len(set(row)) == 3 for row in shades)
    assert [row[0] > shades[1][-1] for row in shades] == [True, False, False, True, False, False]


def test_files_are_gray_and_small(cohort):
    pixels = np.stack([scan.pixels for scan in cohort.scans()]).astype(np.uint16)
    wanted = [Wanted(CLASSES[i % 4], None, i) for i in range(len(pixels))]
    data = png(sample_sheet(pixels, wanted, real([i // 10 for i in range(40)]), parse_id("ddpm2d-ct-roi")))
    image = Image.open(io.BytesIO(data))
    assert image.mode == "L"
    assert len(np.unique(np.array(image))) <= LEVELS + 1
    assert len(data) < 400_000


def test_the_curve_has_a_point_a_checkpoint_and_the_last_at_the_end():
    facts = record("ddpm2d-ct-roi", config=CONFIG, losses=[3.0, 2.0, 1.0], validation=[(250, 1.5)], images_seen=2500)
    seen, losses = training_course(facts)
    assert seen.tolist() == [1, 2, 2.5]
    assert losses.tolist() == [3, 2, 1]
    curve = loss_curve(facts)
    assert curve.shape == (240, 480)
    assert np.array_equal(curve, loss_curve(facts))
    assert len(png(curve)) < 20_000
