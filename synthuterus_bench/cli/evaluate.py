"""``synthbench evaluate``: a folder of synthetic images to an entry for the leaderboard."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.options import Device, DeviceOption, FeaturesCache, PublishedWeights, SuiteName, Workers
from synthuterus_bench.cli.output import as_text, out
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import Split

if TYPE_CHECKING:
    from synthuterus_bench.bench.run import Evaluation
    from synthuterus_bench.bench.table import Cell
    from synthuterus_bench.entry import Result


@app.command()
def evaluate(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A release or cohort folder, a folder with subfolders av-af, av-rf, rv-af and rv-rf of images "
            "(gray PNG, TIFF, NIfTI), a folder of Parquet or Arrow that `datasets` wrote, an .npz archive, "
            "hf:ORG/NAME@COMMIT, or a pipeline folder, from which images are drawn first: one that "
            "`synthbench train` made, or a stock unconditional one of diffusers.",
            show_default=False,
        ),
    ] = None,
    suite: Annotated[
        SuiteName, typer.Option(help="Frozen protocol to evaluate by; demo takes a minute.")
    ] = SuiteName.ROI,
    reference: Annotated[
        str,
        typer.Option(
            help="phantom; umd, prepared into the cache; a prepared cohort folder with train and test; or a reference "
            "bundle, the file of `suite reference`."
        ),
    ] = "phantom",
    out_: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Entry to write, details go beside it; or the record of reconstructions or controls.",
            show_default="entry.json, reconstruction.json, controls.json",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Also write the report: one HTML file, or Markdown where the name ends in .md; of controls, Markdown.",
            show_default="no report",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the generator.", show_default="what a release says")] = None,
    weights_dir: PublishedWeights = None,
    features_cache: FeaturesCache = None,
    workers: Workers = None,
    device: DeviceOption = Device.CPU,
    publish_features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write the features of these images, a .safetensors file, from which others can compute the "
            "distances again; public references only.",
            show_default="not written",
        ),
    ] = None,
    reconstruction: Annotated[
        list[Path] | None,
        typer.Option(
            help="Measure what an autoencoder gives back instead: its folder, or the --out it was trained in; "
            "give the option again for each that belongs into the table.",
            show_default="none",
        ),
    ] = None,
    cohort: Annotated[
        Path | None, typer.Option(help="Prepared cohort whose pictures are reconstructed.", show_default="none")
    ] = None,
    split: Annotated[Split, typer.Option(help="Split of that cohort.")] = Split.TEST,
    plot: Annotated[
        Path | None, typer.Option(help="Also draw the reconstruction distances, a PNG file.", show_default="no plot")
    ] = None,
    controls: Annotated[
        bool,
        typer.Option(
            "--controls",
            help="Put the benchmark itself on trial instead: images of known faults, made from the reference, each "
            "value beside a bound that was written before.",
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Only look: print every fault of the images, copies of the reference among them, and write nothing. "
            "Exit code 1 if there is any.",
        ),
    ] = False,
) -> None:
    """Measure synthetic images against real ones: distances, diversity, anatomy, use for training, by orientation.

    Every value stands beside its floor: what real images of other patients get. FID and LPIPS need their published
    weights and are marked unavailable without them; nothing is downloaded.

    Example: synthbench evaluate my_images/ --suite demo --out my_entry.json

    Example: synthbench evaluate my_images.npz --check

    Example: synthbench evaluate --reconstruction my-vae --cohort cohort --plot reconstruction.png

    Example: synthbench evaluate --controls --suite demo --report controls.md
    """
    if check:
        if path is None or any((out_, report, name, reconstruction, cohort, plot, controls)):
            raise UsageError(
                "--check looks at one submission and writes nothing, found no submission or an option more"
            )
        from synthuterus_bench.cli.checking import check_only

        check_only(path, suite.value, reference)
        return
    if controls:
        if path is not None or name or reconstruction or cohort or plot or publish_features:
            raise UsageError("--controls makes its own images, found a folder or an option that belongs to one")
        from synthuterus_bench.cli.controls import run_trial

        places = (out_ or Path("controls.json"), report, weights_dir, features_cache)
        run_trial(suite.value, reference, *places, workers, device.value)
        return
    if reconstruction or cohort or plot or split is not Split.TEST:
        if path is not None or cohort is None or not reconstruction:
            raise UsageError("--reconstruction and --cohort go together, and without a folder of images")
        options = {"--report": report, "--name": name, "--publish-features": publish_features}
        if given := [option for option, value in options.items() if value is not None]:
            raise UsageError(f"{given[0]} belongs to the evaluation of images, found it beside --reconstruction")
        from synthuterus_bench.cli.reconstruction import reconstruct

        reconstruct(reconstruction, cohort, split, out_ or Path("reconstruction.json"), plot, weights_dir, device.value)
        return
    if path is None:
        raise UsageError("nothing to evaluate, expected a folder, or --reconstruction and --cohort")
    out_ = out_ or Path("entry.json")
    from synthuterus_bench.bench.run import evaluate as run
    from synthuterus_bench.metrics.store import CacheWarning
    from synthuterus_bench.repro import check_place, write_atomic
    from synthuterus_bench.workers import available_cores

    if out_.is_dir():
        raise UsageError(f"--out {out_}: found a folder, expected the name of a JSON file to write")
    if publish_features is not None and (publish_features.is_dir() or publish_features.suffix != ".safetensors"):
        raise UsageError(f"--publish-features {publish_features}: expected the name of a .safetensors file to write")
    for place in (out_, publish_features or out_):
        check_place(place)
    with out.telling(CacheWarning):
        done = run(
            path,
            suite.value,
            reference,
            name=name,
            weights_dir=weights_dir,
            features_cache=features_cache,
            workers=workers or available_cores(),
            device=device.value,
            publish_features=publish_features is not None,
            track=out.track,
        )
    details = done.save(out_)
    if publish_features and done.features:
        write_atomic(publish_features, done.features)
    if report:
        _write_report(report, done, path)
    features = str(publish_features) if publish_features else None
    value: dict[str, Any] = {
        "entry": done.entry.as_json(),
        "id": done.entry.id,
        "path": str(out_),
        "details": str(details),
    }
    value |= {"notes": list(done.details.notes), "seconds": done.seconds, "features": features}
    wrote = f"\nwrote {publish_features}, the features of these images" if publish_features else ""
    out.result(value, _human(done, out_, details) + wrote)


def _write_report(page: Path, done: "Evaluation", path: Path) -> None:
    """The report; of a reference that is not public none of its images are in the gallery."""
    from synthuterus_bench.bench.opening import find_source
    from synthuterus_bench.bench.reading import suited
    from synthuterus_bench.bench.report import write_report
    from synthuterus_bench.bench.suite import find_suite
    from synthuterus_bench.board.paper import beside_paper
    from synthuterus_bench.cohorts.layout import is_cohort

    place = find_source(path).path
    release = suited(place, find_suite(done.entry.suite.id)) if is_cohort(place) else None
    write_report(page, done.entry, done.details, release, gallery=done.gallery, paper=beside_paper(done.entry))


def _human(done: "Evaluation", path: Path, details: Path) -> str:
    entry, took = done.entry, ", ".join(f"{name} {seconds:.1f} s" for name, seconds in done.seconds.items())
    copies = sum(entry.overlap.values())
    lines = [
        f"{entry.generator.name}: suite {entry.suite.id} v{entry.suite.version}, reference {entry.suite.reference}",
        _table(done),
        *_reasons(entry.results),
        *(done.details.notes if done.details else ()),
        *([f"copies and repeats: {entry.overlap}"] if copies else []),
        f"took {took}",
        f"wrote {path} (id {entry.id[:12]}) and {details}",
    ]
    return "\n".join(lines)


def _reasons(results: "list[Result]") -> list[str]:
    """One line for each reason that results have no value."""
    why: dict[str, list[str]] = {}
    for result in results:
        if result.status != "ok" and result.metric not in why.setdefault(f"{result.status}: {result.reason}", []):
            why[f"{result.status}: {result.reason}"].append(result.metric)
    return [f"{', '.join(metrics)} {reason}" for reason, metrics in why.items()]


def _table(done: "Evaluation") -> str:
    from rich.table import Table

    from synthuterus_bench.bench.table import entry_table

    found = entry_table(done.entry)
    table = Table("metric", *found.scopes, title="value [interval] (floor)", title_justify="left")
    for row in found.rows:
        cells = [_cell(cell) for _, cell in row.cells]
        regime = json.loads(row.column.params).get("regime", "")
        told = dict.fromkeys(text for text in (regime, row.column.detail) if text)
        table.add_row("\n".join((f"{row.column.title} {row.column.arrow}".rstrip(), *told)), *cells)
    return as_text(table)


def _cell(cell: "Cell | None") -> str:
    if cell is None:
        return ""
    if cell.status != "ok":
        return cell.status
    interval = f"\n[{cell.interval}]" if cell.interval else ""
    floor = f"\n({cell.floor})" if cell.floor else ""
    return f"{cell.value}{interval}{floor}"
