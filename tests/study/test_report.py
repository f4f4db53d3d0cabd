import json

import pytest

from synthuterus_bench.study.report import score_page, write_score
from synthuterus_bench.study.score import score_study
from tests.board.html import Page, faults
from tests.study.samples import answer_file

GROUPS = ("ai-researcher", "senior-radiologist", "senior-radiologist")


@pytest.fixture(scope="module")
def score(built, tmp_path_factory):
    home = tmp_path_factory.mktemp("answers")
    files = [answer_file(home / f"{k}.json", built.key, k, 0.6, group) for k, group in enumerate(GROUPS)]
    return score_study(built.key_path, files)


def test_the_page_and_its_json(score, tmp_path):
    record = write_score(score, tmp_path / "score.html")
    assert json.loads(record.read_text(encoding="utf-8")) == json.loads(score.model_dump_json(by_alias=True))
    page = Page.read(tmp_path / "score.html")
    assert faults(page) == []
    assert len(page.source) < 5_000_000
    assert f"{score.groups[0].accuracy.hits} of 60" in page.text
    for word in ("46.3 %", "40.0 %", "50.0 %", "reported, not measured here"):
        assert word in page.text


def test_the_same_score_gives_the_same_bytes(score):
    assert score_page(score) == score_page(score)


def test_a_hostile_cohort_name_is_inert(score):
    names = {"real": "<script>alert(1)</script>\u202e", "generators": ("<b>",)}
    page = Page(score_page(score.model_copy(update=names)))
    assert faults(page) == []
    assert "\u202e" not in page.source
    assert not any(tag == "b" for tag, _ in page.elements)
