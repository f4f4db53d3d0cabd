"""Audit log and self-test: each check of the gate fails on a fault of its own kind, planted and signed again."""

import pytest

from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.privacy.selftest_record import Cell
from synthuterus_bench.release.gate import check_release
from synthuterus_bench.vocab import Config
from tests.release.made import add_selftest, change_log, change_rows, refused, sign


def test_a_row_without_a_record_and_a_record_without_a_row(release):
    change_log(release, lambda records: records.pop(4))
    refused(release, "synth-roi-00003 has no accepted audit record")


def test_a_record_without_a_row(release):
    change_rows(release, lambda rows: rows.pop())
    refused(release, "found 8 accepted audit records for 8 scans, expected 7")


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("decision", "rejected", "no accepted audit record"),
        ("orientation", "rv-rf", "no accepted audit record"),
        ("max_similarity", 0.4, "says similarity"),
    ],
)
def test_a_record_that_says_something_else(release, name, value, match):
    change_log(release, lambda records: records[2].update({name: value}))
    refused(release, match)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("threshold", 0.51, "above the threshold 0.51"),
        ("weights_sha256", "b" * 64, "its audit log of"),
        ("scans", 9, "for 9 scans"),
        ("licence", "mit", "damaged"),
        ("licence", "cc0-1.0", "another LICENSE"),
    ],
)
def test_a_header_that_says_something_else(release, name, value, match):
    change_log(release, lambda records: records[0].update({name: value}))
    refused(release, match)


def test_a_header_that_lacks_something(release):
    change_log(release, lambda records: records[0].pop("threshold"))
    refused(release, "damaged, KeyError: 'threshold'")


def test_a_log_out_of_its_chain(release):
    path = audit_file(release, Config.ROI)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
    refused(sign(release), "line 3 does not follow")


def test_scans_in_the_folder_of_another_config(release):
    (release / "roi").rename(release / "full")
    audit_file(release, Config.ROI).rename(audit_file(release, Config.FULL))
    refused(sign(release, card=True), "found scans of roi in full|does not agree")


def test_a_selftest_is_of_this_filter_and_above_its_floor(release):
    add_selftest(release)
    check_release(sign(release))
    for name in ("encoder_sha256", "reference_digest"):
        add_selftest(release, **{name: "0" * 64})
        refused(sign(release), f"self-test of {name} 000000000000")
    (release / "audit" / "selftest-roi.json").write_text("{}")
    refused(sign(release), "not a self-test")


def test_a_floor_that_was_asked_for(release):
    change_log(release, lambda records: records[0].update({"floor": 0.98}))
    refused(release, r"no selftest-roi\.json, expected a self-test for the floor 0\.98")
    add_selftest(release)
    check_release(sign(release))
    change_log(release, lambda records: records[0].update({"floor": 0.995}))
    refused(release, r"below its floor 0\.995")
    strong = Cell(transform="flip", strength=3, plants=100, caught=10)
    add_selftest(release, cells=[strong])
    refused(sign(release), "below its floor")


BOUNDS = {"readout": 0.9, "layer": 0.4, "volume": None, "count": 60, "rate": 0.005}


def calibrated(folder, **classes):
    """A header with calibrated bounds, and records with a similarity at the layer."""

    def change(records):
        records[0]["calibration"] = {"bounds": {"all": BOUNDS} | classes, "patients": 9, "alpha": 0.01}
        for record in records[1:]:
            record["layer_similarity"] = 0.4

    change_log(folder, change)


def test_an_accepted_record_above_a_calibrated_bound(release):
    calibrated(release)
    check_release(release)
    calibrated(release, **{"rv-af": BOUNDS | {"readout": 0.515}})
    refused(release, r"accepted with max_similarity 0\.52, above the calibrated 0\.515")
    calibrated(release, **{"rv-af": BOUNDS | {"layer": 0.39}})
    refused(release, r"accepted with layer_similarity 0\.4, above")
    change_log(release, lambda records: records[3].pop("layer_similarity"))
    refused(release, "accepted with layer_similarity None")


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("patient", "Jane", "audit record 1 says patient"),
        ("neighbour", "scan-0017", "names its neighbour"),
        ("bound", "layer", "accepted and rejected by layer"),
        ("bound", "Jane", "by Jane"),
        ("decision", "perhaps", "found decision perhaps"),
    ],
)
def test_a_record_that_says_more_than_the_filter(release, name, value, match):
    change_log(release, lambda records: records[2].update({name: value}))
    refused(release, match)
