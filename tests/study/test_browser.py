"""A study in a real browser: done with the keyboard alone, through a reload, and scored from the file it saves."""

import json
import re
from pathlib import Path

import pytest

from synthuterus_bench.study.report import write_score
from synthuterus_bench.study.score import score_study
from synthuterus_bench.vocab import Kind
from tests.study.samples import answer_file
from tests.support.browser import contrast, needs_chromium, serious_faults

pytestmark = needs_chromium

SCREENS = ("intro", "reading", "done")


def ready(page) -> None:
    """Wait until the page has asked the browser for what it kept."""
    page.wait_for_selector("body[data-screen]")


def reload(page) -> None:
    page.reload()
    ready(page)


def begin(page) -> None:
    """Through the first screen with the keyboard: past the link that skips, a group, the consent, start."""
    ready(page)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "group":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def answer(page, built, first: int, last: int, wrong: tuple[int, ...] = ()) -> None:
    """Images ``first`` to ``last`` by two keys each, right but for some."""
    for number in range(first, last + 1):
        assert page.inner_text("#place") == f"Scan {number} of 20"
        synthetic = (built.key.items[number - 1].kind is Kind.SYNTHETIC) != (number in wrong)
        page.keyboard.press("2" if synthetic else "1")
        page.keyboard.press(str(1 + number % 4))


def saved(page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def screen(page) -> str:
    return next(name for name in SCREENS if page.is_visible(f"#{name}"))


def test_keyboard_alone_through_a_reload_and_its_file_scores_right(opened, built, tmp_path):
    page = opened(built.page)
    begin(page)
    answer(page, built, 1, 8, wrong=(3, 5))
    page.keyboard.press("2")
    reload(page)
    assert page.inner_text("#place") == "Scan 9 of 20"
    assert page.get_attribute("[data-answer=synthetic]", "aria-pressed") == "true"
    page.keyboard.press("Backspace")
    answer(page, built, 9, 20, wrong=(11,))
    assert screen(page) == "done"
    reload(page)
    assert screen(page) == "done"
    path = saved(page, tmp_path)
    score = score_study(built.key_path, [path])
    assert score.readers[0].group == "junior-radiologist"
    assert score.groups[0].accuracy.hits == 17
    assert [one.item for one in score.items if not one.correct] == [3, 5, 11]
    confidences = [row["confidence"] for row in json.loads(path.read_text(encoding="utf-8"))["answers"]]
    assert confidences == [1 + number % 4 for number in range(1, 21)]
    assert page.inner_text("#saved") == f"Saved as {path.name}"


def test_progress_outlives_the_tab(opened, built):
    page = opened(built.page)
    begin(page)
    answer(page, built, 1, 3)
    later = page.context.new_page()
    page.close()
    later.goto(built.page.as_uri())
    ready(later)
    assert later.inner_text("#place") == "Scan 4 of 20"


def test_a_file_asks_for_storage_only_after_the_browser_has_answered(opened, built):
    """Chromium may else hand out one that is empty and keeps nothing: 22 of 50 reloads of a busy machine."""
    page = opened(built.page)
    page.add_init_script(
        """window.events = [];
        const note = (prototype, name, what) => {
          const real = prototype[name];
          prototype[name] = function (...given) {
            if (this !== sessionStorage) window.events.push(what);
            return real.apply(this, given);
          };
        };
        note(Storage.prototype, "getItem", "storage");
        note(Storage.prototype, "setItem", "storage");
        const request = LockManager.prototype.request;
        LockManager.prototype.request = async function (...given) {
          const answer = await request.apply(this, given);
          window.events.push("answer");
          return answer;
        };"""
    )
    reload(page)
    events = page.evaluate("window.events")
    assert events[0] == "answer"
    assert "storage" in events


@pytest.mark.parametrize(
    "locks",
    ["undefined", "{ request: async () => { throw new Error('no') } }", "{ request: () => new Promise(() => {}) }"],
)
def test_a_browser_that_gives_no_answer_still_opens_the_study(opened, built, locks):
    page = opened(built.page)
    page.add_init_script(f"Object.defineProperty(navigator, 'locks', {{ value: {locks} }})")
    reload(page)
    begin(page)
    answer(page, built, 1, 2)
    assert page.inner_text("#place") == "Scan 3 of 20"


def test_time_is_measured_while_an_image_is_shown(opened, built, tmp_path):
    page = opened(built.page)
    begin(page)
    page.wait_for_timeout(300)
    answer(page, built, 1, 4)
    page.wait_for_timeout(300)
    reload(page)
    answer(page, built, 5, 20)
    times = [row["ms"] for row in json.loads(saved(page, tmp_path).read_text(encoding="utf-8"))["answers"]]
    assert 300 <= times[0] < 3000
    assert 300 <= times[4] < 3000
    assert max(times[5:]) < 300


def test_an_answer_can_be_taken_back(opened, built, tmp_path):
    page = opened(built.page)
    begin(page)
    answer(page, built, 1, 2, wrong=(1,))
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    assert page.inner_text("#place") == "Scan 1 of 20"
    answer(page, built, 1, 20)
    assert score_study(built.key_path, [saved(page, tmp_path)]).groups[0].accuracy.hits == 20


def test_a_held_key_answers_once(opened, built):
    page = opened(built.page)
    begin(page)
    for _ in range(5):
        page.keyboard.down("1")
    assert page.inner_text("#place") == "Scan 1 of 20"
    assert page.get_attribute("[data-answer=real]", "aria-pressed") == "true"


def test_no_start_without_group_and_consent(opened, built):
    page = opened(built.page)
    ready(page)
    page.click("#start")
    assert page.inner_text("#missing") == "Still missing: your group and your consent."
    page.check("input[value=other]")
    page.click("#start")
    assert page.inner_text("#missing") == "Still missing: your consent."
    assert screen(page) == "intro"


def test_the_next_reader_starts_anew_under_another_code(opened, built, tmp_path):
    page = opened(built.page)
    codes = []
    for _ in range(2):
        begin(page)
        answer(page, built, 1, 20)
        codes.append(json.loads(saved(page, tmp_path).read_text(encoding="utf-8"))["reader"])
        page.click("#again")
        assert screen(page) == "intro"
    assert len(set(codes)) == 2


def picture(page) -> list[int]:
    """The red channel of what the canvas shows."""
    return page.evaluate(
        "(() => { const c = document.getElementById('scan');"
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, k) => k % 4 === 0) })()"
    )


def test_window_zoom_and_reset(opened, built):
    page = opened(built.page)
    begin(page)
    first = picture(page)
    page.keyboard.press("ArrowUp")
    assert sum(picture(page)) > sum(first)
    page.keyboard.press("r")
    assert picture(page) == first
    page.keyboard.press("ArrowRight")
    assert page.input_value("#contrast") == "4"
    page.keyboard.press("+")
    assert "scale(1.25)" in page.evaluate("document.getElementById('scan').style.transform")
    page.keyboard.press("Shift+ArrowRight")
    assert "translate(24px" in page.evaluate("document.getElementById('scan').style.transform")
    page.click("#reset")
    assert picture(page) == first
    box = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 40)
    page.mouse.up()
    assert int(page.input_value("#brightness")) == 20
    assert sum(picture(page)) > sum(first)
    page.fill("#brightness", "0")
    assert picture(page) == first


def test_stacks_scroll_by_wheel_keys_and_slider(opened, stacks):
    page = opened(stacks.page)
    begin(page)
    shown = lambda: page.inner_text("#slice-number")
    assert shown() == "3 of 5"
    page.keyboard.press(".")
    assert shown() == "4 of 5"
    page.keyboard.press(",")
    page.hover("#stage")
    page.mouse.wheel(0, -100)
    page.wait_for_function("document.getElementById('slice-number').textContent === '2 of 5'")
    page.focus("#slice")
    page.keyboard.press("ArrowRight")
    assert shown() == "3 of 5"
    for _ in range(9):
        page.keyboard.press(".")
    assert shown() == "5 of 5"


@pytest.mark.parametrize("text", ["", "a", "x" * 55, "x" * 56, "x" * 64, "synthuterus|ä€|1" * 40])
def test_the_pages_digest_is_sha256(opened, built, text):
    from hashlib import sha256

    assert opened(built.page).evaluate("(text) => sha256(text)", text) == sha256(text.encode()).hexdigest()


def test_spoilt_progress_is_no_dead_end(opened, built):
    page = opened(built.page)
    for spoilt in ("null", "{", '{"reader": "x"}', '{"reader": "0123456789abcdef", "answers": [], "ms": []}'):
        name = f"synthuterus-study:{built.key.study}"
        page.evaluate("([name, text]) => localStorage.setItem(name, text)", [name, spoilt])
        reload(page)
        assert screen(page) == "intro"


def on_every_screen(page, look) -> None:
    """Call ``look`` on the first screen, while reading, between answer and confidence, and at the end."""
    look()
    begin(page)
    look()
    page.keyboard.press("1")
    look()
    page.keyboard.press("1")
    while not page.is_visible("#done"):
        page.keyboard.press("1")
    look()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(opened, built, stacks, width):
    for study in (built, stacks):
        page = opened(study.page, viewport={"width": width, "height": 800})
        widths = []
        on_every_screen(page, lambda: widths.append(page.evaluate("document.documentElement.scrollWidth")))  # noqa: B023
        assert len(widths) == 4
        assert max(widths) <= width


def test_every_control_has_a_name_and_text_has_contrast(opened, stacks):
    page = opened(stacks.page)

    def look() -> None:
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("button, input, progress, canvas, [role]")]
              .filter((node) => node.checkVisibility())
              .filter((node) => !(node.innerText || node.getAttribute("aria-label") || (node.labels || []).length
                || ["status", "alert"].includes(node.getAttribute("role"))))
              .map((node) => node.outerHTML)"""
        )
        assert nameless == []
        assert page.evaluate("[...document.querySelectorAll('h1')].filter((n) => n.checkVisibility()).length") == 1
        for selector in ("h1", "p", "legend", ".button:not(:disabled)", ".muted", "kbd", "label", "#said"):
            for node in page.locator(f"{selector}:visible").all()[:3]:
                node.evaluate("node => { node.dataset.looked = '' }")
                if node.inner_text() and not node.evaluate("node => Boolean(node.closest(':disabled'))"):
                    assert contrast(page, "[data-looked]") >= 4.5, node.inner_text()
                node.evaluate("node => { delete node.dataset.looked }")

    on_every_screen(page, look)


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(opened, built, stacks, tmp_path, width):
    def look(page) -> None:
        assert serious_faults(page) == []

    for study in (built, stacks):
        page = opened(study.page, viewport={"width": width, "height": 800})
        on_every_screen(page, lambda page=page: look(page))
    files = [answer_file(tmp_path / f"{k}.json", built.key, k) for k in range(3)]
    write_score(score_study(built.key_path, files), tmp_path / "score.html")
    look(opened(tmp_path / "score.html", viewport={"width": width, "height": 800}))


def test_the_report_fits_a_phone_and_has_contrast(opened, built, tmp_path):
    files = [answer_file(tmp_path / f"{k}.json", built.key, k) for k in range(3)]
    write_score(score_study(built.key_path, files), tmp_path / "score.html")
    for scheme in ("light", "dark"):
        page = opened(tmp_path / "score.html", viewport={"width": 320, "height": 800}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        for selector in ("h1", ".muted", ".cell .ci", ".tag.warn"):
            assert contrast(page, selector) >= 4.5, selector


def test_the_page_says_so_without_script(opened, built):
    page = opened(built.page, java_script_enabled=False)
    assert re.search("needs JavaScript", page.inner_text("main"))
    assert not any(page.is_visible(f"#{name}") for name in SCREENS)
