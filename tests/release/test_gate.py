"""Each check of the gate fails on a fault of its own kind, planted in a release that is signed again."""

import gzip
import io
import json
import re
import shutil
import struct
import zlib

import numpy as np
import pytest

from synthuterus_bench.cohorts.imagefile import decode_nifti, encode_nifti, encode_png
from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.errors import GateError
from synthuterus_bench.privacy.selftest import Cell
from synthuterus_bench.release.gate import check_release, check_without_card
from synthuterus_bench.vocab import Config
from tests.release.made import add_selftest, change_log, change_rows, make_release, sign


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("images") / "synthuterus")


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("volumes") / "synthuterus", "ddpm3d-ct-roi", scans=4)


@pytest.fixture
def release(images, tmp_path):
    return shutil.copytree(images, tmp_path / "synthuterus")


@pytest.fixture
def stack(volumes, tmp_path):
    return shutil.copytree(volumes, tmp_path / "synthuterus")


def refused(folder, match):
    with pytest.raises(GateError, match=match):
        check_release(folder)


def test_what_is_whole_passes(images, volumes):
    check_release(images)
    check_release(volumes)


def test_a_folder_that_is_no_release(tmp_path):
    refused(tmp_path / "nowhere", "no SHA256SUMS")
    refused(sign(tmp_path), r"no README\.md")


# checksums


def test_a_changed_byte(release):
    path = release / "roi" / "cohort.json"
    path.write_bytes(path.read_bytes() + b" ")
    refused(release, r"roi/cohort\.json does not have the digest")


@pytest.mark.parametrize("name", ["README.md", "audit/roi.jsonl", "roi/train-00000-of-00001.parquet"])
def test_a_missing_file(release, name):
    (release / name).unlink()
    refused(release, f"{re.escape(name)} is in SHA256SUMS or in the folder")


def test_checksums_of_another_file_above(release):
    (release / "SHA256SUMS").write_text((release / "SHA256SUMS").read_text() + f"{'0' * 64}  ../other\n")
    refused(release, r"\.\./other is in SHA256SUMS")


# files


@pytest.mark.parametrize(
    "name",
    ["audit/roi.private.jsonl", "roi/validation-00000-of-00001.parquet", ".hidden", "roi/notes.json", "x/y.json"],
)
def test_a_file_that_does_not_belong_there(release, name):
    (release / name).parent.mkdir(exist_ok=True)
    if name.endswith(".parquet"):
        shutil.copyfile(release / "roi" / "train-00000-of-00001.parquet", release / name)
    else:
        (release / name).write_text("{}")
    refused(sign(release), f"found {re.escape(name.split('/')[0] if name.startswith('x/') else name)}")


def test_an_empty_folder_and_a_link(release):
    (release / "private").mkdir()
    refused(release, "found private")
    (release / "private").rmdir()
    audit = audit_file(release, Config.ROI)
    audit.rename(release.parent / "elsewhere.jsonl")
    audit.symlink_to(release.parent / "elsewhere.jsonl")
    refused(sign(release), "link")


def test_an_index_of_training_images(release):
    (release / "roi" / "index.private.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    refused(sign(release), r"index\.private\.safetensors")


def test_an_absolute_path_in_the_card(release):
    card = release / "README.md"
    card.write_text(card.read_text() + "\nmade from /home/jane/scans\n")
    refused(sign(release), "absolute path")


# licence and card


def test_no_licence_and_another_one(release):
    (release / "LICENSE").unlink()
    refused(sign(release), "no LICENSE")
    (release / "LICENSE").write_text("all rights reserved\n")
    refused(sign(release), "found another LICENSE than that of Creative Commons Attribution 4.0")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("license: cc-by-4.0", "license: mit", "says license mit, expected cc-by-4.0"),
        ("default: true", "default: false", "says configs"),
        ("roi/train-*.parquet", "audit/*.jsonl", "says configs"),
        ("n<1K", "1K<n<10K", "says size_categories"),
        ("not proven private", "anonymous", "does not say"),
        ("---\nlicense", "license", "damaged"),
    ],
)
def test_a_card_that_says_something_else(release, old, new, match):
    card = release / "README.md"
    card.write_text(card.read_text().replace(old, new))
    refused(sign(release), match)


@pytest.mark.parametrize(("name", "value"), [("license", "https://opensource.org/mit"), ("recordSet", [])])
def test_a_croissant_that_says_something_else(release, name, value):
    path = release / "croissant.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    refused(sign(release), r"croissant\.json does not agree")


def test_a_card_that_is_damaged_can_be_written_anew(release):
    (release / "README.md").write_text("---\n")
    refused(release, "digest")
    check_without_card(release)
    check_release(sign(release, card=True))


# headers of pictures


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


# rows


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


# audit log and self-test


def test_a_row_without_a_record_and_a_record_without_a_row(release):
    change_log(release, lambda records: records.pop(4))
    refused(release, "synth-roi-00003 has no accepted audit record")


def test_a_record_without_a_row(release):
    change_rows(release, lambda rows: rows.pop())
    refused(release, "found 8 accepted audit records for 8 scans, expected 7")


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("decision", "rejected", "no accepted audit record"),
        ("orientation", "rv-rf", "no accepted audit record"),
        ("max_similarity", 0.4, "says similarity"),
    ],
)
def test_a_record_that_says_something_else(release, name, value, match):
    change_log(release, lambda records: records[2].update({name: value}))
    refused(release, match)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("threshold", 0.51, "above the threshold 0.51"),
        ("weights_sha256", "b" * 64, "its audit log of"),
        ("scans", 9, "for 9 scans"),
        ("licence", "mit", "damaged"),
        ("licence", "cc0-1.0", "another LICENSE"),
    ],
)
def test_a_header_that_says_something_else(release, name, value, match):
    change_log(release, lambda records: records[0].update({name: value}))
    refused(release, match)


def test_a_header_that_lacks_something(release):
    change_log(release, lambda records: records[0].pop("threshold"))
    refused(release, "damaged, KeyError: 'threshold'")


def test_a_log_out_of_its_chain(release):
    path = audit_file(release, Config.ROI)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
    refused(sign(release), "line 3 does not follow")


def test_scans_in_the_folder_of_another_config(release):
    (release / "roi").rename(release / "full")
    audit_file(release, Config.ROI).rename(audit_file(release, Config.FULL))
    refused(sign(release, card=True), "found scans of roi in full|does not agree")


def test_a_selftest_is_of_this_filter_and_above_its_floor(release):
    add_selftest(release)
    check_release(sign(release))
    for name in ("encoder_sha256", "reference_digest"):
        add_selftest(release, **{name: "0" * 64})
        refused(sign(release), f"self-test of {name} 000000000000")
    (release / "audit" / "selftest-roi.json").write_text("{}")
    refused(sign(release), "not a self-test")


def test_a_floor_that_was_asked_for(release):
    change_log(release, lambda records: records[0].update({"floor": 0.98}))
    refused(release, r"no selftest-roi\.json, expected a self-test for the floor 0\.98")
    add_selftest(release)
    check_release(sign(release))
    change_log(release, lambda records: records[0].update({"floor": 0.995}))
    refused(release, r"below its floor 0\.995")
    strong = Cell(transform="flip", strength=3, plants=100, caught=10)
    add_selftest(release, cells=[strong])
    refused(sign(release), "below its floor")


def test_a_plot_with_a_text(release):
    from PIL import Image, PngImagePlugin

    path, said = release / "composition.png", PngImagePlugin.PngInfo()
    said.add_text("Author", "Jane")
    buffer = io.BytesIO()
    Image.open(path).save(buffer, "PNG", pnginfo=said)
    path.write_bytes(buffer.getvalue())
    refused(sign(release), "Author")
