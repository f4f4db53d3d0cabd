"""Rows and headers of pictures: each check of the gate fails on a fault of its own kind, planted and signed again."""

import gzip
import json
import struct
import zlib

import numpy as np
import pytest

from synthuterus_bench.cohorts.imagefile import decode_nifti, encode_nifti, encode_png
from synthuterus_bench.release.gate import check_release
from synthuterus_bench.vocab import Config
from tests.release.made import change_rows, refused, sign


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_bytes(change):
    def alter(rows):
        picture = next(name for name in ("image", "volume") if name in rows[3])
        rows[3][picture]["bytes"] = change(rows[3][picture]["bytes"])

    return alter


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        (chunk(b"tEXt", b"PatientName\0Jane"), "PNG chunk tEXt PatientName"),
        (chunk(b"pHYs", b"\0\0\0\1\0\0\0\1\0"), "found PNG chunks pHYs"),
        (chunk(b"gAMA", b"\0\0\0\1"), "found PNG chunks gAMA"),
    ],
)
def test_a_png_chunk(release, extra, match):
    change_rows(release, with_bytes(lambda data: data[:33] + extra + data[33:]))
    refused(release, match)


def test_bytes_after_a_png(release):
    change_rows(release, with_bytes(lambda data: data + b"Jane"))
    refused(release, "after the end")


def test_a_png_of_8_bit(release):
    change_rows(release, with_bytes(lambda data: encode_png(np.arange(128 * 128, dtype=np.uint8).reshape(128, 128))))
    refused(release, "not 16-bit gray")


def nifti_with(**fields):
    import nibabel

    def change(data):
        image = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
        for name, value in fields.items():
            image.header[name] = value
        stored = nibabel.Nifti1Image(np.asanyarray(image.dataobj.get_unscaled()), image.affine, image.header)
        stored.header.set_slope_inter(image.dataobj.slope, image.dataobj.inter)
        return gzip.compress(stored.to_bytes(), 1, mtime=0)

    return change


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (nifti_with(descrip=b"Jane Doe"), "descrip"),
        (nifti_with(intent_name=b"Jane"), "intent_name"),
        (nifti_with(cal_max=20251124.0), "NIfTI header with more than shape"),
        (nifti_with(slice_duration=1.5), "NIfTI header with more than shape"),
        (nifti_with(toffset=1130.0), "NIfTI header with more than shape"),
        (lambda data: gzip.compress(gzip.decompress(data), 1, mtime=1), "MTIME"),
        (lambda data: data + gzip.compress(b"Jane", mtime=0), "NIfTI|after the gzip member"),
        (lambda data: data + b"\0\0", "after the gzip member|damaged"),
    ],
)
def test_what_a_volume_carries(stack, change, match):
    change_rows(stack, with_bytes(change), Config.VOLUMES_ROI)
    refused(stack, match)


def test_an_extension_of_nifti(stack):
    import nibabel

    def change(data):
        image = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"Jane"))
        return gzip.compress(image.to_bytes(), 1, mtime=0)

    change_rows(stack, with_bytes(change), Config.VOLUMES_ROI)
    refused(stack, "extension")


def test_metadata_of_parquet(release):
    import pyarrow.parquet as pq

    (path,) = (release / "roi").glob("*.parquet")
    table = pq.read_table(path)
    said = dict(table.schema.metadata)
    pq.write_table(table.replace_schema_metadata(said | {b"site": b"Saint Elsewhere"}), path)
    refused(sign(release), "site")
    info = json.loads(said[b"huggingface"])
    info["info"]["description"] = "Jane"
    pq.write_table(table.replace_schema_metadata({b"huggingface": json.dumps(info).encode()}), path)
    refused(sign(release), "other columns or features")
    pq.write_table(table.append_column("operator", table["scan_id"]).replace_schema_metadata(said), path)
    refused(sign(release), "other columns or features")


@pytest.mark.parametrize(
    ("column", "value", "match"),
    [
        ("patient_id", "jane", "patient_id"),
        ("patient_id", "0123456789ab", "a value in patient_id"),
        ("vendor", "siemens", "a value in vendor"),
        ("source", "clinic", "source clinic"),
        ("view", "full", "view full"),
        ("split", "test", "split test"),
        ("seed", None, "no seed"),
        ("generator", "mine", "no seed, similarity or generator"),
        ("spacing_mm", [0.5, 0.5], "spacing"),
        ("prompt", "the uterus of Jane", "prompt that is not in the grammar"),
        ("scan_id", "jane doe", "name of other signs"),
        ("prompt", "see /home/jane/scans", "absolute path"),
    ],
)
def test_a_fact_of_a_row(release, column, value, match):
    change_rows(release, lambda rows: rows[3].update({column: value}))
    refused(release, match)


def test_a_path_of_a_picture(release):
    change_rows(release, lambda rows: rows[3]["image"].update({"path": "scans/jane.png"}))
    refused(release, "picture without bytes or with a path")
    change_rows(release, lambda rows: rows[3]["image"].update({"path": "/home/jane/a.png"}))
    refused(release, "absolute path")


def test_pictures_that_show_nothing(release):
    change_rows(release, with_bytes(lambda data: encode_png(np.full((128, 128), 9, np.uint16))))
    refused(release, "is constant")
    dots = np.full((128, 128), 9, np.uint16)
    dots[5, :10] = 60000
    change_rows(release, with_bytes(lambda data: encode_png(dots)))
    refused(release, "is blank")


def test_a_volume_that_shows_nothing_and_one_with_a_constant_slice(stack):
    def with_slice(data):
        pixels, spacing = decode_nifti(data)
        pixels = pixels.copy()
        pixels[0] = 7
        return encode_nifti(pixels, spacing, windowed=True)

    change_rows(stack, with_bytes(with_slice), Config.VOLUMES_ROI)
    check_release(stack)
    empty = encode_nifti(np.full((24, 128, 128), 7, np.uint16), (4.0, 1.0, 1.0), windowed=True)
    change_rows(stack, with_bytes(lambda data: empty), Config.VOLUMES_ROI)
    refused(stack, "is constant")


def test_pixels_of_another_size(release):
    change_rows(release, with_bytes(lambda data: encode_png(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))))
    refused(release, r"pixels of \(64, 64\)")


def test_a_picture_that_is_there_twice(release):
    change_rows(release, lambda rows: rows[3]["image"].update({"bytes": rows[0]["image"]["bytes"]}))
    refused(release, "synth-roi-00003 occurs twice")


def test_counts_and_digest(release):
    change_rows(release, lambda rows: rows.pop(), said=False)
    refused(release, r"found 7 rows, cohort\.json says 8")
    change_rows(release, lambda rows: rows[0].update({"field_strength": 1.5}), said=False)
    refused(release, r"cohort\.json says")
