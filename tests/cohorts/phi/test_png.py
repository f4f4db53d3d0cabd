import io
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.phi.png import find_png
from synthuterus_bench.cohorts.phi.record import Kind

PLAIN = encode_png(np.arange(64, dtype=np.uint16).reshape(8, 8))


def found_in(data):
    return [(one.kind, one.keyword, one.value) for one in find_png(io.BytesIO(data), "a.png")]


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def with_chunk(kind: bytes, data: bytes) -> bytes:
    return PLAIN[:33] + chunk(kind, data) + PLAIN[33:]


def test_what_we_write_is_clean():
    assert found_in(PLAIN) == []


@pytest.mark.parametrize(
    ("kind", "data", "keyword", "value"),
    [
        (b"tEXt", b"Author\0Jane Doe", "tEXt Author", "Jane Doe"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"Jane Doe"), "zTXt Comment", "Jane Doe"),
        (b"iTXt", b"Title\0\0\0de\0Titel\0" + "Müller".encode(), "iTXt Title", "Müller"),
        (b"iTXt", b"Title\0\1\0\0\0" + zlib.compress(b"Jane Doe"), "iTXt Title", "Jane Doe"),
        (b"tIME", b"\x07\xe7\x06\x07\x0a\x0b\x0c", "tIME", "2023-06-07T10:11:12"),
        (b"eXIf", b"MM\0*\0\0\0\x08\0\0", "eXIf", "10 bytes"),
        (b"prVT", b"anything", "prVT", "8 bytes"),
    ],
)
def test_every_chunk_beside_the_picture(kind, data, keyword, value):
    assert found_in(with_chunk(kind, data)) == [(Kind.PNG, keyword, value)]


def test_a_text_that_unpacks_to_a_lot_is_cut():
    bomb = zlib.compress(bytes(1 << 26))
    ((_, _, value),) = found_in(with_chunk(b"zTXt", b"Comment\0\0" + bomb))
    assert len(value) == 1 << 16


def test_bytes_after_the_end():
    assert found_in(PLAIN + b"Jane Doe") == [(Kind.PNG, "after the end", "8 bytes")]


def test_as_another_program_writes_it():
    info, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_text("Patient", "Jane Doe")
    exif = Image.Exif()
    exif[0x013B] = "Jane Doe"
    Image.new("L", (8, 8)).save(buffer, "PNG", pnginfo=info, exif=exif, dpi=(300, 300))
    assert {keyword for _, keyword, _ in found_in(buffer.getvalue())} == {"tEXt Patient", "eXIf"}


@pytest.mark.parametrize("cut", [9, 20, 40, len(PLAIN) - 2])
def test_a_cut_file(cut):
    with pytest.raises(EOFError):
        found_in(PLAIN[:cut])
