import gzip
import json
import stat

import pyarrow.parquet as pq
import pytest

from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.cohorts.imports.scrub import (
    Facts,
    check_t2,
    keep_salt,
    load_salt,
    plain_name,
    pseudonym,
    read_facts,
    salt_path,
    snap_field,
)
from synthuterus_bench.errors import DataError, ScanError, UsageError
from synthuterus_bench.vocab import Sequence, Vendor
from tests.cohorts.imports.synthetic import SECRETS, anatomy, write_nifti, write_series


def every_byte(folder) -> bytes:
    """All bytes of a cohort folder, as they lie and unpacked from Parquet and gzip."""
    pieces = []
    for path in folder.rglob("*"):
        pieces.append(str(path.relative_to(folder)).encode())
        if path.is_file():
            pieces.append(path.read_bytes())
        if path.suffix == ".parquet":
            pieces += unpacked(path)
    return b"\n".join(pieces)


def unpacked(path) -> list[bytes]:
    pieces = [str(pq.read_schema(path).metadata).encode()]
    for row in pq.read_table(path).to_pylist():
        pictures = [value for value in row.values() if isinstance(value, dict)]
        pieces.append(repr({key: value for key, value in row.items() if value not in pictures}).encode())
        for picture in pictures:
            pieces += [picture["path"].encode(), gzip.decompress(picture["bytes"])]
    return pieces


def test_no_header_value_survives(tmp_path):
    source = tmp_path / "Jane Doe"
    write_series(source / "visit of J Doe")
    write_nifti(
        source / "sub-JaneDoe" / "sub-JaneDoe_T2w.nii.gz",
        anatomy(1),
        sidecar=SECRETS | {"SeriesDescription": "J Doe sag"},
    )
    cohort = import_folder(source, tmp_path / "out", ImportOptions())
    assert len(cohort) == 2
    content = every_byte(tmp_path / "out")
    assert b"import" in content
    needles = [*SECRETS.values(), "Doe", "J Doe", "1.2.3.4", "t2_tse_sag", str(tmp_path)]
    assert [needle for needle in needles if needle.encode() in content] == []
    assert load_salt(salt_path(tmp_path / "out")).hex().encode() not in content


def test_the_search_finds_what_is_there(tmp_path):
    """A planted name in a sidecar must be found in the sidecar itself."""
    write_nifti(tmp_path / "a.nii.gz", sidecar=SECRETS)
    assert all(value.encode() in every_byte(tmp_path) for value in SECRETS.values())


@pytest.mark.parametrize(
    ("tesla", "snapped"),
    [(2.89362, 3.0), ("3", 3.0), (1.494, 1.5), (0.55, 0.55), (1.0, 1.0), (0, None), (None, None), ("x", None)],
)
def test_snap_field(tesla, snapped):
    assert snap_field(tesla) == snapped


@pytest.mark.parametrize(
    ("header", "facts"),
    [
        ({}, Facts()),
        ({"Manufacturer": "SIEMENS", "SequenceName": "*tse2d1_25"}, Facts(None, Vendor.SIEMENS, Sequence.TSE)),
        ({"Manufacturer": "Siemens Healthineers", "SequenceName": "_h2d1_224"}, Facts(None, Vendor.SIEMENS, "HASTE")),
        ({"Manufacturer": "Philips Medical Systems", "ProtocolName": "T2W_TSE"}, Facts(None, Vendor.PHILIPS, "TSE")),
        ({"Manufacturer": "Philips", "ProtocolName": "SSh-TSE sag"}, Facts(None, Vendor.PHILIPS, Sequence.HASTE)),
        ({"Manufacturer": "GE MEDICAL SYSTEMS", "SeriesDescription": "SAG FRFSE T2"}, Facts(None, Vendor.GE, "TSE")),
        ({"Manufacturer": "GE MEDICAL SYSTEMS", "SeriesDescription": "SSFSE"}, Facts(None, Vendor.GE, "HASTE")),
        ({"Manufacturer": "TOSHIBA_MEC", "SeriesDescription": "true fisp"}, Facts(None, Vendor.OTHER)),
        ({"ContrastBolusAgent": "Gadovist", "MagneticFieldStrength": 1.5}, Facts(1.5, contrast=True)),
        ({"ContrastBolusAgent": " "}, Facts()),
    ],
)
def test_facts(header, facts):
    assert read_facts(header) == facts


def test_t2_weighting():
    check_t2(101, "a")
    check_t2(None, "a")
    with pytest.raises(ScanError, match=r"^a: found an echo time of 39\.9 ms, expected"):
        check_t2("39.9", "a")


def test_pseudonym_depends_on_all_and_tells_nothing():
    salt, other = bytes(32), bytes([1] * 32)
    names = {pseudonym(*key) for key in [(salt, "a", "x"), (other, "a", "x"), (salt, "b", "x"), (salt, "a", "y")]}
    assert len(names) == 4
    assert pseudonym(salt, "patient", "anna") == pseudonym(salt, "patient", "anna")
    assert all(len(name) == 12 and int(name, 16) >= 0 for name in names)


def test_salt_is_private_random_and_kept(tmp_path):
    path = salt_path(tmp_path / "cohort")
    assert path == tmp_path / "cohort.salt"
    assert load_salt(path) != load_salt(path)
    salt = load_salt(path)
    keep_salt(path, salt)
    keep_salt(path, bytes(32))
    assert load_salt(path) == salt
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "xyz", "ab" * 31, json.dumps("ab" * 32)])
def test_bad_salt(tmp_path, text):
    (tmp_path / "a.salt").write_text(text)
    with pytest.raises(DataError, match="expected 64 hex digits"):
        load_salt(tmp_path / "a.salt")


@pytest.mark.parametrize("name", ["", "Jane Doe", "../x", ".hidden", "a" * 65, "a/b"])
def test_source_must_be_plain(name):
    assert plain_name("clinic-1_a.b") == "clinic-1_a.b"
    with pytest.raises(UsageError, match="--source"):
        plain_name(name)
