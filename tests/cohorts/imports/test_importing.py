import shutil
import tracemalloc

import nibabel
import numpy as np
import pytest
from PIL import Image

from synthuterus_bench.cohorts.imports.bids import Labels, ScanLabel
from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import DataError, Refusal, ScanError, UsageError
from synthuterus_bench.repro import digest_file
from synthuterus_bench.vocab import Orientation, Sequence, Split, Vendor, View
from tests.cohorts.imports.synthetic import SPACING, anatomy, reordered, write_nifti, write_series
from tests.cohorts.imports.test_axes import turn


def run(src, out, **options):
    verdicts = []
    cohort = import_folder(src, out, ImportOptions(**options), verdicts.append)
    return cohort, {verdict.name: verdict for verdict in verdicts}


def test_dicom_and_nifti_of_one_anatomy_agree(tmp_path):
    write_series(tmp_path / "dicom")
    write_nifti(tmp_path / "nifti" / "a.nii.gz", order=(1, 0, 2), flips=(True, False, True))
    cohort = run(tmp_path / "dicom", tmp_path / "one")[0]
    scans = [*cohort.scans(), *run(tmp_path / "nifti", tmp_path / "two")[0].scans()]
    assert len(scans) == 2
    for scan in scans:
        np.testing.assert_array_equal(scan.pixels, anatomy())
        assert scan.spacing_mm == pytest.approx(SPACING)
        assert scan.orientation is Orientation.AMBIGUOUS
        assert scan.source == "import"
    assert cohort.manifest.intensity == "native"
    assert (cohort.manifest.view, cohort.manifest.dims) == (View.FULL, 3)


def test_facts_come_from_headers_and_sidecars(tmp_path):
    write_series(tmp_path / "src" / "dicom")
    sidecar = {"MagneticFieldStrength": 1.5, "Manufacturer": "GE", "SeriesDescription": "SSFSE sag", "EchoTime": 0.09}
    write_nifti(tmp_path / "src" / "sub-01_T2w.nii.gz", anatomy(1), sidecar=sidecar)
    scans = {scan.vendor: scan for scan in run(tmp_path / "src", tmp_path / "out")[0].scans()}
    assert (scans[Vendor.SIEMENS].field_strength, scans[Vendor.SIEMENS].sequence) == (3.0, Sequence.TSE)
    assert (scans[Vendor.GE].field_strength, scans[Vendor.GE].sequence) == (1.5, Sequence.HASTE)


def test_one_verdict_for_each_and_the_rest_goes_on(tmp_path):
    src = tmp_path / "src"
    write_series(src / "good")
    write_series(src / "ct", Modality="CT")
    write_nifti(src / "cut.nii.gz").write_bytes(b"\x1f\x8b")
    Image.new("RGB", (30, 20)).save(src / "thumb.png")
    (src / "scan.nrrd").write_text("x")
    (src / "notes.txt").write_text("x")
    (src / ".hidden.nii").write_text("x")
    cohort, verdicts = run(src, tmp_path / "out")
    assert len(cohort) == 1
    assert sorted(verdicts) == ["ct", "cut.nii.gz", "good", "scan.nrrd", "thumb.png"]
    assert verdicts["good"].reason is None
    assert verdicts["thumb.png"].reason == (
        "thumb.png: found a picture (RGB, 30 x 20 pixels), expected a scan volume (DICOM or NIfTI)"
    )
    for name in ("ct", "cut.nii.gz", "scan.nrrd"):
        assert verdicts[name].reason.startswith(f"{name}: found ")
        assert ", expected " in verdicts[name].reason


def test_a_damaged_slice_is_named_and_ends_its_series(tmp_path):
    write_series(tmp_path / "src" / "good")
    bad = write_series(tmp_path / "src" / "bad", uid="9.9")[5]
    bad.write_bytes(bad.read_bytes()[:-10])
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    assert len(cohort) == 1
    assert "truncated" in verdicts["bad/005.dcm"].reason
    assert "005.dcm" in verdicts["bad"].reason


def test_strict_stops_and_leaves_nothing(tmp_path):
    write_series(tmp_path / "src" / "good")
    write_series(tmp_path / "src" / "ct", Modality="CT")
    with pytest.raises(ScanError, match="modality CT"):
        run(tmp_path / "src", tmp_path / "out", strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["src"]


def test_nothing_to_import_leaves_nothing(tmp_path):
    write_series(tmp_path / "src", Modality="CT")
    with pytest.raises(DataError, match="found no scan that can be imported, expected"):
        run(tmp_path / "src", tmp_path / "deep" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["src"]


def test_missing_and_empty_source(tmp_path):
    with pytest.raises(UsageError, match="no such file or folder"):
        run(tmp_path / "none", tmp_path / "out")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match="found 1 files and no scan among them"):
        run(tmp_path / "src", tmp_path / "out")


def test_an_existing_folder_is_not_overwritten(tmp_path):
    write_series(tmp_path / "src")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x")
    with pytest.raises(DataError, match="expected nothing there yet"):
        run(tmp_path / "src", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["precious"]


def test_a_second_import_gives_the_same_bytes_and_another_salt_other_names(tmp_path):
    for number in range(4):
        write_series(tmp_path / "src" / str(number), anatomy(number), uid=f"7.{number}", PatientID=f"p{number}")
    first, _ = run(tmp_path / "src", tmp_path / "out")
    digests = {path.name: digest_file(path) for path in first.root.rglob("*") if path.is_file()}
    names = {scan.patient_id for scan in first.scans()}
    shutil.rmtree(first.root)
    again, _ = run(tmp_path / "src", tmp_path / "out")
    assert {path.name: digest_file(path) for path in again.root.rglob("*") if path.is_file()} == digests
    other, _ = run(tmp_path / "src", tmp_path / "other")
    assert names.isdisjoint(scan.patient_id for scan in other.scans())


def test_patients_stay_in_one_split(tmp_path):
    for number in range(12):
        header = {"PatientID": f"p{number // 2}"}
        write_series(tmp_path / "src" / str(number), anatomy(number), uid=f"7.{number}", **header)
    cohort, _ = run(tmp_path / "src", tmp_path / "out")
    splits: dict[str, set[Split]] = {}
    for scan in cohort.scans():
        splits.setdefault(scan.patient_id, set()).add(scan.split)
    assert len(splits) == 6
    assert all(len(found) == 1 for found in splits.values())
    assert set().union(*splits.values()) == {*Split}


@pytest.mark.parametrize(
    ("files", "patients"),
    [
        (["a.nii", "b.nii"], 2),
        (["one/a.nii", "one/b.nii"], 1),
        (["one/a.nii", "two/a.nii"], 2),
        (["x/sub-01_run-1_T2w.nii", "y/sub-01_run-2_T2w.nii"], 1),
    ],
)
def test_who_is_a_patient(tmp_path, files, patients):
    for number, name in enumerate(files):
        write_nifti(tmp_path / "src" / name, anatomy(number))
    cohort, _ = run(tmp_path / "src", tmp_path / "out")
    assert len({scan.patient_id for scan in cohort.scans()}) == patients
    assert len({scan.scan_id for scan in cohort.scans()}) == len(files)


def test_labels_go_before_participants(tmp_path):
    src = tmp_path / "src"
    for number, subject in enumerate(("sub-01", "sub-02")):
        write_nifti(src / subject / f"{subject}_T2w.nii.gz", anatomy(number))
    (src / "participants.tsv").write_text("participant_id\torientation\nsub-01\tav-af\nsub-02\tav-af\n")
    labels = Labels({"sub-02": ScanLabel(Orientation.RV_RF)})
    cohort, _ = run(src, tmp_path / "out", labels=labels)
    assert sorted(scan.orientation for scan in cohort.scans()) == [Orientation.AV_AF, Orientation.RV_RF]


def test_labels_can_join_patients(tmp_path):
    for number, name in enumerate(("a.nii", "b.nii")):
        write_nifti(tmp_path / "src" / name, anatomy(number))
    labels = Labels({"a.nii": ScanLabel(patient="anna"), "b": ScanLabel(patient="anna")})
    cohort, _ = run(tmp_path / "src", tmp_path / "out", labels=labels)
    assert len({scan.patient_id for scan in cohort.scans()}) == 1


def test_a_single_file(tmp_path):
    path = write_nifti(tmp_path / "a.nii.gz")
    assert len(run(path, tmp_path / "out")[0]) == 1
    assert len(load_cohort(tmp_path / "out")) == 1


def test_t1_by_its_sidecar_is_refused(tmp_path):
    write_nifti(tmp_path / "src" / "a.nii.gz", sidecar={"EchoTime": 0.011})
    with pytest.raises(ScanError, match="echo time of 11 ms"):
        run(tmp_path / "src", tmp_path / "out", strict=True)


def test_ct_by_its_sidecar_is_refused(tmp_path):
    write_nifti(tmp_path / "src" / "a.nii.gz", sidecar={"Modality": "CT"})
    with pytest.raises(ScanError, match="modality CT in its sidecar"):
        run(tmp_path / "src", tmp_path / "out", strict=True)


def test_voxels_that_came_before_are_refused_by_the_name_they_came_by(tmp_path):
    """A NIfTI made from the DICOM beside it, and a copy stored in another order: the DICOM stays, for its header."""
    write_series(tmp_path / "src" / "dicom")
    write_nifti(tmp_path / "src" / "dicom" / "made.nii.gz", order=(0, 2, 1), flips=(True, True, False))
    write_nifti(tmp_path / "src" / "sub-01_T2w.nii", sidecar={"EchoTime": 0.1})
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    (scan,) = cohort.scans()
    assert scan.vendor is Vendor.SIEMENS
    for name in ("dicom/made.nii.gz", "sub-01_T2w.nii"):
        assert verdicts[name].reason == f"{name}: found the same voxels as in dicom, expected each scan once"
        assert verdicts[name].kind is Refusal.DUPLICATE


def test_an_oblique_scan_and_its_copy_are_one(tmp_path):
    """Before resampling, so that the last digits of an affine do not matter."""
    (tmp_path / "src").mkdir()
    for name, order in (("a.nii", (2, 1, 0)), ("b.nii", (0, 1, 2))):
        stored, affine = reordered(anatomy(), SPACING, order, (False, False, False))
        nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(stored), turn(9, 2) @ affine), tmp_path / "src" / name)
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    assert len(cohort) == 1
    assert sorted(verdict.kind is Refusal.DUPLICATE for verdict in verdicts.values()) == [False, True]


def test_sessions_are_told_apart_and_hidden(tmp_path):
    names = ("sub-01/ses-20190304", "sub-01/ses-b", "sub-02/ses-b", "sub-03")
    for number, name in enumerate(names):
        write_nifti(tmp_path / "src" / name / "anat" / f"{name.replace('/', '_')}_T2w.nii", anatomy(number))
    for number, study in enumerate(("1.5.1", "1.5.2", "1.5.2")):
        header = {"StudyInstanceUID": study, "PatientID": "anna"}
        write_series(tmp_path / "src" / f"d{number}", anatomy(9 + number), uid=f"7.{number}", **header)
    cohort, verdicts = run(tmp_path / "src", tmp_path / "out")
    by_id = {scan.scan_id: scan.session for scan in cohort.scans()}
    sessions = {name: by_id[verdict.scan_id] for name, verdict in verdicts.items()}
    nifti = [session for name, session in sessions.items() if name.startswith("sub")]
    assert nifti.count(None) == 1
    assert len({*nifti}) == 4
    assert sessions["d0"] != sessions["d1"] == sessions["d2"]
    assert "20190304" not in str(sessions.values())


def test_a_nifti_2_volume_imports(tmp_path):
    write_nifti(tmp_path / "src" / "a.nii", kind=nibabel.Nifti2Image)
    cohort, _ = run(tmp_path / "src", tmp_path / "out")
    np.testing.assert_array_equal(next(cohort.scans()).pixels, anatomy())


def test_sidecar_steps_that_contradict_the_affine(tmp_path):
    write_nifti(tmp_path / "src" / "a.nii", sidecar={"SpacingBetweenSlices": 8})
    write_nifti(tmp_path / "src" / "b.nii", anatomy(1), sidecar={"SpacingBetweenSlices": 2})
    write_nifti(tmp_path / "src" / "c.nii", anatomy(2), sidecar={"SliceThickness": 2})
    _, verdicts = run(tmp_path / "src", tmp_path / "out")
    assert [verdicts[name].kind for name in ("a.nii", "b.nii", "c.nii")] == [Refusal.GEOMETRY, Refusal.GAP, None]
    assert verdicts["c.nii"].warnings == ("c.nii: gaps of 2.0 mm between slices of 2.0 mm",)


def test_memory_does_not_grow_with_scans(tmp_path):
    """What an import keeps of a scan it has written is its row in a shard of ten, and a digest."""
    for number in range(24):
        write_nifti(tmp_path / "few" / f"{number % 12}.nii", anatomy(number % 12))
        write_nifti(tmp_path / "many" / f"{number}.nii", anatomy(number))
    peaks = []
    for name in ("few", "few", "many"):
        tracemalloc.start()
        run(tmp_path / name, tmp_path / f"out-{len(peaks)}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.3 * peaks[1]


@pytest.mark.parametrize("sidecar", [{"ImageType": ["ORIGINAL", "LOCALIZER"]}, {"SeriesDescription": "sag_t2_scout"}])
def test_a_localizer_by_its_sidecar_is_refused(tmp_path, sidecar):
    write_nifti(tmp_path / "src" / "a.nii.gz", sidecar=sidecar)
    with pytest.raises(ScanError, match="found a localizer, expected a sagittal T2 stack") as caught:
        run(tmp_path / "src", tmp_path / "out", strict=True)
    assert caught.value.kind is Refusal.LOCALIZER
