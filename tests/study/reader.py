"""A reader of a study, at the keyboard of a real browser."""

from pathlib import Path

from synthuterus_bench.vocab import Kind

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
