import io
import json

import pytest

from synthuterus_bench.cohorts.phi.record import Kind
from synthuterus_bench.cohorts.phi.text import find_paths, find_text, is_identifying
from tests.cohorts.imports.synthetic import SECRETS


def found_in(text, name):
    return [(one.kind, one.keyword, one.value) for one in find_text(io.BytesIO(text.encode()), name)]


def test_sidecar():
    sidecar = SECRETS | {"EchoTime": 0.09, "Manufacturer": "Siemens", "PatientSex": "n/a", "PatientWeight": None}
    assert found_in(json.dumps(sidecar), "a.json") == [(Kind.SIDECAR, key, value) for key, value in SECRETS.items()]


def test_keys_at_any_depth_and_values_of_any_kind():
    value = {"global": {"const": [{"PatientWeight": 61.5}, {"OperatorsName": ["Ann", "Bob"]}]}}
    assert found_in(json.dumps(value), "a.json") == [
        (Kind.SIDECAR, "PatientWeight", "61.5"),
        (Kind.SIDECAR, "OperatorsName", '["Ann", "Bob"]'),
    ]


def test_lines_of_json():
    assert found_in('{"a": 1}\n\n{"StationName": "MRC1"}\n', "log.jsonl") == [(Kind.SIDECAR, "StationName", "MRC1")]


def test_tables():
    text = "participant_id\tage\tSex\tnote\nsub-01\t34\tn/a\tfrom /data/jane/scan\n"
    assert found_in(text, "participants.tsv") == [
        (Kind.COLUMN, "age", "34"),
        (Kind.PATH, "note", "/data/jane/scan"),
    ]


@pytest.mark.parametrize("name", ["PatientName", "patient_name", "Date of birth", "acq_time", "MRN", "StudyDate"])
def test_identifying_columns(name):
    assert is_identifying(name)


@pytest.mark.parametrize("name", ["scan_id", "patient_id_hash", "orientation", "vendor", "spacing_mm", "source"])
def test_other_columns(name):
    assert not is_identifying(name)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/home/jane/scan.nii", "/home/jane/scan.nii"),
        ("read from '/mnt/pacs/doe' today", "/mnt/pacs/doe"),
        ("--cohort=/data/x", "/data/x"),
        ("~/cohort/a", "~/cohort/a"),
        (r"C:\Users\jane\a.dcm", r"C:\Users\jane\a.dcm"),
        (r"at \\pacs\share\doe", r"\\pacs\share\doe"),
        ("file:///srv/doe/a", "file:///srv/doe/a"),
    ],
)
def test_absolute_paths(text, path):
    assert [one.value for one in find_paths(text, "a", "b")] == [path]
    assert found_in(json.dumps({"note": text}), "a.json") == [(Kind.PATH, "note", path)]
    assert found_in(text, "README.md") == [(Kind.PATH, ".md", path)]


@pytest.mark.parametrize(
    "text",
    [
        "roi/train-*.parquet",
        "https://example.org/a/b",
        "a 1/2/3 b",
        "and/or",
        "T1/T2 at 3 T",
        "z = value / 65535 * 16 - 4",
        "</td></tr>",
        "// a/b",
        "/",
    ],
)
def test_no_absolute_paths(text):
    assert [*find_paths(text, "a", "b")] == []


def test_no_json_and_no_text():
    with pytest.raises(ValueError):
        found_in("{", "a.json")
    with pytest.raises(ValueError):
        [*find_text(io.BytesIO(b"caf\xe9"), "a.txt")]
