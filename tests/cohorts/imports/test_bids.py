from pathlib import Path, PurePosixPath

import pytest

from synthuterus_bench.cohorts.imports.axes import STANDARD_COSINES, Plane
from synthuterus_bench.cohorts.imports.bids import (
    Labels,
    ScanLabel,
    plane_named,
    read_labels,
    read_sidecar,
    sidecar_cosines,
    stem,
    subject_of,
)
from synthuterus_bench.errors import DataError, ScanError
from synthuterus_bench.vocab import Orientation


def test_stem():
    assert stem(Path("x/sub-01_T2w.nii.gz")) == "sub-01_T2w"
    assert stem(Path("a.b.NII")) == "a.b"


def test_sidecar_lies_beside_its_image(tmp_path):
    (tmp_path / "a_T2w.json").write_text('{"EchoTime": 0.1}')
    assert read_sidecar(tmp_path / "a_T2w.nii.gz", "a") == {"EchoTime": 0.1}
    assert read_sidecar(tmp_path / "b_T2w.nii.gz", "b") == {}


@pytest.mark.parametrize("text", ["{", "[1]", "\xff"])
def test_broken_sidecar(tmp_path, text):
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ScanError, match=r"^a: found a sidecar .*, expected an object$"):
        read_sidecar(tmp_path / "a.nii", "a")


def test_cosines_of_numbers_go_before_words():
    numbers = [1, 0, 0, 0, 1, 0]
    assert sidecar_cosines({"ImageOrientationPatientDICOM": numbers, "SeriesDescription": "t2_sag"}) == (*numbers,)
    assert sidecar_cosines({"SeriesDescription": "t2_tse_sag"}) == STANDARD_COSINES[Plane.SAGITTAL]
    assert sidecar_cosines({"ImageOrientationPatientDICOM": [1, 0]}) is None
    assert sidecar_cosines({"SeriesDescription": "T2_haste_3mm"}) is None


@pytest.mark.parametrize(
    ("text", "plane"),
    [
        ("t2_tse_sag_320", Plane.SAGITTAL),
        ("T2 Axial", Plane.AXIAL),
        ("t2_tra", Plane.AXIAL),
        ("COR T2", Plane.CORONAL),
        ("sag and cor", None),
        ("massage of the maximum", None),
    ],
)
def test_plane_named(text, plane):
    assert plane_named(text) is plane


def test_subject():
    assert subject_of(PurePosixPath("data/sub-01/anat/sub-01_run-1_T2w.nii.gz")) == "sub-01"
    assert subject_of(PurePosixPath("data/xsub-01.nii.gz")) is None


def test_labels(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("id,orientation,patient\na.nii.gz,AV-RF,\nsub-02,,anna\nsub-03,n/a,\n")
    labels = read_labels(table)
    assert labels.of("nothing", "a.nii.gz") == ScanLabel(Orientation.AV_RF)
    assert labels.of("sub-02") == ScanLabel(Orientation.AMBIGUOUS, "anna")
    assert labels.of("sub-03", None) == Labels().of("x") == ScanLabel()


def test_participants_without_orientation(tmp_path):
    table = tmp_path / "participants.tsv"
    table.write_text("participant_id\tsex\tage\nsub-01\tn/a\tn/a\n")
    assert read_labels(table).of("sub-01") == ScanLabel()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,orientation\na,sideways\n", "line 2: found orientation 'sideways', expected one of av-af"),
        ("name,orientation\na,av-af\n", "expected one of"),
        ("", "expected one of"),
    ],
)
def test_bad_labels(tmp_path, text, message):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_labels(tmp_path / "labels.csv")


def test_missing_labels(tmp_path):
    with pytest.raises(DataError, match="not a readable table"):
        read_labels(tmp_path / "none.csv")
