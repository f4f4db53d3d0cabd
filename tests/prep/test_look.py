import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from synthuterus_bench.prep.look import colours, histograms, look_at, same_place
from synthuterus_bench.prep.pipeline import make_pipeline, prepare_scan
from synthuterus_bench.vocab import Label
from tests.prep.made import ROI, make_scan


def opened(text):
    return np.array(Image.open(io.BytesIO(base64.b64decode(text))))


def look(options, scan):
    return look_at(prepare_scan(scan, make_pipeline(options)), scan.pixels.astype(np.float32), scan.spacing_mm)


def test_pictures_show_the_slice_through_the_uterus_at_1_mm():
    scan = make_scan(mask=True)
    scan.pixels[scan.mask == Label.MYOMETRIUM] = 3000
    seen = look(replace(ROI, n4=True), scan)
    assert seen.size == opened(seen.before).shape == opened(seen.after).shape == (180, 160)
    assert opened(seen.field).shape == (180, 160, 3)
    assert opened(seen.before)[60, 110] == 255
    top, left, side = seen.box
    assert (top + side // 2, left + side // 2) == pytest.approx((60, 110), abs=1)
    assert len(seen.histograms) == 2


def test_without_n4_there_is_nothing_after():
    seen = look(ROI, make_scan())
    assert (seen.after, seen.field, len(seen.histograms)) == (None, None, 1)


def test_colours_tell_low_from_high():
    low, none, high = colours(np.array([[-9.0, 0.0, 0.3]]))[0].astype(int)
    assert low[2] > low[0]
    assert none[0] == none[1] == none[2]
    assert high[0] > high[2]


@given(st.floats(0.1, 5), st.integers(0, 99))
def test_histograms_do_not_depend_on_gain(gain, seed):
    volume = np.random.default_rng(seed).gamma(2.0, 1.0, (2, 20, 20))
    body = volume > 0
    (plain,), (scaled,) = histograms([volume], body), histograms([volume * 2 ** round(gain)], body)
    assert plain == scaled
    assert max(plain) == 1


@given(st.integers(1, 40), st.data())
def test_same_place_is_the_same_slice_on_the_same_grid(count, data):
    index = data.draw(st.integers(0, count - 1))
    assert same_place(index, count, 4.0, count, 4.0) == index
    assert same_place(index, count, 4.0, 2 * count + 1, 2.0) in (2 * index, 2 * index + 1, 2 * index + 2)
