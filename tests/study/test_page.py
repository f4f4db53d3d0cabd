"""What the page gives away: nothing."""

import base64
import json
import re
import zlib

import numpy as np
import pytest

from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import LOW, QUANTUM, from_window
from synthuterus_bench.study.build import build_study
from synthuterus_bench.study.page import STEP, shown_bytes, study_page
from synthuterus_bench.study.shown import on_one_scale
from synthuterus_bench.vocab import Kind
from tests.board.html import Page
from tests.study.samples import cohort


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def auc(values, positive) -> float:
    values, positive = np.asarray(values, float), np.asarray(positive)
    gap = values[positive][:, None] - values[~positive]
    return float(np.mean((gap > 0) + 0.5 * (gap == 0)))


def test_every_image_has_equally_many_bytes_though_one_kind_compresses_to_nothing(built):
    images = data_of(built.page.read_text(encoding="utf-8"))["images"]
    assert len({len(text) for text in images}) == 1
    packed = [len(zlib.compress(base64.b64decode(text))) for text in images]
    assert auc(packed, built.key.synthetic_items) == 0, "the two kinds of this test would be told apart by compression"


def test_order_does_not_predict_the_kind(sources, tmp_path):
    places = np.arange(20)
    found = [
        auc(places, build_study(*sources, tmp_path / str(seed), n=10, seed=seed).key.synthetic_items)
        for seed in range(40)
    ]
    assert abs(np.mean(found) - 0.5) < 3 * 0.1323 / np.sqrt(40)  # sd of an AUC of 10 against 10 by chance: 0.1323
    assert min(found) < 0.45
    assert max(found) > 0.55


def test_pixels_come_back_to_twelve_bits_on_the_scale_of_the_study(built, sources):
    data = data_of(built.page.read_text(encoding="utf-8"))
    known = {scan.scan_id: scan for folder in sources for scan in load_cohort(folder).scans()}
    given = [known[item.scan_id].pixels for item in built.key.items]
    shown = on_one_scale(given, built.key.seed, built.key.salt)
    for text, pixels in zip(data["images"], shown, strict=True):
        values = np.frombuffer(base64.b64decode(text), "<u2")
        assert values.max() < 4096
        z = data["low"] + data["step"] * values
        assert np.abs(z - from_window(pixels).ravel()).max() < 0.51 * STEP


def test_lowest_bits_are_gone():
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    assert np.array_equal(np.frombuffer(shown_bytes(pixels), "<u2"), pixels.ravel() // 16)
    assert STEP == 16 * QUANTUM
    assert LOW < data_low() < LOW + STEP


def data_low() -> float:
    return LOW + (STEP - QUANTUM) / 2


def test_nothing_of_people_places_or_kinds_is_in_the_page(built):
    page = built.page.read_text(encoding="utf-8")
    for word in ("Erika", "Mustermann", "Erlangen", "secret", "patient-", "ddpm2d", "a prompt that tells", "av-af"):
        assert word not in page
    key = built.key
    for secret in (key.salt, key.real.digest, key.synthetic.digest, *(item.shown_sha256 for item in key.items)):
        assert secret not in page
    assert set(data_of(page)) == {"study", "shape", "low", "step", "window", "images"}


def test_the_id_tells_nothing_without_the_salt(built):
    values = built.key.model_dump(mode="json", by_alias=True)
    assert re.fullmatch(r"[0-9a-f]{64}", values["salt"])
    assert values["salt"] not in (values["real"]["digest"], values["synthetic"]["digest"])


def test_the_page_asks_for_nothing(built):
    page = Page.read(built.page)
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "connect-src" not in policy
    assert "unsafe" not in policy
    assert not [tag for tag, _ in page.elements if tag in ("img", "iframe", "object", "embed", "form", "base")]
    assert page.values("src") == []
    assert all(href in ("data:,", "#main") for href in page.values("href"))
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not re.search(
        r"https?://|fetch\(|XMLHttpRequest|sendBeacon|WebSocket", built.page.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("title", ["</title><script>alert(1)</script>", "a\u202eb", "x" * 5000, "{{ 7 * 7 }}", '"><b>'])
def test_hostile_titles_are_inert(built, title):
    pixels = [np.zeros((16, 16), np.uint16)] * len(built.key.items)
    page = Page(study_page(built.key, pixels, title))
    assert len(page.data) == 1
    assert sum(tag == "script" for tag, _ in page.elements) == 2
    assert not any(tag == "b" for tag, _ in page.elements)
    assert "\u202e" not in page.source
    assert len(page.source) < 60_000


def test_a_hostile_scan_name_stays_in_the_key(tmp_path):
    real, synthetic = (
        cohort(tmp_path / kind, kind, people=1, each=1, source="</script><script>alert(1)</script>").root
        for kind in Kind
    )
    made = build_study(real, synthetic, tmp_path / "out", n=4)
    assert "alert(1)" not in made.page.read_text(encoding="utf-8")


def test_stacks_hold_every_slice(stacks):
    data = data_of(stacks.page.read_text(encoding="utf-8"))
    assert data["shape"] == [5, 16, 16]
    assert {len(base64.b64decode(text)) for text in data["images"]} == {5 * 16 * 16 * 2}
