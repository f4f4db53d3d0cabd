import copy
import json
from pathlib import Path

import pytest

from synthuterus_bench.bench.suite import DEMO
from synthuterus_bench.board.check import check_entries
from synthuterus_bench.board.entries import home_of, slug
from synthuterus_bench.entry import load_entry
from tests.board.boards import CLAIMS
from tests.board.samples import GENERATORS, SUITE, board, entry, sample


def problems(folder: Path, *values) -> list[str]:
    files = []
    for number, value in enumerate(values):
        files.append(folder / f"{number}.json")
        files[-1].write_text(value if isinstance(value, str) else json.dumps(value))
    return [problem.message for problem in check_entries(files).problems]


def changed(place: str, value) -> dict:
    data = copy.deepcopy(sample())
    *way, last = [int(part) if part.isdigit() else part for part in place.split("/")]
    inner = data
    for part in way:
        inner = inner[part]
    inner[last] = value
    return data


def test_believable_board_has_no_problem(tmp_path):
    assert problems(tmp_path, *(sample(name) for name in GENERATORS)) == []


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("results/0/value", "0.0041", "valid number"),
        ("results/0/value", 1e308, "beyond"),
        ("results/0/ci/high", 1e308, "beyond"),
        ("results/0/n_real", True, "valid integer"),
        ("results/0/scope", "everything", "unknown scope"),
        ("results/0/direction", "higher", "expected lower"),
        ("results/0/value", 0.3, "outside its own interval"),
        ("results/1/value", -1.0, "outside [0"),
        ("results/6/value", 1.2, "outside [-1, 1]"),
        ("results/0/n_fake", 199, "pooled, but 200"),
        ("results/0/n_fake", 201, "the dataset has 200"),
        ("results/0/n_real", 0, "0 real"),
        ("results/0/ci/low", 5.0, "is above high"),
        ("results/0/floor/value", 1e300, "beyond"),
        ("dataset/n_per_class", {"av-af": 200, "other": 1}, "unknown class"),
        ("dataset/n_per_class", {"av-af": -1}, "found -1"),
        ("privacy/rejected", 300, "300 rejected of 214"),
        ("privacy/max_kept_similarity", 0.99, "above the threshold"),
        ("privacy/membership_auc", 1.5, "expected 0 to 1"),
        ("generator/parameters", 10**30, "beyond"),
        ("generator/name", "a\u202egnp.exe", "direction characters"),
        ("generator/name", "a\u001b[31mb", "control"),
        ("generator/paper", "javascript:alert(1)", "https"),
        ("generator/code", "http://example.org/x", "https"),
        ("generator/code", "https://user@example.org/", "https"),
        ("artefacts", {"log": "data:text/html,x"}, "https"),
        ("environment", {"k" * 5000: "v"}, "5000 characters"),
        ("sampling/seeds", [2**70], "beyond"),
        ("submitter", "weights not found in /home/ada/.cache", "somebody's machine"),
        ("environment", {"cache": "C:\\Users\\ada"}, "somebody's machine"),
        ("surprise", 1, "Extra inputs"),
        ("results", [], "expected 1 to"),
    ],
)
def test_planted_fault_is_caught(tmp_path, place, value, expected):
    found = problems(tmp_path, changed(place, value))
    assert any(expected in line for line in found), found
    assert all("\n" not in line and "\x1b" not in line for line in found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        json.dumps(sample())[:-1] + ', "submitter": "twice"}',
        json.dumps(sample()).replace("0.0041", "NaN"),
        json.dumps(sample()).replace("0.0041", "1e999"),
        json.dumps(sample()).replace('"sample"', '"\\ud800"'),
        json.dumps(sample()).replace("0.0041", "9" * 5000),
        "x" * 4_000_001,
    ],
)
def test_malformed_file_is_one_problem(tmp_path, text):
    assert len(problems(tmp_path, text)) == 1


def test_a_stronger_demand_on_anatomy_is_met_no_more_often(tmp_path):
    data = sample()
    row = next(row for row in data["results"] if (row["metric"], row["scope"]) == ("anatomy-agreement", "pooled"))
    row["value"] = row["ci"]["high"] = 0.95
    assert problems(tmp_path, data) == ["anatomy-agreement pooled: 0.95, above anatomy-valid 0.93"]


def test_same_metric_twice(tmp_path):
    data = sample()
    data["results"].append(data["results"][0])
    assert problems(tmp_path, data) == ["kid-embedder pooled: given 2 times with equal parameters"]


def hostile(metric, **facts):
    """One more result that nobody measured."""
    row = {"direction": "none", "scope": "pooled", "n_real": 9, "n_fake": 9, "status": "ok", "value": 0.5}
    return row | {"metric": metric} | facts


def kid(**changes):
    """The results of a sample with another interval of its KID."""
    rows = copy.deepcopy(sample()["results"])
    rows[0]["ci"].update(changes)
    return rows


SPAN = {"low": 0.0, "high": 1e-310, "level": 0.95, "method": "m", "unit": "u"}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (kid(level=1e-20), "kid-embedder pooled: interval of level 1e-20"),
        (kid(level=0.9999999999999999), "kid-embedder pooled: interval of level 0.9999999999999999"),
        ([*kid(), hostile("probe-zzz", params={"guessing": "hello"})], "guessing 'hello'"),
        ([*kid(), hostile("zzz", value=0, ci=SPAN)], "interval high 1e-310"),
        ([*kid(), hostile("zzz", value=5e-324), hostile("zzz", value=0.0, scope="av-af")], "value 4.94066e-324"),
        ([*kid(), hostile("zzz")], "suite demo: has no metric zzz"),
    ],
)
def test_one_entry_stops_nobody_else(tmp_path, results, expected):
    """Each of these once passed, and no board could be drawn with it."""
    found = problems(tmp_path, sample(suite=CLAIMS, results=results), sample("ldm2d-ct-roi", suite=CLAIMS))
    assert any(expected in line for line in found), found


def test_no_crowd_of_parameters(tmp_path):
    """A column is told from each of its like by what differs; thousands would take minutes to draw."""
    many = [hostile("zzz", params={"place": place}) for place in range(17)]
    assert problems(tmp_path, sample(results=[*kid(), *many[1:]])) == []
    assert problems(tmp_path, sample(results=[*kid(), *many])) == [
        "zzz pooled: found 17 sets of parameters, expected at most 16"
    ]
    wide = hostile("zzz", params={f"p{place}": 1 for place in range(41)})
    assert problems(tmp_path, sample(results=[*kid(), wide])) == [
        "zzz pooled: found 41 parameters, expected at most 40"
    ]


def test_numbers_of_another_generator(tmp_path):
    copied = sample("ldm2d-ct-roi", results=sample("ddpm2d-ct-roi")["results"])
    found = problems(tmp_path, sample("ddpm2d-ct-roi"), copied)
    assert len(found) == 1
    assert "of another generator (ddpm2d-ct-roi)" in found[0]


def test_same_numbers_under_another_protocol_are_fine(tmp_path):
    other = sample("ldm2d-ct-roi", results=sample()["results"], suite={**SUITE, "protocol_digest": "ef" * 32})
    assert problems(tmp_path, sample(), other) == []


def test_same_entry_twice(tmp_path):
    assert any("the same entry as" in line for line in problems(tmp_path, sample(), sample()))


def test_known_suite_needs_its_digest_and_every_metric(tmp_path):
    claims = {**SUITE, "id": DEMO.id, "version": DEMO.version}
    assert any("protocol digest" in line for line in problems(tmp_path, sample(suite=claims)))
    claims["protocol_digest"] = DEMO.digest
    assert problems(tmp_path, sample(suite=claims)) == []
    without = [row for row in sample()["results"] if row["metric"] != "fid-64"]
    found = problems(tmp_path, sample(suite=claims, results=without))
    assert found == [f"suite {DEMO.id}: fid-64 pooled is missing; give it as withheld or unavailable, with the reason"]


def put(root: Path, place: str, text: str) -> Path:
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_many_entries_are_read_by_processes_that_find_the_same(tmp_path, monkeypatch):
    for number, name in enumerate([*GENERATORS][:3]):
        put(tmp_path, f"entries/a/b/{number}.json", json.dumps(sample(name)))
    put(tmp_path, "entries/a/b/broken.json", "{")
    alone = check_entries([tmp_path])
    monkeypatch.setattr("synthuterus_bench.board.check.FEW", 2)
    tracked = []

    def track(items, label, total=None):
        tracked.append((label, total))
        yield from items

    together = check_entries([tmp_path], 2, track)
    assert together == alone
    assert [*together.entries] == [*alone.entries]
    assert len(together.problems) == 4
    assert tracked == [("entries", 4)]


def test_place_in_the_tree(tmp_path):
    good = put(tmp_path, home_of(entry()), json.dumps(sample()))
    assert check_entries([tmp_path]).problems == []
    assert check_entries([good]).problems == []


@pytest.mark.parametrize("place", ["x.json", "other/ddpm2d-ct-roi/{id}", "a/b/c/{id}", "sample-suite/{id}"])
def test_wrong_place_in_the_tree(tmp_path, place):
    put(tmp_path, f"entries/{place.format(id=entry().id + '.json')}", json.dumps(sample()))
    assert any("misplaced" in str(problem) for problem in check_entries([tmp_path]).problems)


def test_file_name_must_be_the_id(tmp_path):
    place = Path(home_of(entry()))
    path = put(tmp_path, str(place.with_name("0" * 64 + ".json")), json.dumps(sample()))
    assert "misplaced, expected entries/sample-suite/ddpm2d-ct-roi/" in str(check_entries([path]).problems[0])


def test_link_is_refused_unread(tmp_path):
    put(tmp_path, "secret", "root:x:0:0")
    link = tmp_path / "entry.json"
    link.symlink_to(tmp_path / "secret")
    assert [problem.message for problem in check_entries([link]).problems] == ["a link, expected a file"]


@pytest.mark.parametrize("name", ["README.md", ".gitkeep", "x.details.json", "x.json", "x"])
def test_a_link_in_the_tree_is_refused_whatever_its_name(tmp_path, name):
    put(tmp_path, home_of(entry()), json.dumps(sample()))
    (tmp_path / "entries" / name).symlink_to("/etc/passwd")
    assert {problem.message for problem in check_entries([tmp_path]).problems} == {"a link, expected a file"}


def test_missing_and_empty(tmp_path):
    assert check_entries([tmp_path / "nothing"]).problems[0].message == "no such file or folder"
    assert "no entry" in check_entries([tmp_path]).problems[0].message
    (tmp_path / "entries").mkdir()
    assert check_entries([tmp_path]).problems == []


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", "", "\u202e", "CON", "é È"])
def test_slug_is_one_plain_folder(name):
    assert slug(name).replace("-", "a").isalnum()
    assert slug(name).isascii()


def test_round_trip_keeps_the_id(tmp_path):
    for each in board():
        path = put(tmp_path, "entry.json", json.dumps(each.as_json(), indent=3))
        assert load_entry(path).id == each.id
