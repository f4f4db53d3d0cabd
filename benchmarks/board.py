"""A leaderboard of many entries: how long it takes to build, to appear in a browser, and to sort.

    OMP_NUM_THREADS=1 python benchmarks/board.py [--entries 1000] [--out DIR]

Entries are made up: those of ``tests/board/samples.py`` with noise, with as many results as a 2D suite gives. Prints
JSON: seconds to check and to build, by the clock and of the processor, megabytes, and in headless chromium
milliseconds to first paint, and the longest of ten sorts and of ten searches until painted. Needs chromium
(scripts/install-system-packages).
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
from tests.board.samples import GENERATORS, sample

MORE = ("fid-192", "kid-2048", "kid-64", "fd-swav", "lpips-nearest", "lpips-diversity", "irs-infinity")
MORE += tuple(f"{name}-embedder" for name in ("precision", "recall", "density", "coverage", "authpct", "ct"))
REGIMES = ("supervised", "pretrained", "labels-10", "k-means")
PAINTED = """async () => {
  const run = async (act) => {
    const start = performance.now();
    act();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - start;
  };
  const sorts = [];
  const searches = [];
  for (let k = 0; k < 10; k += 1) {
    const buttons = document.querySelectorAll("#head button");
    sorts.push(await run(() => buttons[k % buttons.length].click()));
    const field = document.getElementById("search");
    field.value = k % 2 ? "" : "ldm";
    searches.push(await run(() => field.dispatchEvent(new Event("input"))));
  }
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return { first_paint_ms: paint.startTime, sort_ms: Math.max(...sorts), search_ms: Math.max(...searches) };
}"""


def made_up(number: int, rng: random.Random) -> dict[str, Any]:
    """One entry of the size of a real one, unlike every other."""
    names = [*GENERATORS] if number < len(GENERATORS) else [name for name in GENERATORS if "control" not in name]
    data = sample(names[number % len(names)])
    data["generator"]["name"] += f" {number}"
    data["dataset"]["manifest_sha256"] = f"{number:064x}"
    results = [row for row in data["results"] if row["metric"] != "macro-f1-gain"]
    gains = [row for row in data["results"] if row["metric"] == "macro-f1-gain"]
    lpips = [row for row in data["results"] if row["metric"] == "lpips"]
    results += [row | {"metric": metric, "direction": "none"} for metric in MORE for row in lpips]
    results += [row | {"params": {"regime": regime}} for regime in REGIMES for row in gains]
    data["results"] = [_shaken(row, rng) for row in results]
    return data


def _shaken(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    if row.get("value") is None or row["metric"].startswith("anatomy"):
        return row
    shift = row["value"] * rng.uniform(-0.3, 0.3)
    moved = row | {"value": row["value"] + shift}
    if "ci" in row:
        moved["ci"] = row["ci"] | {end: row["ci"][end] + shift for end in ("low", "high")}
    return moved


def many_entries(count: int) -> list[Entry]:
    """``count`` entries of one suite and reference."""
    rng = random.Random(0)
    return [Entry.model_validate_json(json.dumps(made_up(number, rng))) for number in range(count)]


def browse(index: Path) -> dict[str, float]:
    """Milliseconds in headless chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        path = shutil.which("chromium") or "/usr/bin/chromium"
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(index.as_uri())
        page.wait_for_selector("#rows tr")
        found = page.evaluate(PAINTED)
        browser.close()
    return {name: round(value, 1) for name, value in found.items()}


@contextmanager
def _timed(name: str, figures: dict[str, float]) -> Iterator[None]:
    clock, processor = time.perf_counter(), time.process_time()
    yield
    figures[f"{name}_s"] = time.perf_counter() - clock
    figures[f"{name}_cpu_s"] = time.process_time() - processor


def measure(count: int, out: Path) -> dict[str, float]:
    """All figures of one board."""
    home = out / "entries"
    for entry in many_entries(count):
        path = out / home_of(entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(entry.as_json()))
    figures: dict[str, float] = {"entries": count}
    with _timed("check", figures):
        checked = check_entries([home])
    with _timed("build", figures):
        index = build_site(checked.entries.values(), out / "site", Material(reported=load_reported()))
    figures["index_mb"] = index.stat().st_size / 1e6
    figures["site_mb"] = sum(path.stat().st_size for path in (out / "site").rglob("*") if path.is_file()) / 1e6
    return {name: round(value, 2) for name, value in figures.items()} | browse(index)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(measure(given.entries, given.out or Path(temporary)), indent=1))
