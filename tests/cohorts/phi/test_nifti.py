import gzip
import io

import nibabel
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1DicomExtension, Nifti1Extension
from pydicom.dataset import Dataset

from synthuterus_bench.cohorts.imagefile import encode_nifti
from synthuterus_bench.cohorts.phi.nifti import TEXTS
from synthuterus_bench.cohorts.phi.record import Kind
from synthuterus_bench.cohorts.phi.scan import look_at, scan_phi

KINDS = [nibabel.Nifti1Image, nibabel.Nifti2Image]


def image(kind=nibabel.Nifti1Image):
    return kind(np.zeros((4, 5, 6), np.int16), np.eye(4))


def found_in(path):
    return [(one.kind, one.keyword, one.value) for one in look_at(path, path.name)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_field(tmp_path, kind):
    planted = image(kind)
    fields = [field for field in TEXTS if field in planted.header.keys()]  # noqa: SIM118
    for field in fields:
        planted.header[field] = f"Doe {field[:4]}"
    nibabel.save(planted, tmp_path / "a.nii")
    assert found_in(tmp_path / "a.nii") == [(Kind.NIFTI, field, f"Doe {field[:4]}") for field in fields]
    assert len(fields) == (5 if kind is nibabel.Nifti1Image else 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "hdr"])
def test_comment_extension(tmp_path, kind, suffix):
    planted = image(kind)
    planted.header.extensions.append(Nifti1Extension("comment", b"scanned for Jane Doe"))
    planted.header["descrip"] = "TE=90;Time=170058.777"
    pair = nibabel.Nifti1Pair if kind is nibabel.Nifti1Image else nibabel.Nifti2Pair
    stored = pair(planted.dataobj, planted.affine, planted.header) if suffix == "hdr" else planted
    nibabel.save(stored, tmp_path / (f"a.{suffix}" if suffix != "hdr" else "a.img"))
    found = [one for one in found_in(tmp_path / f"a.{suffix}") if one[0] is not Kind.GZIP]
    assert found == [
        (Kind.NIFTI, "descrip", "TE=90;Time=170058.777"),
        (Kind.EXTENSION, "extension 6", "scanned for Jane Doe"),
    ]


def test_dicom_extension(tmp_path):
    data = Dataset()
    data.PatientName, data.Rows = "Doe^Jane", 257
    planted = image()
    planted.header.extensions.append(Nifti1DicomExtension(2, data))
    nibabel.save(planted, tmp_path / "a.nii")
    found = found_in(tmp_path / "a.nii")
    assert (Kind.DICOM, "PatientName", "Doe^Jane") in found
    assert [kind for kind, *_ in found] == [Kind.EXTENSION, Kind.DICOM]


def test_a_damaged_element_does_not_hide_the_others(tmp_path):
    """nibabel drops the zero bytes at an extension's end, and with them half of this number."""
    data = Dataset()
    data.PatientName, data.Rows = "Doe^Jane", 5
    planted = image()
    planted.header.extensions.append(Nifti1DicomExtension(2, data))
    nibabel.save(planted, tmp_path / "a.nii")
    found = found_in(tmp_path / "a.nii")
    assert [kind for kind, *_ in found] == [Kind.EXTENSION, Kind.DICOM, Kind.UNREAD]
    assert found[2][2] == "(0028,0010) BytesLengthException"


def test_gzip_header(tmp_path):
    packed = gzip.compress(image().to_bytes(), mtime=1_686_132_000)
    (tmp_path / "a.nii.gz").write_bytes(packed[:3] + b"\x08" + packed[4:10] + b"JaneDoe.nii\0" + packed[10:])
    assert found_in(tmp_path / "a.nii.gz") == [
        (Kind.GZIP, "MTIME", "2023-06-07T10:00:00+00:00"),
        (Kind.GZIP, "FNAME", "JaneDoe.nii"),
    ]


def test_gzip_comment_and_extra_field(tmp_path):
    plain = gzip.compress(image().to_bytes(), mtime=0)
    header = plain[:3] + bytes([0x04 | 0x10]) + plain[4:10] + b"\x03\0abc" + b"for Jane\0"
    (tmp_path / "a.nii.gz").write_bytes(header + plain[10:])
    assert found_in(tmp_path / "a.nii.gz") == [(Kind.GZIP, "EXTRA", "3 bytes"), (Kind.GZIP, "FCOMMENT", "for Jane")]


def test_what_we_write_is_clean(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(encode_nifti(np.zeros((4, 5, 6), np.uint16), (4, 1, 1), windowed=True))
    assert scan_phi(tmp_path) == []


def test_raw_nifti_under_a_zipped_name_and_the_reverse(tmp_path):
    planted = image()
    planted.header["aux_file"] = "jane.lut"
    (tmp_path / "raw.nii.gz").write_bytes(planted.to_bytes())
    (tmp_path / "zipped.nii").write_bytes(gzip.compress(planted.to_bytes(), mtime=0))
    assert {(one.file, one.keyword) for one in scan_phi(tmp_path)} == {
        ("raw.nii.gz", "aux_file"),
        ("zipped.nii", "aux_file"),
    }


def test_voxels_need_not_be_there(tmp_path):
    """A scan looks at the header alone, so a cut file tells what its header carries."""
    planted = image()
    planted.header["db_name"] = "hospital"
    buffer = io.BytesIO(planted.to_bytes()[:400])
    (tmp_path / "cut.nii").write_bytes(buffer.getvalue())
    assert found_in(tmp_path / "cut.nii") == [(Kind.NIFTI, "db_name", "hospital")]
