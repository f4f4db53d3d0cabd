"""A leaderboard of many entries: how long it takes to build, to appear in a browser, and to sort.

    OMP_NUM_THREADS=1 python benchmarks/board.py [--entries 1000] [--workers N] [--out DIR]

Entries are made up: those of ``tests/board/samples.py`` with noise, with as many results as a 2D suite gives. Prints
JSON: seconds to check and to build, by the clock and of the processor (of the first process), megabytes, and in
headless chromium milliseconds to first paint and of the slowest sort and search, until painted and of the page's
thread. Needs chromium (scripts/install-system-packages).
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from synthuterus_bench.board.check import check_entries, home_of
from synthuterus_bench.board.reported import load_reported
from synthuterus_bench.board.site import Material, build_site
from synthuterus_bench.entry import Entry
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.workers import available_cores
from tests.board.samples import GENERATORS, sample

MORE = ("fid-192", "kid-2048", "kid-64", "fd-swav", "lpips-nearest", "lpips-diversity", "irs-infinity")
MORE += tuple(f"{name}-embedder" for name in ("precision", "recall", "density", "coverage", "authpct", "ct"))
REGIMES = ("supervised", "pretrained", "labels-10", "k-means")
PAINTED = """async ([selector, place, text]) => {
  const start = performance.now();
  const node = document.querySelectorAll(selector)[place];
  if (text === null) node.click();
  else { node.value = text; node.dispatchEvent(new Event("input")); }
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""


def made_up(number: int, rng: random.Random) -> dict[str, Any]:
    """One entry of the size of a real one, unlike every other."""
    names = [*GENERATORS] if number < len(GENERATORS) else [name for name in GENERATORS if "control" not in name]
    data = sample(names[number % len(names)])
    data["generator"]["name"] += f" {number}"
    data["dataset"]["manifest_sha256"] = f"{number:064x}"
    results = [row for row in data["results"] if row["metric"] != "macro-f1-gain"]
    gains = [row for row in data["results"] if row["metric"] == "macro-f1-gain"]
    lpips = [_halved(row) for row in data["results"] if row["metric"] == "lpips"]
    results += [row | {"metric": metric, "direction": METRICS[metric].direction} for metric in MORE for row in lpips]
    results += [row | {"params": {"regime": regime}} for regime in REGIMES for row in gains]
    shaken = [_shaken(row, rng) for row in results]
    data["results"] = [_mean_of_classes(row, shaken) if row["metric"] == "macro-f1-gain" else row for row in shaken]
    return data


def _shaken(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    if row.get("value") is None or row["metric"].startswith("anatomy"):
        return row
    return _moved(row, row["value"] * rng.uniform(-0.3, 0.3))


def _mean_of_classes(row: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A pooled gain as the check wants it; any other row as it is."""
    same = lambda one: one["metric"] == row["metric"] and one.get("params") == row.get("params")
    classes = [one["value"] for one in rows if same(one) and one["scope"] != "pooled"]
    return _moved(row, sum(classes) / len(classes) - row["value"]) if row["scope"] == "pooled" else row


def _halved(row: dict[str, Any]) -> dict[str, Any]:
    """A row that any metric can have, shares too."""
    return row if row.get("value") is None else _moved(row, -row["value"] / 2)


def _moved(row: dict[str, Any], shift: float) -> dict[str, Any]:
    moved = row | {"value": row["value"] + shift}
    if "ci" in row:
        moved["ci"] = row["ci"] | {end: row["ci"][end] + shift for end in ("low", "high")}
    return moved


def many_entries(count: int) -> list[Entry]:
    """``count`` entries of one suite and reference."""
    rng = random.Random(0)
    return [Entry.model_validate_json(json.dumps(made_up(number, rng))) for number in range(count)]


def look_at(page: Any) -> dict[str, float]:
    """Milliseconds of an opened index: to first paint; the slowest of sorts and searches, by clock and processor."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.wait_for_selector("#rows tr")
    heads = page.locator("#head button").count()
    sorts = [_act(page, session, "#head button", place, None) for place in range(heads)]
    searches = [_act(page, session, "#search", 0, text) for text in ("ldm", "", "ddpm2d ct", "")]
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    found = {"first_paint_ms": paint}
    for name, times in (("sort", sorts), ("search", searches)):
        found[f"{name}_ms"], found[f"{name}_cpu_ms"] = (max(column) for column in zip(*times, strict=True))
    return {name: round(value, 1) for name, value in found.items()}


def _act(page: Any, session: Any, *what: str | int | None) -> tuple[float, float]:
    """One sort or search: by the clock until painted, and of the page's own thread."""
    before = _busy(session)
    clock = page.evaluate(PAINTED, list(what))
    return clock, 1000 * (_busy(session) - before)


def _busy(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def browse(index: Path) -> dict[str, float]:
    """:func:`look_at` in a headless chromium of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        path = shutil.which("chromium") or "/usr/bin/chromium"
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(index.as_uri())
        found = look_at(page)
        browser.close()
    return found


@contextmanager
def _timed(name: str, figures: dict[str, float]) -> Iterator[None]:
    clock, processor = time.perf_counter(), time.process_time()
    yield
    figures[f"{name}_s"] = time.perf_counter() - clock
    figures[f"{name}_cpu_s"] = time.process_time() - processor


def measure(count: int, workers: int, out: Path) -> dict[str, float]:
    """All figures of one board."""
    home = out / "entries"
    for entry in many_entries(count):
        path = out / home_of(entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(entry.as_json()))
    figures: dict[str, float] = {"entries": count}
    with _timed("check", figures):
        checked = check_entries([home], workers)
    with _timed("build", figures):
        index = build_site(checked.entries.values(), out / "site", Material(reported=load_reported()), workers=workers)
    figures["index_mb"] = index.stat().st_size / 1e6
    figures["site_mb"] = sum(path.stat().st_size for path in (out / "site").rglob("*") if path.is_file()) / 1e6
    return {name: round(value, 2) for name, value in figures.items()} | browse(index)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=available_cores())
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(measure(given.entries, given.workers, given.out or Path(temporary)), indent=1))
