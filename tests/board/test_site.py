import json

import pytest

from synthuterus_bench.bench.pages.text import unsafe
from synthuterus_bench.board.reported import load_reported
from synthuterus_bench.board.retractions import Retraction
from synthuterus_bench.board.site import build_site
from synthuterus_bench.entry import Entry, load_entry
from synthuterus_bench.errors import DataError
from tests.board.html import Page, faults
from tests.board.samples import NO_INCEPTION, SUITE, board, entry, sample

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
    return build_site(board(), tmp_path_factory.mktemp("site") / "out", [], load_reported())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_are_inert(tmp_path, payload):
    attacker = hostile(payload)
    index = build_site([attacker, entry()], tmp_path / "site", [], load_reported())
    for path in index.parent.rglob("*.html"):
        page = Page.read(path)
        assert faults(page) == []
        assert not set(page.source) & set("\u202e\u2066\x1b\x07")
    own = Page.read(index.parent / "entry" / f"{attacker.id}.html")
    assert unsafe(payload) or payload in own.text
    names = {path.relative_to(index.parent).as_posix() for path in index.parent.rglob("*")}
    assert all(name in ("index.html", "entry") or name.startswith("entry/") for name in names)


def test_every_value_has_its_interval_and_floor(site):
    text = Page.read(site).text
    assert "0.0041" in text
    assert "0.0025 to 0.0057" in text
    assert "floor −0.0011 to 0.0014" in text


def test_unavailable_shows_its_reason_and_no_zero(site):
    page = Page.read(site)
    assert NO_INCEPTION in page.text
    name = next(each.generator.name for each in board() if each.generator.name.startswith("A very"))
    rows = page.source.split("<tr ")
    row = next(part for part in rows if name in part)
    assert row.count('data-sort=""') == 2


def test_reported_numbers_stand_apart(site):
    measured, reported = Page.read(site).source.split("Reported in the paper, not measured here")
    assert "ddpm2d-uncond-full" not in measured
    assert "data-sort" not in reported


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
    again = build_site(reversed(board()), tmp_path / "again", [], load_reported())
    for path in site.parent.rglob("*.*"):
        assert path.read_bytes() == (again.parent / path.relative_to(site.parent)).read_bytes(), path.name


def test_retracted_metric_is_withdrawn_and_unranked(tmp_path):
    retraction = Retraction(metric="kid-embedder", reason="wrong kernel")
    text = Page.read(build_site(board(), tmp_path / "site", [retraction], [])).text
    assert "withdrawn: wrong kernel" in text
    assert "0.0041" not in text


def test_superseded_entry_leaves_the_table_but_keeps_its_page(tmp_path):
    old = entry()
    index = build_site([old, entry(supersedes=old.id, submitter="again")], tmp_path / "site", [], [])
    assert old.id not in index.read_text()
    assert (index.parent / "entry" / f"{old.id}.html").is_file()


def test_nobody_supersedes_another(tmp_path):
    old = entry()
    index = build_site([old, entry("ldm2d-ct-roi", supersedes=old.id)], tmp_path / "site", [], [])
    assert old.id in index.read_text()


def test_protocols_get_tables_of_their_own(tmp_path):
    other = entry("ldm2d-ct-roi", suite={**SUITE, "protocol_digest": "0" * 64})
    page = Page.read(build_site([entry(), other], tmp_path / "site", [], []))
    assert sum(tag == "table" for tag, _ in page.elements) == 2
    assert "of 2" not in page.text


def test_empty_board(tmp_path):
    assert "No entries yet" in build_site([], tmp_path / "site", [], []).read_text()


def test_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(DataError, match="expected nothing there yet"):
        build_site([], tmp_path, [], [])
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
