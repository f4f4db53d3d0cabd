"""``synthbench demo``: the whole road once, from phantom patients to a leaderboard page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink

if TYPE_CHECKING:
    from synthuterus_bench.bench.gallery import Gallery
    from synthuterus_bench.cohorts.store import Cohort
    from synthuterus_bench.entry import Entry

MODEL, SCANS, QUICK_SCANS, SEED = "ddpm2d-ct-roi", 800, 80, 0


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path("demo"),
    quick: Annotated[bool, typer.Option("--quick", help="80 scans instead of 800: under two minutes.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
) -> None:
    """Draw a phantom cohort, generate SynthUterus ROI, evaluate it, build its report and the leaderboard.

    Example: synthbench demo --quick

    Needs no network and no patient data. A second run goes on where the first one stopped.
    """
    from synthuterus_bench.cohorts.layout import audit_file
    from synthuterus_bench.generators.folder import find_pipeline
    from synthuterus_bench.privacy.log import read_ends
    from synthuterus_bench.release.build import ReleasePlan, generate
    from synthuterus_bench.workers import available_cores

    workers = workers or available_cores()
    scans = QUICK_SCANS if quick else SCANS
    home = out / "quick" if quick else out
    cohort, release = home / "cohort", home / "synthuterus"
    sink.say(f"1/4 phantom cohort: {_cohort(cohort, workers)}")
    made = generate(ReleasePlan(MODEL, find_pipeline(MODEL), scans, SEED), release, workers, sink.track)
    _, footer = read_ends(audit_file(release, made.config))
    sink.say(f"2/4 release: {len(made)} scans, {footer['rejected']} of {footer['generated']} candidates rejected")
    entry = _evaluated(made, cohort, home, workers)
    sink.say(f"3/4 entry {entry.id[:12]}: {len(entry.results)} results, checked")
    pages = _pages(entry, made, cohort, home)
    sink.say(f"4/4 pages: {', '.join(str(page) for page in pages.values())}\n")
    summary = {"cohort": str(cohort), "release": str(release), "entry": str(home / "entry.json"), "id": entry.id}
    sink.result(summary | {name: str(page) for name, page in pages.items()}, _next_steps(home, pages))


def _cohort(folder: Path, workers: int) -> str:
    from synthuterus_bench.bench.reference import draw_phantom
    from synthuterus_bench.bench.suite import DEMO
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.errors import DataError

    if (folder / "cohort.json").is_file():
        cohort = load_cohort(folder)
        if cohort.manifest.digest != DEMO.phantom_digest:
            raise DataError(f"{folder}: found another cohort than the demo's", "remove it or give another --out")
    else:
        cohort = draw_phantom(folder, DEMO, workers, sink.track)
    return ", ".join(f"{count} {split}" for split, count in cohort.manifest.splits.items())


def _evaluated(release: "Cohort", cohort: Path, home: Path, workers: int) -> "Entry":
    """The entry of the release; the one that is there already if it is of these images, reference and suite."""
    from synthuterus_bench import __version__
    from synthuterus_bench.bench.run import evaluate
    from synthuterus_bench.bench.suite import DEMO
    from synthuterus_bench.board.check import check_entries
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.entry import load_entry
    from synthuterus_bench.errors import EntryError
    from synthuterus_bench.repro import write_atomic

    path, made_of = home / "entry.json", home / "entry.of"
    parts = [__version__, DEMO.digest, load_cohort(cohort).manifest.digest, release.manifest.digest]
    if not (path.is_file() and made_of.is_file() and made_of.read_text(encoding="utf-8").split() == parts):
        evaluate(release.root, "demo", str(cohort), workers=workers, track=sink.track).save(path)
        write_atomic(made_of, "\n".join(parts) + "\n")
    problems = check_entries([path]).problems
    if problems:
        raise EntryError(str(problems[0]))
    return load_entry(path)


def _pages(entry: "Entry", release: "Cohort", cohort: Path, home: Path) -> dict[str, Path]:
    import shutil

    from synthuterus_bench.bench.details import load_details
    from synthuterus_bench.bench.report import write_report
    from synthuterus_bench.board.reported import load_reported
    from synthuterus_bench.board.retractions import load_retractions
    from synthuterus_bench.board.site import Material, build_site

    report, site = home / "report.html", home / "leaderboard-site"
    details = load_details(home / "entry.json")
    write_report(report, entry, details, release.root, gallery=_gallery(release, cohort))
    if (site / "index.html").is_file():
        shutil.rmtree(site)
    material = Material(load_retractions(None), load_reported())
    return {"report": report, "leaderboard": build_site([entry], site, material)}


def _gallery(release: "Cohort", cohort: Path) -> "Gallery":
    """What the report shows of single images; the demo's cohort is the phantom, which anybody may see."""
    from dataclasses import replace

    from synthuterus_bench.bench.gallery import make_gallery
    from synthuterus_bench.bench.reading import load_submission
    from synthuterus_bench.bench.reference import load_reference
    from synthuterus_bench.bench.sets import Sets
    from synthuterus_bench.bench.suite import DEMO
    from synthuterus_bench.bench.tools import make_tools

    real = replace(load_reference(str(cohort), DEMO), public=True)
    sets = Sets(load_submission(release.root, DEMO), real)
    return make_gallery(sets, make_tools(None, None, None, 1, "cpu", sink.track).embed(sets.pixels))


def _next_steps(home: Path, pages: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"release      {home / 'synthuterus'}  (card, Parquet, audit log, checksums)",
            f"entry        {home / 'entry.json'}",
            f"report       {pages['report']}",
            f"leaderboard  {pages['leaderboard']}",
            "",
            "Try next:",
            f"  cd {home} && python -c \"import datasets; print(datasets.load_dataset('synthuterus'))\"",
            f"  synthbench cohort show {home / 'cohort'} --sheet cohort.png",
            f"  synthbench evaluate {home / 'synthuterus'} --suite uterus-2d-roi --out my-entry.json",
        ]
    )
