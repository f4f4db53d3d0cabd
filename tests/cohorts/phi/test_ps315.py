from collections import Counter

import pytest
from pydicom.datadict import tag_for_keyword

from synthuterus_bench.cohorts.phi.ps315 import _NEWER, actions, keyword_of


def test_every_keyword_is_an_attribute_and_listed_once():
    newer = {*_NEWER.values()}
    assert [keyword for keyword in actions() if tag_for_keyword(keyword) is None and keyword not in newer] == []
    assert len(actions()) == 652
    assert Counter(actions().values()).most_common(2)[0][0] == "X"


@pytest.mark.parametrize(
    ("keyword", "action"),
    [
        ("PatientName", "Z"),
        ("PatientID", "Z/D"),
        ("PatientBirthDate", "Z"),
        ("PatientAge", "X"),
        ("InstitutionAddress", "X"),
        ("DeviceSerialNumber", "X/Z/D"),
        ("AcquisitionTime", "X/Z"),
        ("ContentDate", "Z/D"),
        ("ContainerIdentifier", "D"),
        ("SeriesInstanceUID", "U"),
        ("MediaStorageSOPInstanceUID", "U"),
        ("ReferencedImageSequence", "X/Z/U*"),
        ("GenderIdentityComment", "X"),
    ],
)
def test_actions_as_the_standard_has_them(keyword, action):
    assert actions()[keyword] == action


@pytest.mark.parametrize("keyword", ["Rows", "Manufacturer", "MagneticFieldStrength", "SOPClassUID", "EchoTime"])
def test_what_the_profile_keeps(keyword):
    assert keyword not in actions()


def test_attributes_newer_than_the_dictionary():
    assert keyword_of(0x00100012, "") == "NameToUse"
    assert keyword_of(0x00100010, "PatientName") == "PatientName"
    assert keyword_of(0x00080060, "") == ""
