import csv
import json
import re

import pytest
import yaml
from huggingface_hub.repocard_data import model_index_to_eval_results

from synthuterus_bench.board.reported import load_reported
from synthuterus_bench.board.retractions import Retraction
from synthuterus_bench.board.site import Material, build_site
from synthuterus_bench.board.verification import Verification
from synthuterus_bench.entry import Entry, load_entry
from synthuterus_bench.errors import DataError
from synthuterus_bench.look.text import unsafe
from tests.board.html import Page, faults
from tests.board.samples import NO_INCEPTION, SUITE, board, entry, sample
from tests.board.test_badges import verification

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</style></script><script>alert(1)</script>",
    "javascript:alert(1)",
    'https://example.org/" onmouseover="alert(1)',
    "https://example.org/<b>",
    "{{ 7 * 7 }}{% for x in y %}",
    "\u202egpj.exe\u2066",
    "\x1b]0;title\x07",
    "-->]]>",
    "A" * 400,
)


REPORTED = Material(reported=load_reported())


def block(index) -> dict:
    """What the page's script reads."""
    (text,) = Page.read(index).data
    return json.loads(text)


def poisoned(value, payload: str, keys: bool = True):
    """The value with every free text replaced; texts that the schema binds stay."""
    bound = {"schema", "id", "protocol_digest", "reference_digest", "metric", "direction", "scope", "status"}
    bound |= {"manifest_sha256", "family", "method"}
    if isinstance(value, dict):
        return {name: inner if name in bound else poisoned(inner, payload) for name, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner, payload) for inner in value]
    return payload if isinstance(value, str) else value


def hostile(payload: str) -> Entry:
    data = poisoned(sample(), payload)
    data["generator"]["name"] = payload[:100]
    data["suite"]["reference"] = payload[:100]
    data["environment"] |= {payload: "key"}
    data["artefacts"] = {payload: payload}
    data["dataset"]["n_per_class"] |= {payload: 1}
    data["privacy"]["self_test"] = {payload: 0.5}
    data["declarations"] = {payload: True}
    data["results"][0]["scope"] = payload[:20]
    data["results"][1]["params"] = {payload: payload}
    data["results"][2] |= {"status": "withheld", "value": None, "ci": None, "reason": payload}
    for row in data["results"]:
        if row.get("ci"):
            row["ci"]["unit"] = payload[:50]
    return Entry.model_validate_json(json.dumps(data))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build_site(board(), tmp_path_factory.mktemp("site") / "out", REPORTED)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_are_inert(tmp_path, payload):
    attacker = hostile(payload)
    index = build_site([attacker, entry()], tmp_path / "site", REPORTED)
    for path in index.parent.rglob("*.html"):
        page = Page.read(path)
        assert faults(page) == []
        assert not set(page.source) & set("\u202e\u2066\x1b\x07")
    own = Page.read(index.parent / "entry" / f"{attacker.id}.html")
    assert unsafe(payload) or payload in own.text
    names = {path.relative_to(index.parent).as_posix() for path in index.parent.rglob("*") if path.is_file()}
    assert all(re.fullmatch(r"(entry/[0-9a-f]{64}|tables/[a-z0-9-]+|index|paper)\.[a-z.-]+", name) for name in names)
    for path in index.parent.glob("tables/*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in cells)
        assert not any(map(unsafe, cells))


def test_the_block_holds_every_value_with_interval_and_floor(site):
    (table,) = block(site)["tables"]
    kid = next(place for place, column in enumerate(table["columns"]) if column["key"] == "kid-embedder")
    floors = table["columns"][kid]["floors"]
    found = {table["entries"][place]["name"]: cells[kid] for place, _, cells in table["scopes"]["pooled"]}
    assert len(found) == len(board())
    value, low, high, floor = found["ddpm2d-ct-roi"]
    assert (value, low, high, floors[floor]) == (0.0041, 0.0025, 0.0057, [-0.0011, 0.0014])


def test_the_block_ends_no_script_and_holds_texts_once(site):
    source = Page.read(site).data[0]
    assert not set(source) & set("<>&\u2028")
    assert source.count(NO_INCEPTION) == 1


def test_unavailable_shows_its_reason_and_no_zero(site):
    data = block(site)
    (table,) = data["tables"]
    fid = next(place for place, column in enumerate(table["columns"]) if column["key"] == "fid-2048")
    found = {table["entries"][place]["name"]: cells[fid] for place, _, cells in table["scopes"]["pooled"]}
    cell = next(cell for name, cell in found.items() if name.startswith("A very"))
    assert data["texts"][cell - 1] == ["unavailable", NO_INCEPTION]


def test_tables_as_files_hold_the_same(site):
    (path,) = site.parent.glob("tables/*.json")
    table = json.loads(path.read_text(encoding="utf-8"))
    rows = [row for row in table["rows"] if row["scope"] == "pooled"]
    assert len(rows) == len(board())
    mine = next(row for row in rows if row["generator"] == "ddpm2d-ct-roi")
    assert mine["results"]["kid-embedder"]["ci"]["low"] == 0.0025
    assert (mine["tier_best"], mine["rank_best"], mine["verification"]) == (1, 1, "declared")
    with path.with_suffix(".csv").open(newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["scope"] == "pooled"]
    assert {line["generator"]: line["kid-embedder"] for line in lines}["ddpm2d-ct-roi"] == "0.0041"
    assert [line["reason"] for line in lines if line["control"] == "True"] == ["control", "control"]


def test_reported_numbers_stand_apart(site):
    assert "ddpm2d-uncond-full" not in Page.read(site).data[0]
    _, reported = Page.read(site).source.split("Reported in the paper, not measured here")
    assert "ddpm2d-uncond-full" in reported


def test_pages_are_safe_and_links_lead_somewhere(site):
    for path in site.parent.rglob("*.html"):
        page = Page.read(path)
        assert faults(page) == []
        for href in page.values("href"):
            if not href.startswith(("https://", "#", "data:")):
                assert (path.parent / href).resolve().is_file(), href


def test_json_beside_the_page_is_the_entry(site):
    for each in board():
        assert load_entry(site.parent / "entry" / f"{each.id}.json").id == each.id


def test_two_builds_are_equal(site, tmp_path):
    again = build_site(reversed(board()), tmp_path / "again", REPORTED)
    for path in site.parent.rglob("*.*"):
        assert path.read_bytes() == (again.parent / path.relative_to(site.parent)).read_bytes(), path.name


def test_workers_change_no_byte(site, tmp_path, monkeypatch):
    monkeypatch.setattr("synthuterus_bench.board.site.FEW", 1)
    again = build_site(board(), tmp_path / "again", REPORTED, workers=2)
    for path in site.parent.rglob("*.*"):
        assert path.read_bytes() == (again.parent / path.relative_to(site.parent)).read_bytes(), path.name


def test_retracted_metric_is_withdrawn_and_unranked(tmp_path):
    retraction = Retraction(metric="kid-embedder", reason="wrong kernel")
    index = build_site(board(), tmp_path / "site", Material([retraction]))
    (table,) = block(index)["tables"]
    assert ["withheld", "withdrawn: wrong kernel"] in block(index)["texts"]
    assert all(isinstance(standing, int) for _, standing, _ in table["scopes"]["pooled"])
    assert "0.0041" not in Page.read(index).source


def test_superseded_entry_leaves_the_table_but_keeps_its_page(tmp_path):
    old = entry()
    index = build_site([old, entry(supersedes=old.id, training_data=["more of it"])], tmp_path / "site", Material())
    assert old.id not in index.read_text(encoding="utf-8")
    assert "A later entry of this generator" in (index.parent / "entry" / f"{old.id}.html").read_text(encoding="utf-8")


def test_nobody_supersedes_another(tmp_path):
    old = entry()
    index = build_site([old, entry("ldm2d-ct-roi", supersedes=old.id)], tmp_path / "site", Material())
    assert old.id in index.read_text(encoding="utf-8")


def test_protocols_get_tables_of_their_own(tmp_path):
    other = entry("ldm2d-ct-roi", suite={**SUITE, "protocol_digest": "0" * 64})
    tables = block(build_site([entry(), other], tmp_path / "site", Material()))["tables"]
    assert [table["scopes"]["pooled"][0][1] for table in tables] == [[1, 1, 1, 1, 1]] * 2
    assert len({table["name"] for table in tables}) == 2


def test_empty_board(tmp_path):
    assert "No entries yet" in build_site([], tmp_path / "site", Material()).read_text(encoding="utf-8")


def test_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(DataError, match="expected nothing there yet"):
        build_site([], tmp_path, Material())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_exports_for_the_hub(site):
    one = entry()
    home = site.parent / "entry"
    results = yaml.safe_load((home / f"{one.id}.eval-results.yaml").read_text(encoding="utf-8"))
    kid = next(row for row in results if row["dataset"]["task_id"] == "sample-suite-kid-embedder")
    assert kid["value"] == 0.0041
    assert kid["dataset"]["id"] == "synthuterus-bench/leaderboard"
    assert "interval 0.0025 to 0.0057" in kid["notes"]
    index = yaml.safe_load((home / f"{one.id}.model-index.yaml").read_text(encoding="utf-8"))["model-index"]
    name, found = model_index_to_eval_results(index)
    assert name == "ddpm2d-ct-roi"
    assert {one.metric_type: one.metric_value for one in found}["fid-2048"] == 71.4


def test_a_space_has_its_front_matter(tmp_path):
    index = build_site(board(), tmp_path / "space", Material(), space=True)
    _, front, body = (index.parent / "README.md").read_text(encoding="utf-8").split("---\n")
    told = yaml.safe_load(front)
    assert (told["sdk"], told["app_file"]) == ("static", "index.html")
    assert len(told["short_description"]) <= 60
    assert "8 entries" in body


def test_every_field_is_on_the_page_of_an_entry(site):
    text = Page.read(site.parent / "entry" / f"{entry().id}.html").text
    for words in ("generator.parameters", "11873665", "sampling.scheduler", "privacy.self_test.copies_caught"):
        assert words in text
    assert "Tier, pooled" in text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("agrees", "1 of 1 results agree, 0 differ"), ("differs", "0 of 1 results agree, 1 differ")],
)
def test_the_page_counts_what_was_found_again(tmp_path, verdict, words):
    found = Verification.model_validate(verification(entry().id, verdict=verdict))
    index = build_site([entry()], tmp_path / "site", Material(verifications={entry().id: [found]}))
    text = Page.read(index.parent / "entry" / f"{entry().id}.html").text
    assert words in text
    assert ("Allowed" in text) == (verdict == "differs")
