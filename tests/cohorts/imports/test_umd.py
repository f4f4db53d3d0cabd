import gzip
import shutil

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthuterus_bench.cohorts.imports.bids import Labels, read_labels
from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.cohorts.imports.umd import LABELS, case_number, cases_in, keys_of, read_figo
from synthuterus_bench.errors import DataError, ScanError, UsageError
from synthuterus_bench.vocab import Label, Orientation, Sequence, Vendor
from tests.cohorts.imports.synthetic import write_nifti
from tests.cohorts.imports.test_scrub import every_byte
from tests.cohorts.imports.umd_tree import (
    MISNAMED,
    NUMBERS,
    SEQ,
    SPACING,
    case_name,
    image_of,
    labels_shown,
    mask_of,
    write_umd,
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return write_umd(tmp_path_factory.mktemp("figshare"))


@pytest.fixture(scope="module")
def imported(tree, tmp_path_factory):
    verdicts = []
    figo = {f"{number:03}": "2-5" for number in (1, 37)}
    options = ImportOptions(labels=Labels(figo=figo))
    cohort = import_folder(tree, tmp_path_factory.mktemp("out") / "umd", options, verdicts.append)
    scans = {scan.scan_id: scan for scan in cohort.scans()}
    numbers = {int(verdict.name.split("/")[-2][-3:]): verdict for verdict in verdicts}
    return cohort, verdicts, {number: scans[verdict.scan_id] for number, verdict in numbers.items()}


def test_the_tree_has_all_the_defects(tree):
    masks = sorted((tree / "UMD" / "UMD").glob("*/*_se[gq].nii.gz"))
    raw = [path for path in masks if path.read_bytes()[:2] != b"\x1f\x8b"]
    assert len(masks) == len(NUMBERS)
    assert sum(path.name.endswith("_seq.nii.gz") for path in masks) == len(SEQ) == 33
    assert len(raw) == 34
    for path in raw:
        assert nibabel.Nifti1Image.from_bytes(path.read_bytes()).header.get_zooms() == (1, 1, 1)
    assert [path.name for path in masks if "2221129" in path.name] == [f"UMD_2221129_{MISNAMED:03}_seg.nii.gz"]
    image = nibabel.load(tree / "UMD" / "UMD" / case_name(1) / f"{case_name(1)}_t2.nii.gz")
    assert "".join(nibabel.aff2axcodes(image.affine)) == "PIR"


def test_every_case_becomes_one_scan_of_one_patient(imported):
    cohort, verdicts, scans = imported
    assert [verdict.reason for verdict in verdicts if verdict.reason] == []
    assert [warning for verdict in verdicts for warning in verdict.warnings] == []
    assert sorted(scans) == [*NUMBERS]
    assert len({scan.patient_id for scan in scans.values()}) == len(NUMBERS)
    assert cohort.manifest.name == "umd"
    assert {scan.source for scan in scans.values()} == {"umd"}
    assert {scan.orientation for scan in scans.values()} == {Orientation.AMBIGUOUS}


def test_images_are_canonical_and_masks_lie_on_them(imported):
    _, _, scans = imported
    ours = np.zeros(5, np.uint8)
    ours[[*LABELS]] = [*LABELS.values()]
    for number, scan in scans.items():
        np.testing.assert_array_equal(scan.pixels, image_of(number))
        assert scan.spacing_mm == pytest.approx(SPACING)
        np.testing.assert_array_equal(scan.mask, ours[labels_shown(scan.pixels)])
        np.testing.assert_array_equal(scan.mask, ours[mask_of(number)])
        assert {*np.unique(scan.mask)} == {0, Label.MYOMETRIUM, Label.ENDOMETRIUM, Label.MYOMA, Label.CYST}


def test_facts_only_where_a_dicom_says_so(imported):
    """The odd cases have one; its description, which names another plane, does not turn the NIfTI."""
    for number, scan in imported[2].items():
        facts = (scan.field_strength, scan.sequence, scan.vendor)
        assert facts == ((3.0, Sequence.TSE, Vendor.SIEMENS) if number % 2 else (None, None, None))


def test_figo_types(imported):
    types = {number: scan.figo for number, scan in imported[2].items() if scan.figo}
    assert types == {1: "2-5", 37: "2-5"}


def test_nothing_of_the_dicom_survives(imported):
    content = every_byte(imported[0].root)
    assert [needle for needle in ("043Y", "UMD_221129", "1.9.", "copied") if needle.encode() in content] == []


@pytest.mark.parametrize("part", ["UMD", "UMD/UMD", f"UMD/UMD/{case_name(37)}"])
def test_found_from_any_folder_above(tree, tmp_path, part):
    cohort = import_folder(tree / part, tmp_path / "out", ImportOptions(source="mine"))
    assert len(cohort) == (1 if part.endswith("037") else len(NUMBERS))
    assert cohort.manifest.name == "mine"
    assert all(scan.mask is not None for scan in cohort.scans())


@pytest.fixture
def case(tree, tmp_path):
    folder = tmp_path / "src" / case_name(1)
    shutil.copytree(tree / "UMD" / "UMD" / case_name(1), folder)
    return folder


def run(src, out, **options):
    verdicts = []
    cohort = import_folder(src, out, ImportOptions(**options), verdicts.append)
    return [*cohort.scans()], verdicts


def test_without_a_mask_with_a_warning(case, tmp_path):
    next(case.glob("*_seq*")).unlink()
    scans, verdicts = run(case.parent, tmp_path / "out")
    assert scans[0].mask is None
    assert "found no mask beside it, expected" in verdicts[0].warnings[0]


def test_without_the_nifti_its_dicom_is_read(case, tmp_path):
    next(case.glob("*_t2*")).unlink()
    scans, verdicts = run(case.parent, tmp_path / "out")
    np.testing.assert_array_equal(scans[0].pixels, image_of(1))
    assert [verdict.reason for verdict in verdicts if verdict.reason] != []


def test_a_damaged_dicom_costs_the_facts_alone(case, tmp_path):
    for path in case.glob("*.dcm"):
        path.write_bytes(b"\0" * 140)
    scans, verdicts = run(case.parent, tmp_path / "out")
    assert scans[0].field_strength is None
    assert verdicts[0].warnings[0].endswith("field strength and sequence stay unknown")


@pytest.mark.parametrize("damage", [lambda raw: raw[:-50], lambda raw: raw[:352] + bytes([9]) + raw[353:]])
def test_a_damaged_mask_is_refused(case, tmp_path, damage):
    path = next(case.glob("*_seq*"))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ScanError, match=r"mask UMD_221129_001_seq\.nii\.gz: found .*, expected "):
        run(case.parent, tmp_path / "out", strict=True)


def test_a_zipped_mask_under_the_plain_name_is_read(case, tmp_path):
    path = next(case.glob("*_seq*"))
    path.with_name(path.name.removesuffix(".nii.gz")).write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert run(case.parent, tmp_path / "out")[0][0].mask is not None


def test_other_folders_are_left_alone(tmp_path):
    paths = [tmp_path / "sub-01" / "a_t2.nii.gz", tmp_path / case_name(1) / "a_t2.nii.gz"]
    cases, others = cases_in(paths)
    assert [case.image for case in cases] == paths[1:]
    assert others == paths[:1]


@pytest.mark.parametrize("name", ["37", "037", case_name(37), "UMD_2221129_037_seg", f"{case_name(37)}_t2.nii.gz"])
def test_a_case_by_any_of_its_names(name):
    assert case_number(name) == "037"
    assert set(keys_of(case_name(37))) == {"37", "037", case_name(37)}


@pytest.mark.parametrize("name", ["", "x37", "1037", "sub-037", "UMD_037"])
def test_no_case(name):
    assert case_number(name) is None


def test_figo_table(tmp_path):
    path = tmp_path / "figo.tsv"
    path.write_text("case\tfigo\n1\t4\nUMD_221129_037\t2-5\n300\t\n")
    assert read_figo(path) == {"001": "4", "037": "2-5"}
    path = tmp_path / "labels.csv"
    path.write_text(f"id,orientation,figo\n037,rv-af,3; 6\n{case_name(2)},,n/a\n")
    rows = read_labels(path).rows
    assert (rows["037"].orientation, rows["037"].figo) == (Orientation.RV_AF, "3; 6")
    assert rows[case_name(2)].figo is None


def test_figo_types_need_cases(tmp_path):
    write_nifti(tmp_path / "src" / "a.nii.gz")
    with pytest.raises(UsageError, match="--figo: found no case of UMD"):
        run(tmp_path / "src", tmp_path / "out", labels=Labels(figo={"001": "4"}))


def test_labels_of_a_case_reach_it(case, tmp_path):
    (tmp_path / "labels.csv").write_text("id,orientation,figo\n001,rv-rf,0\n")
    labels = read_labels(tmp_path / "labels.csv")
    (scan,), _ = run(case.parent, tmp_path / "out", labels=labels)
    assert (scan.orientation, scan.figo) == (Orientation.RV_RF, "0")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a,b\n", r"found columns \['a', 'b'\], expected id and figo"),
        ("id,figo\nJane,4\n", "line 2: found case 'Jane', expected three digits"),
        ("id,figo\n1,4\n001,5\n", "line 3: found case '001', expected each case once"),
        ("id,figo\n1,seen by Dr House\n", "line 2: found FIGO type 'seen by Dr House', expected one of 0 to 8"),
        ("id,figo\n1,9\n", "expected one of 0 to 8"),
    ],
)
def test_bad_figo_tables(tmp_path, text, found):
    (tmp_path / "figo.csv").write_text(text)
    with pytest.raises(DataError, match=found):
        read_figo(tmp_path / "figo.csv")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_of_a_case_ends_in_a_verdict(tree, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    shutil.copytree(tree / "UMD" / "UMD" / case_name(1), folder / "src" / case_name(1))
    kind = data.draw(st.sampled_from(["*_t2.nii.gz", "*_seq.nii.gz", "*_01.dcm"]))
    path = next((folder / "src" / case_name(1)).glob(kind))
    raw = bytearray(path.read_bytes())
    place = data.draw(st.one_of(st.integers(0, 600), st.integers(0, len(raw) - 1)))
    if data.draw(st.booleans()):
        raw[place] = data.draw(st.integers(0, 255))
    else:
        raw = raw[:place]
    path.write_bytes(raw)
    try:
        scans, verdicts = run(folder / "src", folder / "out")
    except DataError as error:
        told = error.message
    else:
        told = ""
        assert len(scans) == len(verdicts) == 1
    assert "\n" not in told
