import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.formats.picture import as_picture
from synthuterus_bench.bench.images import as_images
from synthuterus_bench.cohorts.window import from_window, to_window

SIZE, COUNT = 64, 200


def scans(kind):
    rng = np.random.default_rng(0)
    z = rng.normal(-0.2, 1, (COUNT, SIZE, SIZE)).astype(np.float32)
    z[:, :, : SIZE // 4] = -1.5 + 0.01 * z[:, :, : SIZE // 4]
    return {"window": to_window(z), "floats": z, "big-endian": to_window(z).astype(">u2")}[kind]


@pytest.mark.parametrize("kind", ["window", "floats", "big-endian"])
def test_pixels_that_are_z_scores_stay_what_they_are(kind):
    stored = scans(kind)
    found = as_images([(0, as_picture(one, "x")) for one in stored], SIZE, Faults(), Path("x"))
    assert found.intensity == "window"
    expected = stored if kind != "floats" else to_window(stored)
    assert found.pixels.dtype == np.uint16
    assert np.array_equal(found.pixels, expected)


def test_eight_bit_is_standardised_and_told_to_be_coarse():
    stored = np.clip(from_window(scans("window")) * 30 + 100, 0, 255).astype(np.uint8)
    picture = as_picture(stored[0], "x")
    assert picture.coarse
    assert as_images([(0, picture)], SIZE, Faults(), Path("x")).intensity == "standardised"


def test_many_images_take_little_more_than_their_own_bytes():
    images = [(0, as_picture(one, "x")) for one in scans("window")]
    own = COUNT * SIZE * SIZE * 2
    tracemalloc.start()
    found = as_images(images, SIZE, Faults(), Path("x"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.pixels.nbytes == own
    assert peak < 2.5 * own, "once as a list, once as an array"
