import base64
import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from synthuterus_bench import look
from synthuterus_bench.look import environment, picture, render
from synthuterus_bench.look.plots import DARK, LIGHT
from synthuterus_bench.look.text import LONGEST, https, inert, number, one_line, unsafe


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "x.html.j2").write_text(
        '{% extends "base.html.j2" %}{% block main %}<p title="{{ word }}">{{ word }}</p>{% endblock %}'
    )
    (tmp_path / "page.js").write_text("/* of this page */")
    return tmp_path


ROOMS = Path(look.__file__).parents[1]
TEMPLATES = sorted(
    path for path in ROOMS.rglob("*.html.j2") if not path.read_text(encoding="utf-8").startswith("{% macro")
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_page_stands_on_the_one_base(path):
    """Or is a file of macros, or the base itself; none has a style or a script of its own inside."""
    text = path.read_text(encoding="utf-8")
    if path.name == "base.html.j2":
        return
    if "{% block main %}" in text:
        assert text.startswith('{% extends "base.html.j2" %}')
    else:
        assert "<html" not in text
    assert "<style" not in text
    assert " style=" not in text
    assert all(kind.startswith(' type="application/json"') for kind in re.findall(r"<script([^>]*)>", text))


def test_pages_were_found():
    names = {path.name for path in TEMPLATES}
    assert names >= {
        "report.html.j2",
        "leakage.html.j2",
        "score.html.j2",
        "study.html.j2",
        "index.html.j2",
        "prep.html.j2",
    }


def test_light_and_dark_define_the_same_colours():
    text = (ROOMS / "look" / "look.css").read_text(encoding="utf-8")
    light, *darks = (set(re.findall(r"(--[a-z-]+):", block)) for block in re.findall(r"color-scheme: [^}]*", text))
    assert len(darks) == 2
    assert all(dark == light for dark in darks)


def test_plots_are_drawn_in_the_colours_of_the_page():
    """A plot lies on the page's own ground: its text, lines and first series are the style sheet's."""
    text = (ROOMS / "look" / "look.css").read_text(encoding="utf-8")
    blocks = re.findall(r"color-scheme: [^}]*", text)
    for ink, block in ((LIGHT, blocks[0]), (DARK, blocks[1]), (DARK, blocks[2])):
        named = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        assert (ink.text, ink.muted, ink.line, ink.band) == tuple(
            named[name] for name in ("ink", "muted", "line", "band")
        )
        assert ink.series[0] == named["mark"]


def test_policy_names_the_one_style_and_script(folder):
    page = render("x.html.j2", folder, word="x")
    policy = re.search(r'Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    assert "of this page" in page


def test_everything_printed_is_escaped_and_inert(folder):
    page = render("x.html.j2", folder, word='<b a="\'">\u202e\x00')
    assert '<p title="&lt;b a=&#34;&#39;&#34;&gt;\ufffd\ufffd">&lt;b' in page


def test_missing_value_is_an_error(folder):
    with pytest.raises(UndefinedError):
        render("x.html.j2", folder)
    assert environment(folder).autoescape is True


def test_picture_round_trip():
    assert base64.b64decode(picture(b"\x00<>").split(",")[1]) == b"\x00<>"


@given(st.text())
def test_inert_is_safe_bounded_and_idempotent(text):
    clean = inert(text)
    assert not unsafe(clean)
    assert len(clean) <= LONGEST
    assert inert(clean) == clean
    clean.encode()
    assert len(one_line(text).splitlines()) <= 1


@given(st.text(alphabet="abc äöü 中文 <>&\"'"))
def test_inert_keeps_plain_words(text):
    assert inert(text) == text or len(text) > LONGEST


@pytest.mark.parametrize("good", ["https://example.org", "https://a.b/c?d=e#f", "https://h:8080/x"])
def test_plain_addresses_are_links(good):
    assert https(good)


@pytest.mark.parametrize(
    "bad",
    [
        "http://a.b",
        "javascript:alert(1)",
        "https://",
        "https://user@a.b/",
        "https://a.b\\@c/",
        "https://a b",
        "https://a.b/ x",
        " https://a.b",
        "https://a.b\n",
        "HTTPS:a",
        "//a.b",
        "https://а.b",
        None,
        7,
    ],
)
def test_other_texts_are_no_links(bad):
    assert not https(bad)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(-0.0004, 3, "0.000"), (-1.5, 1, "−1.5"), (0.5, 0, "0"), (2e7, 2, "2.00e+07"), (None, 2, ""), (12, 2, "12.00")],
)
def test_number(value, decimals, text):
    assert number(value, decimals) == text
