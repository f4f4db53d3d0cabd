import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from datasets import load_dataset

from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError
from synthuterus_bench.repro import digest_file
from synthuterus_bench.vocab import Label, Orientation, Sequence, Split, Vendor, View


def manifest(dims: int = 2) -> Manifest:
    return Manifest(name="made", view=View.ROI, dims=dims, intensity="window", splits={}, digest="")


def make_scan(number: int, dims: int = 2) -> Scan:
    shape = (4, 5) if dims == 2 else (3, 4, 5)
    rng = np.random.default_rng(number)
    return Scan(
        scan_id=f"s{number}",
        pixels=rng.integers(0, 65536, shape).astype(np.uint16),
        spacing_mm=(4.0, 1.0, 0.5)[3 - dims :],
        split=(Split.TRAIN, Split.TEST)[number % 2],
        source="made",
        view=View.ROI,
        patient_id=f"p{number}",
        orientation=[*Orientation][number % 5],
        field_strength=1.5,
        vendor=Vendor.PHILIPS,
        sequence=Sequence.HASTE,
        contrast=[True, False, None][number % 3],
        mask=np.full(shape, Label.MYOMETRIUM, np.uint8) if number % 2 else None,
        version_deg=12.5,
        seed=2**60 + number,
    )


def write(root, count: int = 7, dims: int = 2) -> Cohort:
    writer = CohortWriter(root, manifest(dims))
    for number in range(count):
        writer.add(make_scan(number, dims))
    return writer.close()


@pytest.mark.parametrize("dims", [2, 3])
def test_scans_come_back_whole(tmp_path, dims):
    write(tmp_path / "c", dims=dims)
    found = {scan.scan_id: scan for scan in load_cohort(tmp_path / "c").scans()}
    assert len(found) == 7
    for number in range(7):
        expected, scan = make_scan(number, dims), found[f"s{number}"]
        np.testing.assert_array_equal(scan.pixels, expected.pixels)
        assert scan.pixels.dtype == np.uint16
        assert (scan.mask is None) == (expected.mask is None)
        if scan.mask is not None:
            np.testing.assert_array_equal(scan.mask, expected.mask)
        bare = {"pixels": np.empty(0, np.uint16), "mask": None}
        assert repr(replace(scan, **bare)) == repr(replace(expected, **bare))


def test_splits_and_shards(tmp_path):
    cohort = write(tmp_path / "c", count=203)
    assert cohort.manifest.splits == {Split.TRAIN: 102, Split.TEST: 101}
    assert [path.name for path in cohort.files(Split.TRAIN)] == [
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
    ]
    assert {scan.split for scan in cohort.scans(Split.TEST)} == {Split.TEST}
    pixels, scans = cohort.arrays(Split.TEST)
    assert pixels.shape == (101, 4, 5)
    np.testing.assert_array_equal(pixels[3], make_scan(int(scans[3].scan_id[1:])).pixels)


def test_the_same_scans_give_the_same_bytes_and_others_another_digest(tmp_path):
    first, second, fewer = write(tmp_path / "a"), write(tmp_path / "b"), write(tmp_path / "c", count=6)
    for one, two in zip(first.files(), second.files(), strict=True):
        assert digest_file(one) == digest_file(two)
    assert first.manifest == second.manifest
    assert first.manifest.digest != fewer.manifest.digest


def test_datasets_reads_a_cohort(tmp_path):
    write(tmp_path / "c")
    data = load_dataset(str(tmp_path / "c"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in data.items()} == {"train": 4, "test": 3}
    row = data["train"][0]
    np.testing.assert_array_equal(np.array(row["image"]), make_scan(0).pixels)
    assert data["train"].features["orientation"].names == [*Orientation]


def test_an_empty_cohort_is_refused(tmp_path):
    with pytest.raises(CohortError, match="no scan to write"):
        CohortWriter(tmp_path / "c", manifest()).close()


def test_missing_folder_and_unfinished_folder(tmp_path):
    with pytest.raises(CohortError, match="no such folder") as caught:
        load_cohort(tmp_path / "c")
    assert "synthbench cohort" in caught.value.hint
    (tmp_path / "c").mkdir()
    with pytest.raises(CohortError, match=r"no cohort\.json"):
        load_cohort(tmp_path / "c")


@pytest.mark.parametrize("text", ["", "[]", '{"name": "x"}'])
def test_malformed_manifest(tmp_path, text):
    (tmp_path / "cohort.json").write_text(text)
    with pytest.raises(CohortError, match="not a cohort manifest") as caught:
        load_cohort(tmp_path)
    assert "\n" not in caught.value.message


def test_unknown_keys_are_refused(tmp_path):
    file = write(tmp_path).root / "cohort.json"
    file.write_text(file.read_text(encoding="utf-8").replace('{"', '{"patients":["Jane"],"', 1))
    with pytest.raises(CohortError, match="not a cohort manifest"):
        load_cohort(tmp_path)


def test_missing_shard(tmp_path):
    write(tmp_path).files(Split.TEST)[0].unlink()
    with pytest.raises(CohortError, match="found 0 shards of test, expected 3 rows"):
        load_cohort(tmp_path)


def test_damaged_shard(tmp_path):
    cohort = write(tmp_path)
    path = cohort.files(Split.TRAIN)[0]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CohortError, match="not readable as Parquet"):
        list(cohort.scans())


def test_shards_are_written_while_scans_come_in(tmp_path):
    writer = CohortWriter(tmp_path / "c", manifest())
    for number in range(0, 402, 2):
        writer.add(make_scan(number))
    assert len([*(tmp_path / "c").rglob("*.parquet")]) == 2
    cohort = writer.close()
    assert [scan.scan_id for scan in cohort.scans()] == [f"s{number}" for number in range(0, 402, 2)]


def test_the_writer_forgets_what_it_wrote(tmp_path):
    writer = CohortWriter(tmp_path / "c", manifest())
    one, held = make_scan(0), []
    tracemalloc.start()
    for number in range(1000):
        writer.add(replace(one, scan_id=f"s{number:05d}"))
        if number % 500 == 499:
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 25_000, "digests of 500 scans alone are 32 kB"
    assert len(writer.close()) == 1000


def test_one_config_of_a_release_has_its_shards_beside_it(tmp_path):
    writer = CohortWriter(tmp_path / "roi", manifest(), in_release=True)
    for number in range(0, 6, 2):
        writer.add(make_scan(number))
    cohort = writer.close()
    assert sorted(path.name for path in cohort.root.iterdir()) == ["cohort.json", "train-00000-of-00001.parquet"]
    assert [scan.scan_id for scan in cohort.scans()] == ["s0", "s2", "s4"]
