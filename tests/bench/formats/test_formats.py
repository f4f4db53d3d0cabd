"""Every format gives the same images, and what is none of them is refused before it is unpacked."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from synthuterus_bench.bench.plain import read_images
from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.errors import Fault, SubmissionError
from synthuterus_bench.vocab import CLASSES

SIZE = 128


def refused(path, least=1):
    with pytest.raises(SubmissionError) as caught:
        read_images(path, SIZE, least)
    return caught.value


def write_npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def by_class(images):
    return {name.replace("-", "_"): group for name, group in images.items()}


def test_npz_of_either_layout_is_what_the_folder_is(folder, tmp_path, images):
    plain = read_images(folder, SIZE)
    one = read_images(write_npz(tmp_path / "a.npz", **by_class(images)), SIZE)
    stacked, labels = np.concatenate([*images.values()]), np.repeat(np.arange(4), 5)
    mixed = np.random.default_rng(1).permutation(len(labels))
    two = read_images(write_npz(tmp_path / "b.npz", images=stacked[mixed], labels=labels[mixed]), SIZE)
    words = np.array(CLASSES)[labels]
    three = read_images(write_npz(tmp_path / "c.npz", images=stacked, labels=words), SIZE)
    for found in (one, three):
        np.testing.assert_array_equal(found.pixels, plain.pixels)
        np.testing.assert_array_equal(found.labels, plain.labels)
    assert sorted(image.tobytes() for image in two.pixels) == sorted(image.tobytes() for image in plain.pixels)


def test_a_folder_that_holds_one_archive_is_that_archive(tmp_path, images):
    (tmp_path / "in").mkdir()
    write_npz(tmp_path / "in" / "images.npz", **by_class(images))
    (tmp_path / "in" / "submission.yaml").write_text("name: x\n")
    assert len(read_images(tmp_path / "in", SIZE).pixels) == 20


@pytest.mark.parametrize("kind", ["8", "16", "16 big", "float"])
def test_tiff_is_what_png_or_numbers_are(folder, tmp_path, images, kind):
    plain = read_images(folder, SIZE)
    for path in sorted(folder.rglob("*.png")):
        gray = images[path.parent.name][int(path.stem)]
        made = {"8": gray, "16": gray.astype("<u2") * 200, "16 big": gray.astype("<u2") * 200, "float": gray / 7.0}
        place = path.with_suffix(".tif")
        pixels = made[kind].astype(np.float32) if kind == "float" else made[kind]
        if kind == "16 big":
            place.write_bytes(big_endian(pixels))
        else:
            Image.fromarray(pixels).save(place, compression="tiff_lzw" if kind == "8" else None)
        path.unlink()
    found = read_images(folder, SIZE)
    assert found.intensity == "standardised"
    np.testing.assert_allclose(found.pixels.astype(float), plain.pixels.astype(float), atol=40)


def big_endian(pixels):
    """A TIFF in the byte order of Motorola, by hand."""
    rows, columns = pixels.shape
    tags = [(256, columns), (257, rows), (258, 16), (259, 1), (262, 1), (273, 122), (277, 1), (278, rows)]
    tags.append((279, pixels.size * 2))
    entries = b"".join(
        struct.pack(">HHI", tag, 4, 1) + struct.pack(">I", value)
        if tag not in (258, 259, 262, 277)
        else struct.pack(">HHIHH", tag, 3, 1, value, 0)
        for tag, value in tags
    )
    head = b"MM\x00*" + struct.pack(">I", 8) + struct.pack(">H", len(tags)) + entries + struct.pack(">I", 0)
    return head + b"\0" * (122 - len(head)) + pixels.astype(">u2").tobytes()


def test_a_tiff_of_several_pages_is_refused_with_a_clear_word(folder, images):
    path = folder / "rv-af" / "3.png"
    pages = [Image.fromarray(image) for image in images["rv-af"]]
    pages[0].save(path.with_suffix(".tiff"), save_all=True, append_images=pages[1:])
    path.unlink()
    error = refused(folder)
    assert "TIFF of several pages, expected one image a file" in error.message
    assert "NIfTI" in error.hint


def test_a_colour_or_damaged_tiff(folder):
    Image.fromarray(np.zeros((SIZE, SIZE, 3), np.uint8)).save(folder / "av-af" / "c.tif")
    (folder / "av-rf" / "d.tif").write_bytes(b"II*\x00garbage and nothing else")
    error = refused(folder)
    assert [one.fault for one in error.all] == [Fault.RANGE, Fault.UNREADABLE]


def test_faults_of_every_kind_are_told_at_once(folder):
    (folder / "av-af" / "0.png").write_bytes(b"no picture")
    (folder / "av-rf" / "1.png").write_bytes(encode_png(np.full((SIZE, SIZE), 3, np.uint8)))
    (folder / "rv-af" / "2.png").write_bytes(encode_png(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)))
    (folder / "rv-rf" / "3.jpg").write_bytes(b"x")
    for path in sorted((folder / "rv-rf").glob("*.png"))[:3]:
        path.unlink()
    (folder / "sideways").mkdir()
    error = refused(folder, least=5)
    assert {one.fault for one in error.all} == {
        Fault.CLASSES, Fault.UNREADABLE, Fault.CONSTANT, Fault.LAYOUT, Fault.SIZE, Fault.COUNT,
    }  # fmt: skip
    assert error.message.startswith("found 6 faults, expected none:\n- ")
    assert "3 images of rv-rf, expected at least 5" in error.message


def test_a_long_list_of_faults_is_cut(folder):
    for path in folder.rglob("*.png"):
        path.write_bytes(b"x")
    for k in range(4):
        (folder / "av-af" / f"more{k}.png").write_bytes(b"x")
    error = refused(folder)
    assert len(error.all) == 24
    assert error.message.endswith("- and 4 more")


def test_pickles_are_never_read(tmp_path, images):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    arrays = by_class(images) | {"av_af": np.array([Trap()], object)}
    error = refused(write_npz(tmp_path / "a.npz", **arrays))
    assert "pickled objects" in error.message
    assert not (tmp_path / "sprung").exists()


def npy_header(shape, descr="|u1"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def test_an_archive_that_promises_more_than_it_holds(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", npy_header((10**7, 128, 128)) + b"\0" * 100)
        archive.writestr("labels.npy", npy_header((1,)) + b"\0")
    assert "more than is there" in refused(tmp_path / "a.npz").message


def test_an_archive_that_unpacks_to_too_much(tmp_path, monkeypatch, images):
    from synthuterus_bench.bench.formats import npz

    monkeypatch.setattr(npz, "MOST_ARRAY_BYTES", 10_000)
    assert refused(write_npz(tmp_path / "a.npz", **by_class(images))).fault is Fault.TOO_LARGE


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"pictures": np.zeros((2, 128, 128), np.uint8)}, "found arrays pictures"),
        ({"images": np.zeros((2, 128, 128, 3), np.uint8), "labels": np.zeros(2, int)}, "expected (n, rows, columns)"),
        ({"images": np.zeros((2, 128, 128), np.int32), "labels": np.zeros(2, int)}, "numbers of int32"),
        ({"images": np.zeros((2, 128, 128), np.uint8), "labels": np.zeros(3, int)}, "one label an image"),
        ({"images": np.zeros((1, 128, 128), np.uint8), "labels": np.array([7])}, "found class '7'"),
        ({"images": np.full((1, 128, 128), np.nan), "labels": np.array([0])}, "NaN"),
        ({"images": np.zeros((1, 9000, 2), np.uint8), "labels": np.array([0])}, "at most 4096 a side"),
    ],
)
def test_archives_of_other_things(tmp_path, arrays, words):
    assert words in refused(write_npz(tmp_path / "a.npz", **arrays)).message


def test_no_archive_at_all(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 no more")
    assert "not a readable .npz" in refused(tmp_path / "a.npz").message


def test_a_picture_that_promises_millions_of_pixels_is_not_unpacked(folder):
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (folder / "av-af" / "bomb.png").write_bytes(data + struct.pack(">I", 0) + b"IDAT" + b"\0\0\0\0")
    error = refused(folder)
    assert error.fault is Fault.TOO_LARGE
    assert "bomb.png" in error.message


def test_a_file_too_large_is_not_read(folder):
    with (folder / "av-af" / "huge.png").open("wb") as file:
        file.truncate(2**28 + 1)
    assert refused(folder).fault is Fault.TOO_LARGE


def table(images, png=True):
    import datasets

    rows = {"image": [], "orientation": []}
    for name, group in images.items():
        for image in group:
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "PNG" if png else "TIFF")
            rows["image"].append({"bytes": buffer.getvalue(), "path": None})
            rows["orientation"].append(name)
    features = datasets.Features(
        {"image": datasets.Image(), "orientation": datasets.ClassLabel(names=[*map(str, reversed(CLASSES))])}
    )
    return datasets.Dataset.from_dict(rows, features=features)


@pytest.mark.parametrize("kind", ["arrow", "parquet", "file", "tiff"])
def test_what_datasets_writes_is_what_the_folder_is(folder, tmp_path, images, kind):
    made, place = table(images, png=kind != "tiff"), tmp_path / "set"
    if kind == "arrow":
        made.save_to_disk(place)
    else:
        place.mkdir()
        made.to_parquet(place / "train-00000-of-00001.parquet")
        place = place / "train-00000-of-00001.parquet" if kind == "file" else place
    found = read_images(place, SIZE)
    np.testing.assert_array_equal(found.pixels, read_images(folder, SIZE).pixels)


def test_tables_of_other_things(tmp_path, images):
    made = table(images)
    made.rename_column("image", "picture").to_parquet(tmp_path / "a.parquet")
    assert "found columns picture, orientation" in refused(tmp_path / "a.parquet").message
    (tmp_path / "b.parquet").write_bytes(b"no table")
    assert "not readable as Parquet" in refused(tmp_path / "b.parquet").message
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "data-0.arrow").write_bytes(b"no table")
    assert "not readable as Arrow" in refused(tmp_path / "c").message


def test_a_row_without_a_picture_is_named(tmp_path, images):
    import datasets

    plain = {"image": [b"", None], "orientation": ["av-af", "upside-down"]}
    datasets.Dataset.from_dict(plain).to_parquet(tmp_path / "a.parquet")
    error = refused(tmp_path / "a.parquet")
    assert [one.fault for one in error.all] == [Fault.UNREADABLE, Fault.CLASSES]
