import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.cohorts.phi.record import Kind, masked
from synthuterus_bench.cohorts.phi.scan import check_clean, look_at, scan_phi
from synthuterus_bench.errors import GateError, UsageError
from tests.cohorts.imports.synthetic import SECRETS, write_nifti, write_series
from tests.cohorts.imports.test_scrub import every_byte
from tests.cohorts.phi.test_png import PLAIN

REAL = Path(__file__).parents[4] / "shared" / "real-mri"
PLACES = ["InstitutionName", "InstitutionAddress", "StationName", "DeviceSerialNumber", "AcquisitionTime"]


@pytest.fixture
def source(tmp_path):
    write_series(tmp_path / "src" / "dicom")
    write_nifti(tmp_path / "src" / "sub-01" / "sub-01_T2w.nii.gz", sidecar=SECRETS)
    return tmp_path / "src"


def test_found_in_the_source_and_gone_from_the_cohort(source, tmp_path):
    found = scan_phi(source)
    for kind in (Kind.DICOM, Kind.SIDECAR):
        told = {one.keyword: one.value for one in found if one.kind is kind}
        assert told.items() >= SECRETS.items()
    import_folder(source, tmp_path / "out", ImportOptions())
    assert scan_phi(tmp_path / "out") == []
    check_clean(tmp_path / "out")


@pytest.mark.skipif(not REAL.is_dir(), reason="no real scans in ../shared/real-mri")
def test_the_sidecars_that_name_a_hospital(tmp_path):
    source = REAL / "gravid-haste-bids"
    sidecars = {path: json.loads(path.read_text(encoding="utf-8")) for path in source.rglob("*_T2w.json")}
    found = scan_phi(source)
    for path, sidecar in sidecars.items():
        name = path.relative_to(source).as_posix()
        told = {one.keyword: one.value for one in found if (one.file, one.kind) == (name, Kind.SIDECAR)}
        assert {keyword: told[keyword] for keyword in PLACES} == {keyword: sidecar[keyword] for keyword in PLACES}
    cohort = import_folder(source, tmp_path / "out", ImportOptions())
    assert scan_phi(cohort.root) == []
    content = every_byte(cohort.root)
    values = {one.value for one in found if one.content and len(one.value) > 4}
    assert {"Radiologie_CHUV", "AWP41200", "41200", "17:00:58.777500"} <= values
    assert [value for value in values if value.encode() in content] == []


@pytest.mark.skipif(not REAL.is_dir(), reason="no real scans in ../shared/real-mri")
def test_every_real_file_is_looked_into():
    found = scan_phi(REAL)
    assert [one for one in found if one.kind is Kind.UNREAD] == []
    kinds = {one.kind for one in found}
    assert {Kind.GZIP, Kind.NIFTI, Kind.EXTENSION, Kind.DICOM, Kind.UID, Kind.PRIVATE, Kind.GRAPHIC} <= kinds


def test_a_phantom_cohort_is_clean(cohort):
    assert scan_phi(cohort.root) == []


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", ".jpg"),
        ("a.zip", b"PK\3\4\0\0", ".zip"),
        ("a.tar.gz", gzip.compress(b"\0" * 600, mtime=0), ".gz"),
        ("thing", b"\1\2\0\3", "no suffix"),
        ("cut.png", PLAIN[:40], "damaged file"),
        ("cut.nii.gz", gzip.compress(b"\x5c\1\0\0" + bytes(600), mtime=0)[:12], "damaged file"),
        ("a.json", b"{", "damaged file"),
        ("a.dcm", b"\0" * 140, "damaged file"),
        ("a.parquet", b"PAR1 and nothing", "damaged file"),
        ("latin.txt", b"caf\xe9", "damaged file"),
    ],
)
def test_what_cannot_be_looked_into_is_told(tmp_path, name, data, field):
    (tmp_path / name).write_bytes(data)
    assert [(one.kind, one.keyword) for one in scan_phi(tmp_path)] == [(Kind.UNREAD, field)]


def test_links_and_salts_inside(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "cohort.salt").write_text("00" * 32)
    (tmp_path / "elsewhere.txt").write_text("x")
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "elsewhere.txt")
    assert [(one.file, one.kind) for one in scan_phi(tmp_path / "folder")] == [
        ("cohort.salt", Kind.SALT),
        ("link", Kind.UNREAD),
    ]


def test_hidden_files_count(tmp_path):
    (tmp_path / ".hidden.json").write_text(json.dumps(SECRETS))
    assert len(scan_phi(tmp_path)) == len(SECRETS)


def test_one_file_and_none(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(SECRETS))
    assert {one.file for one in scan_phi(tmp_path / "a.json")} == {"a.json"}
    with pytest.raises(UsageError, match="no such file or folder"):
        scan_phi(tmp_path / "none")


def test_the_gate_names_the_field_and_masks_the_value(tmp_path):
    (tmp_path / "notes.json").write_text(json.dumps(SECRETS))
    found = r"found JSON key PatientName in notes\.json \(Xxx\^Xxxx\) and 12 more traces, expected none"
    with pytest.raises(GateError, match=found) as caught:
        check_clean(tmp_path)
    assert "Doe" not in caught.value.message
    assert "--phi" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("Doe^Jane", "Xxx^Xxxx"),
        ("Müller, 3. Stock", "Xxxxxx, 9. Xxxxx"),
        ("17:00:58.777500", "99:99:99.999999"),
        ("佐藤\n٣", "xx?9"),
        ("a" * 25, "x" * 24 + " ..."),
    ],
)
def test_masks(value, shape):
    assert masked(value) == shape


@given(st.text(max_size=60))
def test_a_mask_keeps_no_letter_and_no_digit(value):
    assert not {*masked(value)} - {*"xX9? ."} & {sign for sign in value if sign.isalnum()}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """One small whole file of each kind."""
    folder = tmp_path_factory.mktemp("samples")
    write_series(folder / "dicom", np.zeros((1, 8, 8), np.uint16))
    shutil.move(folder / "dicom" / "000.dcm", folder / "a.dcm")
    write_nifti(folder / "a.nii.gz")
    (folder / "a.nii").write_bytes(gzip.decompress((folder / "a.nii.gz").read_bytes())[:2000])
    (folder / "a.png").write_bytes(PLAIN)
    (folder / "a.json").write_text(json.dumps(SECRETS))
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_ends_in_findings(samples, tmp_path_factory, data):
    name = data.draw(st.sampled_from(sorted(samples)))
    raw = bytearray(samples[name])
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[place] = data.draw(st.integers(0, 255))
    else:
        raw = raw[:place]
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(raw)
    assert all(one.file == name for one in look_at(path, name))
