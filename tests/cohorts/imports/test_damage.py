"""Whatever happens to the bytes of a source, an import ends in verdicts or in one line, soon and in little memory."""

import tempfile
from pathlib import Path

import nibabel
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import RLELossless

from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.errors import SynthbenchError
from tests.cohorts.imports.synthetic import anatomy, write_nifti, write_series

SIDECAR = {
    "Modality": "MR",
    "EchoTime": 0.1,
    "Manufacturer": "GE",
    "MagneticFieldStrength": 1.5,
    "SeriesDescription": "t2_tse_sag",
    "SpacingBetweenSlices": 4,
    "ImageOrientationPatientDICOM": [0, 1, 0, 0, 0, -1],
}
COLUMNS = "path,mask,patient,session,orientation,figo,split,field_strength,sequence,vendor,contrast"


def nifti(src: Path) -> Path:
    return write_nifti(src / "a.nii")


def nifti2(src: Path) -> Path:
    return write_nifti(src / "a.nii", kind=nibabel.Nifti2Image)


def zipped(src: Path) -> Path:
    return write_nifti(src / "a.nii.gz")


def mask(src: Path) -> Path:
    write_nifti(src / "scans" / "a.nii")
    path = write_nifti(src / "mask.nii", (anatomy() > 400).astype("uint8"))
    (src / "t.csv").write_text(f"path,mask\nscans/a.nii,{path.name}\n")
    return path


def sidecar(src: Path) -> Path:
    write_nifti(src / "a.nii", sidecar=SIDECAR)
    return src / "a.json"


def dicom(src: Path) -> Path:
    return write_series(src)[2]


def run_lengths(src: Path) -> Path:
    path = write_series(src)[2]
    data = pydicom.dcmread(path)
    data.compress(RLELossless)
    data.save_as(path, enforce_file_format=True)
    return path


def manifest(src: Path) -> Path:
    write_nifti(src / "a.nii")
    (src / "t.csv").write_text(f"{COLUMNS}\na.nii,,anna,1,av-af,2-5,test,3.0,TSE,ge,yes\n")
    return src / "t.csv"


def participants(src: Path) -> Path:
    write_nifti(src / "sub-01" / "sub-01_T2w.nii")
    (src / "participants.tsv").write_text("participant_id\torientation\tfigo\nsub-01\tav-af\t4\n")
    return src / "participants.tsv"


KINDS = (nifti, nifti2, zipped, mask, sidecar, dicom, run_lengths, manifest, participants)
HEADER = 700
"""Most flips fall where a header is."""

flip = st.tuples(st.integers(0, HEADER) | st.integers(0, 2**31), st.integers(0, 255))
damage = st.tuples(st.lists(flip, max_size=4), st.none() | st.floats(0, 1, exclude_max=True))


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def source(request, tmp_path_factory) -> tuple[Path, Path, bytes]:
    """The source, the file to damage, and what it held."""
    src = tmp_path_factory.mktemp("damage")
    target = request.param(src)
    table = src / "t.csv"
    return (table if table.exists() else src), target, target.read_bytes()


def damaged(whole: bytes, harm) -> bytes:
    flips, cut = harm
    raw = bytearray(whole)
    for place, value in flips:
        raw[place % len(raw)] = value
    return bytes(raw if cut is None else raw[: int(cut * len(raw))])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage)
def test_any_damage_ends_in_clean_lines(source, harm):
    src, target, whole = source
    target.write_bytes(damaged(whole, harm))
    verdicts, lines = [], []
    with tempfile.TemporaryDirectory() as home:
        try:
            import_folder(src, Path(home) / "out", ImportOptions(), verdicts.append)
        except SynthbenchError as error:
            lines.append(error.message)
    for verdict in verdicts:
        lines.append(verdict.reason or "")
        assert (verdict.reason is None) is (verdict.scan_id is not None)
    assert [line for line in lines if "\n" in line] == []


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"EchoTime": 1e999}', '{"MagneticFieldStrength": 1' + "0" * 400 + "}", '{"EchoTime": NaN}']
)
def test_sidecars_that_hurt(tmp_path, text):
    write_nifti(tmp_path / "a.nii").with_name("a.json").write_text(text)
    write_nifti(tmp_path / "b.nii", anatomy(1))
    verdicts = []
    import_folder(tmp_path, tmp_path / "out", ImportOptions(), verdicts.append)
    assert len(verdicts) == 2
    assert sum(verdict.reason is not None for verdict in verdicts) == (text[0] == "[")
