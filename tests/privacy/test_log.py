import json
import tracemalloc

import pytest

from synthuterus_bench.errors import DataError
from synthuterus_bench.privacy.log import read_ends, read_log, stream_log, write_log

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
    lines = log.read_text(encoding="utf-8").splitlines()
    fault(lines)
    log.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"audit\.jsonl"):
        read_log(log)


def test_a_footer_that_does_not_add_up_shows(log):
    lines = log.read_text(encoding="utf-8").splitlines()
    footer = json.loads(lines[-1])
    footer["rejected"] = 0
    lines[-1] = json.dumps(footer)
    log.write_text("\n".join(lines))
    with pytest.raises(DataError, match="does not agree"):
        read_log(log)


def test_a_missing_log_is_named(tmp_path):
    with pytest.raises(DataError, match="no audit log"):
        read_log(tmp_path / "audit.jsonl")


def broken(log, fault):
    lines = log.read_text(encoding="utf-8").splitlines()
    fault(lines)
    log.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as caught:
        read_log(log)
    return caught.value.message


def _drop_two(lines):
    del lines[2:4]


def _drop_header(lines):
    del lines[0]


def _forge(lines):
    record = json.loads(lines[3])
    lines.insert(3, json.dumps({**record, "index": 9}))


def _move(lines):
    lines.insert(5, lines.pop(2))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_change, "record 1 was changed"),
        (_drop, "record 1 was dropped"),
        (_drop_two, "records 1 to 2 were dropped"),
        (_drop_header, "the header was dropped"),
        (_swap, "record 2 was reordered: it belongs after record 1"),
        (_move, "record 2 was reordered: it belongs after record 1"),
        (_insert, "record 1 was inserted"),
        (_forge, "record 9 was inserted"),
    ],
)
def test_the_message_names_the_record(log, fault, said):
    assert said in broken(log, fault)


@pytest.mark.parametrize("victim", range(5))
def test_whichever_record_is_changed_is_the_one_that_is_named(log, victim):
    def change(lines):
        lines[victim + 1] = lines[victim + 1].replace('"seed":', '"seed":1')

    assert f"record {victim} was changed" in broken(log, change)


def many(count):
    for index in range(count):
        yield {
            "index": index,
            "decision": "accepted",
            "max_similarity": 0.5,
            "seed": index,
            "prompt": f"prompt {index}",
        }


def test_memory_does_not_grow_with_the_records(tmp_path):
    path, peaks = tmp_path / "audit.jsonl", []
    for count in (300, 6000):
        tracemalloc.start()
        write_log(path, {}, many(count))
        assert sum(1 for _ in stream_log(path)) == count + 2
        assert read_ends(path)[1]["generated"] == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_an_error_while_records_come_leaves_the_old_log(log):
    before = log.read_bytes()

    def records():
        yield RECORDS[0]
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        write_log(log, {}, records())
    assert log.read_bytes() == before
    assert [*log.parent.iterdir()] == [log]


def test_a_record_that_lacks_its_decision_is_named(log):
    lines = log.read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[-2])
    del record["decision"]
    lines[-2] = json.dumps(record)
    del lines[-1]
    log.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="record 5 lacks what it promises"):
        read_log(log)
