from synthuterus_bench.cohorts.phi.record import Finding, Kind
from synthuterus_bench.cohorts.phi.report import MOST, as_json, as_text

FOUND = [
    Finding("b.json", Kind.SIDECAR, "StationName", "MRC55555"),
    Finding("a.dcm", Kind.PRIVATE, "(0029) X", "a block of private tags", content=False),
    Finding("a.dcm", Kind.PRIVATE, "(0029) X", "Jane"),
    Finding("c.dcm", Kind.PRIVATE, "(0029) X", "Ann"),
    Finding("c.dcm", Kind.DICOM, "OtherPatientIDsSequence", "2 items", content=False),
]


def test_one_line_a_field_in_the_order_of_kinds():
    assert as_text(FOUND).splitlines() == [
        "where              field                    files  sample (masked)",
        "DICOM attribute    OtherPatientIDsSequence      1  2 items",
        "DICOM private tag  (0029) X                     2  Xxxx",
        "JSON key           StationName                  1  XXX99999",
        "",
        "3 fields carry traces, in 3 files",
    ]


def test_nothing():
    assert as_text([]) == "no traces found"
    assert as_json([]) == {"fields": [], "files": 0}


def test_values_only_when_told():
    assert "MRC55555" not in as_text(FOUND) + str(as_json(FOUND))
    assert "b.json" not in as_text(FOUND) + str(as_json(FOUND))
    assert as_text(FOUND, reveal=True).splitlines()[3].endswith("1  MRC55555 [b.json]")
    told = as_json(FOUND, reveal=True)["findings"]
    assert told[0] == {"file": "b.json", "where": "JSON key", "field": "StationName", "value": "MRC55555"}
    assert len(told) == len(FOUND)


def test_long_values_are_cut_in_the_table_alone():
    found = [Finding("a", Kind.NIFTI, "descrip", "y" * 200)]
    assert f"{'y' * MOST} ... [a]" in as_text(found, reveal=True)
    assert as_json(found, reveal=True)["findings"][0]["value"] == "y" * 200
