import gzip
import io

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from synthuterus_bench.cohorts.imagefile import decode_nifti, decode_png, encode_nifti, encode_png
from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.errors import ScanError

images = st.sampled_from([np.uint8, np.uint16]).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=2, max_dims=2, max_side=12))
)


@given(images)
def test_png_brings_every_pixel_back(pixels):
    back = decode_png(encode_png(pixels))
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, pixels)


@given(images)
def test_png_holds_nothing_but_pixels(pixels):
    data = encode_png(pixels)
    assert data == encode_png(pixels.copy())
    with Image.open(io.BytesIO(data)) as image:
        assert image.info == {}


AFTER_PIXELS = 20
"""Checksum of the pixels, of their chunk, and the closing chunk: without these the pixels are whole still."""


@given(st.floats(0, 1))
def test_a_truncated_png_is_refused(share):
    noise = np.random.default_rng(0).integers(0, 65536, (40, 40)).astype(np.uint16)
    data = encode_png(noise)
    kept = int((len(data) - AFTER_PIXELS - 1) * share)
    with pytest.raises(ScanError, match=r"^scan 7: not a readable PNG"):
        decode_png(data[:kept], "scan 7")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "1"])
def test_colour_and_transparency_are_refused(mode):
    buffer = io.BytesIO()
    Image.new(mode, (4, 4)).save(buffer, "PNG")
    with pytest.raises(ScanError, match=f"PNG of mode {mode}"):
        decode_png(buffer.getvalue())


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float32])
def test_nifti_brings_values_and_spacing_back(kind):
    pixels = np.random.default_rng(0).integers(0, 200, (3, 4, 5)).astype(kind)
    back, spacing = decode_nifti(encode_nifti(pixels, (4.0, 1.0, 0.5), windowed=False))
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, pixels)
    assert spacing == (4.0, 1.0, 0.5)


def test_windowed_nifti_keeps_its_16_bits_and_shows_z_scores(tmp_path):
    pixels = to_window(np.random.default_rng(0).normal(size=(3, 4, 5)))
    data = encode_nifti(pixels, (4.0, 1.0, 1.0), windowed=True)
    np.testing.assert_array_equal(decode_nifti(data)[0], pixels)
    (tmp_path / "a.nii.gz").write_bytes(data)
    image = nibabel.load(tmp_path / "a.nii.gz")
    np.testing.assert_allclose(image.get_fdata(), from_window(pixels), atol=1e-5)
    assert nibabel.aff2axcodes(image.affine) == ("R", "I", "P")


def test_nifti_bytes_hold_no_time_and_no_text():
    pixels = np.zeros((3, 4, 5), np.int16)
    data = encode_nifti(pixels, (4.0, 1.0, 1.0), windowed=False)
    assert data == encode_nifti(pixels, (4.0, 1.0, 1.0), windowed=False)
    assert data[3] == 0
    assert data[4:8] == bytes(4)
    header = nibabel.Nifti1Image.from_bytes(gzip.decompress(data)).header
    for field in ("descrip", "aux_file", "db_name", "intent_name"):
        assert bytes(header[field]).strip(b"\0") == b""
    assert len(header.extensions) == 0
