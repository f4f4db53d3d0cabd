"""The report of an audit, twice: a public page of counts and tables, and a private one with scans side by side.

The private folder lies beside the public one, never inside: whoever publishes the one does not publish the other.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.examples import small_png
from synthuterus_bench.bench.foreign import ForeignSet
from synthuterus_bench.bench.leakage import Leakage
from synthuterus_bench.bench.plots import similarity_histogram
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.look import picture, render
from synthuterus_bench.look.plots import Figure
from synthuterus_bench.privacy.index import names_of
from synthuterus_bench.privacy.selftest_record import Cell, SelfTest
from synthuterus_bench.repro import canonical_json, check_place, write_atomic
from synthuterus_bench.vocab import Split

PAGES = Path(__file__).parent / "pages"
BINS = 40
PAGE, RECORD, NEIGHBOURS = "report.html", "audit.json", "neighbours.jsonl"


@dataclass(frozen=True)
class Pages:
    """The two reports."""

    public: Path
    private: Path


@dataclass(frozen=True)
class Pair:
    """A synthetic scan and the training scan it is most similar to, as pictures, with their names."""

    synthetic: str
    real: str
    synthetic_id: str
    real_id: str
    similarity: float
    bound: str | None


def private_home(out: Path) -> Path:
    """Where the private part of an audit lies: beside the public one."""
    return out.parent / f"{out.name}.private"


def check_homes(out: Path) -> Path:
    """Find out before long work whether both reports can be written; the place of the private one.

    Raises:
        OSError: one cannot.
    """
    for folder in (out, private_home(out)):
        check_place(folder / PAGE)
    return private_home(out)


def write_pages(
    out: Path, seen: Leakage, reference: Cohort, found: ForeignSet, selftest: SelfTest | None = None
) -> Pages:
    """Write ``report.html`` and ``audit.json`` into ``out``; page, pairs and names of neighbours into ``out.private``.

    Raises:
        CohortError: a scan cannot be read again.
    """
    home = check_homes(out)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = names_of(reference)
    common: dict[str, Any] = {"seen": seen, "histograms": _histograms(seen), "selftest": selftest}
    common["cells"] = _cells(selftest) if selftest else []
    write_atomic(out / RECORD, json.dumps(seen.public(), indent=1, sort_keys=True) + "\n")
    write_atomic(out / PAGE, render("leakage.html.j2", PAGES, pairs=None, **common))
    lines = [canonical_json(record | {"neighbour_id": names.get(record["neighbour"])}) for record in seen.records]
    write_atomic(home / NEIGHBOURS, "\n".join(lines) + "\n")
    pairs = _pairs(seen, reference, found, names)
    write_atomic(home / PAGE, render("leakage.html.j2", PAGES, pairs=pairs, **common))
    return Pages(out / PAGE, home / PAGE)


def _histograms(seen: Leakage) -> list[tuple[str, Figure]]:
    """The set's similarities above those of held-out patients, by the same bins."""
    every = np.concatenate([seen.similarities, seen.null, [seen.facts["threshold"]]])
    edges = np.linspace(np.floor(every.min() * 20) / 20, max(1.0, every.max()), BINS + 1)
    kept = np.array([record["bound"] is None for record in seen.records])
    sets = [
        ("this set", {"passes": seen.similarities[kept], "rejected": seen.similarities[~kept]}),
        ("null: real scans of held-out patients", {"held-out patients": seen.null}),
    ]
    return [(title, _histogram(edges, values, seen.facts["threshold"])) for title, values in sets]


def _histogram(edges: NDArray[np.float64], sets: dict[str, NDArray[np.float64]], tau: float) -> Figure:
    counts = {name: np.histogram(values, edges)[0].tolist() for name, values in sets.items()}
    return similarity_histogram(edges.tolist(), counts, tau)


def _cells(selftest: SelfTest) -> list[tuple[str, list[Cell | None]]]:
    """Cells of the self-test: transforms down, strengths across."""
    found = {(cell.transform, cell.strength): cell for cell in selftest.cells}
    kinds = dict.fromkeys(cell.transform for cell in selftest.cells)
    return [(kind, [found.get((kind, number)) for number in (1, 2, 3)]) for kind in kinds]


def _pairs(seen: Leakage, reference: Cohort, found: ForeignSet, names: dict[str, str]) -> list[Pair]:
    """The most similar scans beside their neighbours; the sets are read once more for their pictures."""
    wanted = {number: seen.records[number] for number in seen.pairs}
    ours = {number: scan for number, scan in enumerate(found.scans()) if number in wanted}
    sought = {names[record["neighbour"]] for record in wanted.values() if record["neighbour"] in names}
    homes = {name.rpartition("/")[0] if seen.dims == 3 else name for name in sought}
    theirs = {scan.scan_id: scan for scan in reference.scans(Split.TRAIN) if scan.scan_id in homes}
    pairs = []
    for number, record in wanted.items():
        name = names.get(record["neighbour"])
        if name is None:
            continue
        home, _, at = name.rpartition("/") if seen.dims == 3 else (name, "", "")
        real, scan = theirs[home], ours[number]
        if at:
            real = replace(real, pixels=real.pixels[int(at)])
            scan = replace(scan, pixels=scan.pixels[record["slice"]])
        synthetic, original = (picture(small_png(one.pixels)) for one in (scan, real))  # type: ignore[arg-type]
        pairs.append(Pair(synthetic, original, scan.scan_id, name, record["max_similarity"], record["bound"]))
    return pairs
