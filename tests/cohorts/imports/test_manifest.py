import shutil

import numpy as np
import pytest
from nibabel import Nifti1Image, save

from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.cohorts.imports.verdict import tally
from synthuterus_bench.errors import DataError, Refusal, ScanError
from synthuterus_bench.vocab import Label, Orientation, Sequence, Split, Vendor
from tests.cohorts.imports.synthetic import SHAPE, SPACING, anatomy, reordered, write_nifti, write_series
from tests.cohorts.imports.test_axes import turn


def run(table, out, **options):
    verdicts = []
    cohort = import_folder(table, out, ImportOptions(**options), verdicts.append)
    return [*cohort.scans()], {verdict.name: verdict for verdict in verdicts}


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def uterus() -> np.ndarray:
    slices, rows, columns = np.indices(SHAPE)
    inside = (abs(slices - 2) < 2) & (abs(rows - 40) < 12) & (abs(columns - 30) < 9)
    return np.where(inside, Label.MYOMETRIUM, Label.BACKGROUND).astype(np.uint8)


def test_everything_a_row_can_say(tmp_path):
    write_nifti(tmp_path / "scans" / "a.nii.gz", sidecar={"Manufacturer": "GE", "MagneticFieldStrength": 1.5})
    save(Nifti1Image(uterus().transpose(2, 1, 0), np.eye(4)), tmp_path / "scans" / "a_mask.nii.gz")
    table = write(
        tmp_path / "scans.csv",
        "path,mask,patient,session,orientation,figo,split,field_strength,sequence,contrast",
        "scans/a.nii.gz,scans/a_mask.nii.gz,anna,2021-03-04,RV-AF,2-5,test,2.89,haste,yes",
    )
    (scan,), _ = run(table, tmp_path / "out")
    np.testing.assert_array_equal(scan.pixels, anatomy())
    np.testing.assert_array_equal(scan.mask, uterus())
    assert (scan.orientation, scan.figo, scan.split) == (Orientation.RV_AF, "2-5", Split.TEST)
    assert (scan.field_strength, scan.sequence, scan.vendor, scan.contrast) == (3.0, Sequence.HASTE, Vendor.GE, True)
    assert scan.session not in (None, "2021-03-04")


def test_a_mask_is_straightened_with_its_image(tmp_path):
    stored, affine = reordered(anatomy(), SPACING, (2, 1, 0), (False, True, False))
    mask, _ = reordered(uterus(), SPACING, (2, 1, 0), (False, True, False))
    save(Nifti1Image(np.ascontiguousarray(stored), turn(8, 2) @ affine), tmp_path / "a.nii")
    save(Nifti1Image(np.ascontiguousarray(mask), np.eye(4)), tmp_path / "m.nii")
    (scan,), verdicts = run(write(tmp_path / "t.csv", "path,mask", "a.nii,m.nii"), tmp_path / "out")
    assert scan.mask.shape == scan.pixels.shape != SHAPE
    assert scan.mask.sum() == pytest.approx(uterus().sum(), rel=0.1)
    assert "oblique by 8.0 degrees" in verdicts["a.nii"].warnings[0]


def test_tabs_folders_of_dicom_and_paths_upwards(tmp_path):
    write_series(tmp_path / "series")
    write_nifti(tmp_path / "b.nii", anatomy(1))
    table = write(tmp_path / "deep" / "t.tsv", "path\tpatient", "../series\tn/a", "../b.nii\tberta", "../none.nii\t")
    scans, verdicts = run(table, tmp_path / "out")
    assert len(scans) == len({scan.patient_id for scan in scans}) == 2
    assert verdicts["../none.nii"].reason == (
        "t.tsv line 4: found no path '../none.nii', expected a file or folder there"
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",,,", "t.csv line 3: found no path, expected a file relative to the table"),
        ("a.nii,up,,", "t.csv line 3: found orientation 'up', expected one of av-af, "),
        ("a.nii,,9,", "t.csv line 3: found FIGO type '9', expected one of 0 to 8, "),
        ("a.nii,,,m.nii", "t.csv line 3: found no mask 'm.nii', expected a file"),
        ("series,,,b.nii", "t.csv line 3: found a mask beside DICOM, expected a NIfTI image with it"),
        ("both,,,", "t.csv line 3: found 2 scans at both, expected one"),
        ("x.png,,,", "t.csv line 3: x.png: found a damaged picture, expected a scan volume"),
        ("notes.txt,,,", "notes.txt: found 1 files and no scan among them"),
        ("a.nii,,,b.nii", "a.nii: mask b.nii: found labels 20, 21, "),
    ],
)
def test_a_bad_row_is_one_line_and_the_rest_goes_on(tmp_path, row, reason):
    for number, name in enumerate(("good.nii", "a.nii", "b.nii", "both/a.nii", "both/b.nii")):
        write_nifti(tmp_path / name, anatomy(number) + 20)
    write_series(tmp_path / "series", anatomy(7))
    for name in ("notes.txt", "x.png"):
        (tmp_path / name).write_text("x")
    table = write(tmp_path / "t.csv", "path,orientation,figo,mask", "good.nii,,,", row)
    scans, verdicts = run(table, tmp_path / "out")
    assert len(scans) == 1
    (refused,) = [verdict for verdict in verdicts.values() if verdict.reason]
    assert reason in refused.reason
    assert "\n" not in refused.reason
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(ScanError):
        run(table, tmp_path / "out", strict=True)


def test_a_patient_has_one_split(tmp_path):
    for number, name in enumerate("abcd"):
        write_nifti(tmp_path / f"{name}.nii", anatomy(number))
    table = write(
        tmp_path / "t.csv",
        "path,patient,split",
        "a.nii,anna,test",
        "b.nii,anna,",
        "c.nii,carla,test",
        "d.nii,carla,train",
    )
    scans, verdicts = run(table, tmp_path / "out")
    assert [scan.split for scan in scans] == [Split.TEST, Split.TEST]
    for name in ("c.nii", "d.nii"):
        assert "found a patient in test and train, expected one split a patient" in verdicts[name].reason
    assert tally(verdicts.values()).kinds == {Refusal.ROW: 2}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["path,colour", "a.nii,red"], "found columns path, colour, expected path and any of mask, orientation"),
        (["file", "a.nii"], "found columns file, expected path and any of"),
        (["path,path", "a.nii,b.nii"], "expected each of them once"),
        ([""], "expected path and any of"),
        (["path", "\0"], "t.csv"),
    ],
)
def test_a_table_that_is_none(tmp_path, lines, message):
    with pytest.raises(DataError, match=message):
        run(write(tmp_path / "t.csv", *lines), tmp_path / "out")


def test_labels_fill_what_rows_leave_open(tmp_path):
    from synthuterus_bench.cohorts.imports.bids import read_labels

    write_nifti(tmp_path / "a.nii")
    labels = read_labels(write(tmp_path / "figo.csv", "id,figo,orientation", "a.nii,4,av-af"))
    table = write(tmp_path / "t.csv", "path,orientation", "a.nii,rv-rf")
    (scan,), _ = run(table, tmp_path / "out", labels=labels)
    assert (scan.figo, scan.orientation) == ("4", Orientation.RV_RF)
