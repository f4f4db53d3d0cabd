"""Hostile files: each is refused in clear single lines, or inert; none costs more than its size."""

import copy
import json
import os
import time

import pytest

from synthuterus_bench.board.check import check_entries
from synthuterus_bench.board.entries import (
    MAX_BYTES,
    MAX_FAULTS,
    FaultyError,
    home_of,
    read_entry,
    slug,
)
from tests.board.samples import entry, sample

SCRIPT = "<script>alert(1)</script>"


def written(tmp_path, value):
    path = tmp_path / "entry.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def told(path):
    """Every line that check says of a file; all of them safe to print."""
    found = [str(problem) for problem in check_entries([path]).problems]
    assert all(line.isprintable() and len(line) < 2000 for line in found)
    return found


def texts(value, place=()):
    """Where the strings of an entry are that anybody may choose."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from texts(inner, (*place, name))
        elif isinstance(inner, str):
            yield (*place, name)


def test_a_good_entry_is_read(tmp_path):
    assert read_entry(written(tmp_path, sample())) == entry()


@pytest.mark.parametrize("hostile", ["\u202etxt.exe", "a\x1b[2J", "x" * 5000, "\u2066b", "n\x00ul", "\ud800"])
def test_hostile_text_in_any_field_is_refused(tmp_path, hostile):
    places = [*texts(sample())]
    assert len(places) > 30
    for place in places:
        data = copy.deepcopy(sample())
        inner = data
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = hostile
        assert told(written(tmp_path, data)), place


def test_script_is_text_and_never_a_link_or_a_name(tmp_path):
    data = sample(submitter=SCRIPT)
    data["generator"] |= {"name": SCRIPT, "family": SCRIPT, "conditioning": SCRIPT, "license": SCRIPT}
    assert told(written(tmp_path, data)) == []
    assert home_of(read_entry(written(tmp_path, data))).startswith("entries/sample-suite/script-alert-1-script/")
    for place in ("paper", "code"):
        data = sample()
        data["generator"][place] = f"javascript:{SCRIPT}"
        assert "https" in told(written(tmp_path, data))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(sample()).replace("0.0041", '"0.0041"', 1), "valid number"),
        (json.dumps(sample()).replace("0.0041", "1e308", 1), "beyond 1e+09"),
        (json.dumps(sample()).replace("0.0041", "-1e999", 1), "beyond 1e+09"),
        (json.dumps(sample()).replace("0.0041", "-Infinity", 1), "-Infinity is no JSON number"),
        (json.dumps(sample()).replace("0.0041", "1_0.0", 1), "not valid JSON"),
        (json.dumps(sample())[:-1] + ', "rank": 1}', "rank: Extra inputs"),
        (json.dumps(sample())[:-1] + ', "verified": true}', "verified: Extra inputs"),
        (json.dumps(sample())[:-1] + ', "suite": {}}', "key given twice: 'suite'"),
        ('{"a": ' * 50 + "1" + "}" * 50, "nested deeper"),
        ("[" * 100_000, "not valid JSON"),
        ('"' + '\\"' * 400_000, "not valid JSON"),
        ("\ufeff" + json.dumps(sample()), "not valid JSON"),
    ],
)
def test_malformed_numbers_keys_and_depth(tmp_path, text, expected):
    begun = time.perf_counter()
    found = told(written(tmp_path, text))
    assert len(found) == 1
    assert expected in found[0]
    assert time.perf_counter() - begun < 2


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "entry.json"
    path.write_bytes(b"\xff\xfe{}")
    assert "not valid JSON" in told(path)[0]


def test_a_hundred_megabytes_are_never_read(tmp_path):
    path = tmp_path / "entry.json"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    begun = time.perf_counter()
    assert told(path) == [f"{path}: found {100 * 2**20} bytes, expected at most {MAX_BYTES}"]
    assert time.perf_counter() - begun < 0.2


def test_pipes_and_devices_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "entry.json")
    with pytest.raises(FaultyError, match="not a plain file"):
        read_entry(tmp_path / "entry.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    with pytest.raises(FaultyError, match="a link"):
        read_entry(tmp_path / "zero.json")


def test_all_faults_at_once_but_not_without_end(tmp_path):
    data = sample(surprise=1)
    data["results"][0]["value"] = "0.1"
    data["results"][1]["n_real"] = -1
    assert len(told(written(tmp_path, data))) == 3
    many = sample(**{f"k{number}": 0 for number in range(500)})
    found = told(written(tmp_path, many))
    assert len(found) == MAX_FAULTS + 1
    assert found[-1].endswith("and 480 more faults")


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..\\x", "/abs", "a/../b", ".git", "con", "NUL", "lpt1", "\u202e.."]
)
def test_tricks_in_names_stay_one_plain_folder(name):
    found = slug(name)
    assert found.replace("-", "").isalnum()
    assert found not in ("con", "nul", "lpt1")


@pytest.mark.parametrize("suite", ["../x", "a/b", "", "A", "x" * 200, ".."])
def test_tricks_in_the_name_of_a_suite_are_refused(tmp_path, suite):
    data = sample()
    data["suite"] = data["suite"] | {"id": suite}
    assert "suite.id" in told(written(tmp_path, data))[0]


def test_strangers_in_the_tree_are_named(tmp_path):
    home = tmp_path / "entries"
    good = tmp_path / home_of(entry())
    good.parent.mkdir(parents=True)
    good.write_text(json.dumps(sample()))
    assert check_entries([tmp_path]).problems == []
    (home / "run.sh").write_text("")
    (home / "elsewhere").symlink_to("/etc")
    good.with_name("x.details.json").write_text("{}")
    good.with_name(f"{entry().id}.details.json").write_text('{"a": 1}')
    found = "\n".join(map(str, check_entries([tmp_path]).problems))
    for what in ("run.sh: neither an entry", "elsewhere: a link", "details without their entry", "a: Extra inputs"):
        assert what in found
