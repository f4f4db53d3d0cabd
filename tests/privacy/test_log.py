import json

import pytest

from synthuterus_bench.errors import DataError
from synthuterus_bench.privacy.log import read_log, write_log

RECORDS = [
    {"index": n, "decision": "rejected" if n == 2 else "accepted", "max_similarity": 0.1 * n, "seed": n}
    for n in range(5)
]


@pytest.fixture
def log(tmp_path):
    write_log(tmp_path / "audit.jsonl", {"threshold": 0.95}, RECORDS)
    return tmp_path / "audit.jsonl"


def test_the_footer_counts(log):
    header, *candidates, footer = read_log(log)
    assert header["threshold"] == 0.95
    assert len(candidates) == 5
    assert (footer["generated"], footer["accepted"], footer["rejected"]) == (5, 4, 1)
    assert footer["max_kept_similarity"] == 0.4


def test_the_same_records_give_the_same_bytes(log, tmp_path):
    write_log(tmp_path / "again.jsonl", {"threshold": 0.95}, RECORDS)
    assert log.read_bytes() == (tmp_path / "again.jsonl").read_bytes()


def _change(lines):
    lines[2] = lines[2].replace('"accepted"', '"rejected"')


def _drop(lines):
    del lines[2]


def _swap(lines):
    lines[2], lines[3] = lines[3], lines[2]


def _insert(lines):
    lines.insert(2, lines[2])


def _cut(lines):
    del lines[-1]


def _break(lines):
    lines[2] = lines[2][:-5]


@pytest.mark.parametrize("fault", [_change, _drop, _swap, _insert, _cut, _break])
def test_every_tampering_shows(log, fault):
    lines = log.read_text().splitlines()
    fault(lines)
    log.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"audit\.jsonl"):
        read_log(log)


def test_a_footer_that_does_not_add_up_shows(log):
    lines = log.read_text().splitlines()
    footer = json.loads(lines[-1])
    footer["rejected"] = 0
    lines[-1] = json.dumps(footer)
    log.write_text("\n".join(lines))
    with pytest.raises(DataError, match="does not agree"):
        read_log(log)


def test_a_missing_log_is_named(tmp_path):
    with pytest.raises(DataError, match="no audit log"):
        read_log(tmp_path / "audit.jsonl")
