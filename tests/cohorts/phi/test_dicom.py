import io

import pytest
from pydicom.dataset import Dataset

from synthuterus_bench.cohorts.phi.dicom import find_dicom
from synthuterus_bench.cohorts.phi.record import Kind
from tests.cohorts.imports.synthetic import SECRETS, anatomy, dicom_slice


def found_in(data, preamble=b"\0" * 128):
    data.preamble = preamble
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return [(one.kind, one.keyword, one.value) for one in find_dicom(buffer, "a.dcm")]


@pytest.fixture
def data():
    return dicom_slice(anatomy()[0], 0, "1.2.3.4", {})


def test_every_planted_attribute(data):
    found = {keyword: (kind, value) for kind, keyword, value in found_in(data)}
    for keyword, value in SECRETS.items():
        assert found[keyword] == (Kind.DICOM, value)
    assert found["SeriesInstanceUID"] == (Kind.UID, "1.2.3.4")
    assert found["MediaStorageSOPInstanceUID"] == (Kind.UID, "1.2.3.4.1")
    told = {"Manufacturer", "MagneticFieldStrength", "Rows", "EchoTime", "SOPClassUID", "PixelData", "Modality"}
    assert not told & found.keys()


def test_empty_attributes_say_nothing(data):
    for keyword in SECRETS:
        setattr(data, keyword, "")
    assert not {keyword for _, keyword, _ in found_in(data)} & SECRETS.keys()


def test_private_tags_by_their_creator(data):
    block = data.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "LO", "Jane Doe")
    block.add_new(0x20, "OB", b"\1\2\3\4")
    found = [one for one in found_in(data) if one[0] is Kind.PRIVATE]
    assert {keyword for _, keyword, _ in found} == {"(0029) SIEMENS CSA HEADER"}
    assert [value for _, _, value in found] == ["a block of private tags", "Jane Doe", "4 bytes"]


def test_private_tags_without_a_creator(data):
    data.add_new(0x00291010, "LO", "Jane Doe")
    assert (Kind.PRIVATE, "(0029) no creator", "Jane Doe") in found_in(data)


def test_overlays_and_curves(data):
    data.add_new(0x60020022, "LO", "drawn by Dr House")
    data.add_new(0x60023000, "OW", b"\1" * 64)
    data.add_new(0x50000022, "LO", "a curve")
    found = [one for one in found_in(data) if one[0] is Kind.GRAPHIC]
    assert found == [
        (Kind.GRAPHIC, "(5000)", "a curve"),
        (Kind.GRAPHIC, "(6002)", "drawn by Dr House"),
        (Kind.GRAPHIC, "(6002)", "64 bytes"),
    ]


@pytest.mark.parametrize(("value", "told"), [("YES", True), ("NO", False), ("", False)])
def test_burned_in_text(data, value, told):
    data.BurnedInAnnotation = value
    assert ((Kind.BURNED, "BurnedInAnnotation", "YES") in found_in(data)) == told


def test_inside_sequences(data):
    inner = Dataset()
    inner.PatientID = "other-1"
    data.OtherPatientIDsSequence = [inner]
    found = found_in(data)
    assert (Kind.DICOM, "OtherPatientIDsSequence", "1 items") in found
    assert (Kind.DICOM, "PatientID", "other-1") in found


def test_after_the_pixels_and_before_the_header(data):
    data.DataSetTrailingPadding = b"leak"
    found = found_in(data, b"II*\0 a TIFF of Jane Doe".ljust(128, b"\0"))
    assert (Kind.DICOM, "DataSetTrailingPadding", "4 bytes") in found
    assert (Kind.PREAMBLE, "preamble", "128 bytes, not all zero") in found


def test_an_attribute_the_dictionary_does_not_know(data):
    data.add_new(0x00100012, "LT", "call me Jane")
    assert (Kind.DICOM, "NameToUse", "call me Jane") in found_in(data)
