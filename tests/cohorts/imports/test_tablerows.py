import io
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Features, Image, Value
from PIL import Image as Pillow

from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.imports.bids import Labels, ScanLabel
from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.cohorts.imports.verdict import tally
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, DataError, Refusal, ScanError, UsageError
from synthuterus_bench.vocab import Orientation, Split, View
from tests.cohorts.imports.synthetic import anatomy, write_nifti


def run(src, out, **options):
    verdicts = []
    cohort = import_folder(src, out, ImportOptions(**options), verdicts.append)
    return cohort, {verdict.name: verdict for verdict in verdicts}


def scan(number: int, dims: int = 3, **facts) -> Scan:
    pixels = anatomy(number) if dims == 3 else anatomy(number)[3]
    mask = (pixels > 400).astype(np.uint8)
    return Scan(
        scan_id=f"scan-{number}",
        pixels=pixels,
        mask=mask,
        spacing_mm=(4.0, 1.0, 1.0)[3 - dims :],
        split=[*Split][number % 3],
        **({"source": "clinic", "patient_id": f"patient-{number % 3}", "session": "s1"} | facts),
    )


def write_cohort(root, scans, **facts):
    dims = scans[0].pixels.ndim
    manifest = {"name": "clinic", "view": View.FULL, "dims": dims, "intensity": "window", "splits": {}, "digest": ""}
    writer = CohortWriter(root, Manifest(**(manifest | facts)))
    for one in scans:
        writer.add(one)
    return writer.close()


@pytest.mark.parametrize("dims", [2, 3])
def test_a_cohort_is_copied_under_new_names(tmp_path, dims):
    scans = [scan(number, dims, orientation=Orientation.AV_RF, version_deg=20.5, figo="3") for number in range(12)]
    old = write_cohort(tmp_path / "src", scans, prep={"side": 256}, preset="phantom-v1", seed=3)
    new, verdicts = run(tmp_path / "src", tmp_path / "out")
    was, now = ({one.pixels.tobytes(): one for one in cohort.scans()} for cohort in (old, new))
    assert was.keys() == now.keys()
    for key, one in was.items():
        other = now[key]
        assert {other.scan_id, other.patient_id, other.session}.isdisjoint({one.scan_id, one.patient_id, one.session})
        np.testing.assert_array_equal(other.mask, one.mask)
        names = {"scan_id": "", "patient_id": "", "session": "", "pixels": np.empty(0), "mask": None}
        assert repr(replace(other, **names)) == repr(replace(one, **names))
    assert (new.manifest.name, new.manifest.prep, new.manifest.splits) == ("clinic", {"side": 256}, old.manifest.splits)
    assert (new.manifest.preset, new.manifest.seed, new.manifest.dims) == (None, None, dims)
    assert sum(verdict.scans for verdict in verdicts.values()) == 12
    assert len({one.patient_id for one in now.values()}) == 3


def test_a_release_stays_synthetic(tmp_path):
    facts = {"patient_id": None, "session": None, "prompt": "a", "seed": 7, "generator": "g", "source": "synthetic"}
    write_cohort(tmp_path / "src", [replace(scan(number, 2, **facts), split=Split.TRAIN) for number in range(3)])
    cohort, _ = run(tmp_path / "src", tmp_path / "out")
    for one in cohort.scans():
        assert (one.patient_id, one.session, one.prompt, one.seed, one.source) == (None, None, "a", 7, "synthetic")


def test_source_renames(tmp_path):
    write_cohort(tmp_path / "src", [scan(0)])
    cohort, _ = run(tmp_path / "src", tmp_path / "out", source="other")
    assert cohort.manifest.name == "other"
    assert [one.source for one in cohort.scans()] == ["other"]


def spoil(root, change):
    (path,) = root.rglob("train-*.parquet")
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows[0])
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


@pytest.mark.parametrize(
    ("change", "reason", "kind"),
    [
        (lambda row: row.update(orientation=9), "found no row of a cohort", Refusal.ROW),
        (lambda row: row.update(view="up"), "found no row of a cohort", Refusal.ROW),
        (lambda row: row.update(spacing_mm=[1.0]), "found spacing", Refusal.GEOMETRY),
        (
            lambda row: row["volume"].update(bytes=None, path="/etc/passwd"),
            "found no picture in its table",
            Refusal.ROW,
        ),
        (lambda row: row["volume"].update(bytes=row["volume"]["bytes"][:-99]), "truncated gzip", Refusal.DAMAGED),
        (lambda row: row["mask"].update(bytes=row["volume"]["bytes"]), "found labels", Refusal.MASK),
        (lambda row: row.update(view="roi"), "of view roi, expected a name and full", Refusal.ROW),
    ],
)
def test_a_bad_row_of_a_cohort(tmp_path, change, reason, kind):
    write_cohort(tmp_path / "src", [scan(number) for number in (0, 3)])
    spoil(tmp_path / "src", change)
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    assert len(cohort) == 1
    (refused,) = [verdict for verdict in verdicts.values() if verdict.reason]
    assert reason in refused.reason
    assert refused.name == "full/train-00000-of-00001.parquet row 0"
    assert refused.kind is kind
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(ScanError):
        run(tmp_path / "src", tmp_path / "out", strict=True)


def test_repeated_rows_and_patients_in_two_splits(tmp_path):
    twice = replace(scan(3), scan_id="again", patient_id="somebody", pixels=scan(0).pixels)
    elsewhere = replace(scan(5), patient_id="patient-0")
    write_cohort(tmp_path / "src", [scan(0), twice, elsewhere])
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    assert len(cohort) == 1
    assert tally(verdicts.values()).kinds == {Refusal.DUPLICATE: 1, Refusal.ROW: 1}
    repeated = next(verdict.reason for verdict in verdicts.values() if verdict.kind is Refusal.DUPLICATE)
    assert "found the same voxels as in full/train-00000-of-00001.parquet row 0" in repeated


def test_a_folder_that_is_no_cohort(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "cohort.json").write_text("{}")
    with pytest.raises(CohortError, match="not a cohort manifest"):
        run(tmp_path / "src", tmp_path / "out")


def test_our_columns_without_our_manifest(tmp_path):
    write_cohort(tmp_path / "src", [scan(0)])
    (tmp_path / "src" / "cohort.json").unlink()
    verdicts = []
    with pytest.raises(DataError, match="found no scan that can be imported"):
        import_folder(tmp_path / "src", tmp_path / "out", ImportOptions(), verdicts.append)
    assert "found the columns of a cohort and no cohort.json" in verdicts[0].reason


FEATURES = {
    "image": Image(),
    "orientation": ClassLabel(names=["rv-rf", "av-af"]),
    "patient": Value("string"),
    "field_strength": Value("float64"),
}


def write_images(path, images, features=FEATURES, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {"image": [{"bytes": image, "path": None} for image in images]} | columns
    rows = [dict(zip(given, values, strict=True)) for values in zip(*given.values(), strict=True)]
    schema = Features({name: features[name] for name in given}).arrow_schema
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def tiff(pixels) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, format="TIFF")
    return buffer.getvalue()


def test_images_of_others(tmp_path):
    pixels = [anatomy(0)[0], anatomy(1)[0], (anatomy(2)[0] // 4).astype(np.uint8)]
    images = [encode_png(pixels[0]), tiff(pixels[1]), encode_png(pixels[2])]
    write_images(
        tmp_path / "src" / "data" / "test-0.parquet",
        images,
        orientation=[1, 0, None],
        patient=["anna", "berta", "anna"],
        field_strength=[2.9, None, 1.5],
    )
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out", source="others")
    scans = {one.pixels.tobytes(): one for one in cohort.scans()}
    found = [scans[one.tobytes()] for one in pixels]
    assert [one.pixels.dtype for one in found] == [np.uint16, np.uint16, np.uint8]
    assert [one.orientation for one in found] == [Orientation.AV_AF, Orientation.RV_RF, Orientation.AMBIGUOUS]
    assert [one.field_strength for one in found] == [3.0, None, 1.5]
    assert {(one.split, one.source, one.spacing_mm) for one in found} == {(Split.TEST, "others", (1.0, 1.0))}
    assert len({one.patient_id for one in found}) == 2
    assert (cohort.manifest.dims, cohort.manifest.intensity, cohort.manifest.view) == (2, "native", View.FULL)
    assert any(
        "no column spacing_mm; took pixels of 1.0 mm" in line for line in verdicts["data/test-0.parquet"].warnings
    )
    assert load_cohort(tmp_path / "out").manifest == cohort.manifest


def test_splits_by_the_card(tmp_path):
    for number, name in enumerate("ab"):
        write_images(tmp_path / "src" / f"{name}.parquet", [encode_png(anatomy(number)[0])])
    files = "- {split: val, path: a.parquet}\n  - {split: train, path: b.parquet}"
    (tmp_path / "src" / "README.md").write_text(f"---\nconfigs:\n- config_name: x\n  data_files:\n  {files}\n---\n")
    cohort, _ = run(tmp_path / "src", tmp_path / "out")
    splits = {one.pixels.tobytes(): one.split for one in cohort.scans()}
    assert splits[anatomy(0)[0].tobytes()] is Split.VALIDATION
    assert splits[anatomy(1)[0].tobytes()] is Split.TRAIN


def test_without_splits_patients_are_dealt(tmp_path):
    images = [encode_png(anatomy(number)[0]) for number in range(14)]
    write_images(tmp_path / "src" / "rows.parquet", images, patient=[f"p{number // 2}" for number in range(14)])
    cohort, _ = run(tmp_path / "src", tmp_path / "out")
    assert {*cohort.manifest.splits} == {*Split}
    homes: dict[str, set[Split]] = {}
    for one in cohort.scans():
        homes.setdefault(one.patient_id, set()).add(one.split)
    assert len(homes) == 7
    assert all(len(splits) == 1 for splits in homes.values())


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (encode_png(anatomy()[0][:40]), "70 x 40 pixels, expected at least 64"),
        (encode_png(np.zeros((80, 80), np.uint8)), "1 distinct values"),
        (encode_png(np.zeros((80, 80, 3), np.uint8)), "a PNG of mode RGB"),
        (b"\x89PNG", "not a readable PNG or TIFF"),
        (None, "no picture in its table"),
    ],
)
def test_a_bad_image_is_one_line(tmp_path, image, reason):
    write_images(tmp_path / "src" / "rows.parquet", [image, encode_png(anatomy()[0])])
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    assert len(cohort) == 1
    assert reason in verdicts["rows.parquet row 0"].reason


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("---\nconfigs: [\n---\n", "not a readable card"),
        ("---\nconfigs: 3\n---\n", "configs that are no list"),
        ("---\nconfigs:\n- data_files: [{path: ../x.parquet}]\n---\n", "expected one inside the folder"),
        ("---\nconfigs:\n- data_files: [{path: none-*.parquet}]\n---\n", "no Parquet file at none"),
        ("---\nconfigs:\n- data_files: [7]\n---\n", "expected a split and a path"),
    ],
)
def test_a_bad_card(tmp_path, card, message):
    write_images(tmp_path / "src" / "rows.parquet", [encode_png(anatomy()[0])])
    (tmp_path / "src" / "README.md").write_text(card)
    with pytest.raises(DataError, match=message):
        run(tmp_path / "src", tmp_path / "out")


def test_damaged_parquet_and_other_columns(tmp_path):
    write_images(tmp_path / "src" / "good.parquet", [encode_png(anatomy()[0])])
    (tmp_path / "src" / "bad.parquet").write_bytes(b"PAR1")
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "src" / "text.parquet")
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    assert len(cohort) == 1
    assert "not readable as Parquet" in verdicts["bad.parquet"].reason
    assert verdicts["text.parquet"].reason == "text.parquet: found columns text, expected one called image"


def test_a_stray_table_among_scans_does_not_hide_them(tmp_path):
    write_nifti(tmp_path / "src" / "a.nii")
    write_images(tmp_path / "src" / "rows.parquet", [encode_png(anatomy()[0])])
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    assert (cohort.manifest.dims, [*verdicts]) == (3, ["a.nii"])


def test_labels_are_no_use_for_a_data_set(tmp_path):
    write_cohort(tmp_path / "src", [scan(0)])
    with pytest.raises(UsageError, match="--labels: found a data set in"):
        run(tmp_path / "src", tmp_path / "out", labels=Labels({"scan-0": ScanLabel(Orientation.AV_AF)}))
