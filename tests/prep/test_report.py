import base64
import io
import re
from dataclasses import replace

import pytest
from PIL import Image

from synthuterus_bench.prep import run
from synthuterus_bench.prep.pipeline import make_pipeline
from synthuterus_bench.prep.report import curve
from synthuterus_bench.prep.run import prepare_cohort
from synthuterus_bench.vocab import View
from tests.board.html import Page, faults
from tests.prep.made import BOTH, ROI, contents, make_scan, write


@pytest.fixture
def page(tmp_path):
    source = write(tmp_path / "in", make_scan(0, mask=True), make_scan(1), name="<b>in</b>")
    prepare_cohort(source, tmp_path / "out", replace(BOTH, n4=True), report=tmp_path / "page.html")
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_it_shows_every_scan_with_its_field(page):
    assert page.count("<article>") == 2
    pictures = re.findall(r'"data:image/png;base64,([^"]*)"', page)
    assert len(pictures) == 6
    for text in pictures:
        Image.open(io.BytesIO(base64.b64decode(text))).load()
    assert all(len(points.split()) > 10 for points in re.findall(r'points="([^"]*)"', page))
    assert "region from: mask" in page
    assert "region from: middle" in page


def test_it_names_steps_parameters_and_digests(page):
    pipeline = make_pipeline(replace(BOTH, n4=True))
    for view in View:
        assert pipeline.digest(view) in page
    for text in ("knots_mm</code> 200.0", "levels</code> 3", "share</code> 0.25", "side</code> 256", "side</code> 128"):
        assert text in page


def test_it_asks_nothing_of_a_network_and_escapes_names(page):
    assert "&lt;b&gt;in&lt;/b&gt;" in page
    assert not re.search(r"https?://|url\(", page)
    assert [href for href in faults(Page(page)) if not href.startswith("data:image/png;base64,")] == []
    assert "default-src &#39;none&#39;" in page


def test_only_the_first_scans_are_shown_and_the_cohort_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "LOOKS", 1)
    source = write(tmp_path / "in", make_scan(0), make_scan(1))
    prepare_cohort(source, tmp_path / "out", ROI, report=tmp_path / "page.html")
    prepare_cohort(source, tmp_path / "plain", ROI)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<article>") == 1
    assert page.count("data:image/png;base64,") == 1
    assert contents(tmp_path / "out") == contents(tmp_path / "plain")


def test_curve():
    assert curve([0.0, 1.0], width=100, height=10) == "25.0,10.0 75.0,0.0"
