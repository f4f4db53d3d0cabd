"""``synthbench leaderboard verify``: an entry done again, and what came of it as a file for the board."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.board.levels import Level, Outcome
from synthuterus_bench.cli.leaderboard import HOME, leaderboard, stop_at_problems
from synthuterus_bench.cli.options import Device, DeviceOption, FeaturesCache, PublishedWeights, Workers
from synthuterus_bench.cli.output import as_text, out
from synthuterus_bench.errors import UsageError

if TYPE_CHECKING:
    from synthuterus_bench.board.verification import Verification

SOURCES = {Level.RECOMPUTE: "--features", Level.RE_EMBED: "--images", Level.REGENERATE: "--weights"}


@leaderboard.command()
def verify(
    entry: Annotated[Path, typer.Argument(help="Entry file.", show_default=False)],
    level: Annotated[
        Level,
        typer.Option(
            help="What to do again: distances from published features; everything from the images; images and all "
            "from weights and seed.",
            show_default=False,
        ),
    ],
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="For recompute: what `evaluate --publish-features` wrote.", show_default=False
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For re-embed: the release or the folder of images.", show_default=False),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For regenerate: the pipeline folder of the generator.", show_default=False),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="The entry's reference, as `evaluate` takes it.", show_default="the phantom or umd it names"),
    ] = None,
    out_: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the board; goes to verifications/ in it.")
    ] = HOME,
    weights_dir: PublishedWeights = None,
    features_cache: FeaturesCache = None,
    workers: Workers = None,
    device: DeviceOption = Device.CPU,
) -> None:
    """Do an entry again, and write what came of it beside the board's entries.

    Values may differ by a tenth of their interval; those of trained classifiers, and all of images that came out
    differently on another device, by the whole of it. The tolerances stand in the file. Exit code 1 if any differs.

    \b
    Examples:
      synthbench leaderboard verify entry.json --level recompute --features features.safetensors
      synthbench leaderboard verify entry.json --level re-embed --images synthuterus
      synthbench leaderboard verify entry.json --level regenerate --weights my-model/pipeline
    """
    from synthuterus_bench.board.check import check_entries
    from synthuterus_bench.board.verification import save_verification
    from synthuterus_bench.board.verify import make_bench
    from synthuterus_bench.board.verify import verify as run
    from synthuterus_bench.metrics.store import CacheWarning
    from synthuterus_bench.workers import available_cores

    source = _source(level, features, images, weights)
    if not entry.is_file():
        raise UsageError(f"{entry}: no such file, expected one entry")
    checked = check_entries([entry])
    stop_at_problems(checked)
    with out.telling(CacheWarning):
        bench = make_bench(
            reference,
            weights_dir=weights_dir,
            features_cache=features_cache,
            workers=workers or available_cores(),
            device=device.value,
            track=out.track,
        )
        found = run(checked.entries[entry], level, source, bench)
    path = save_verification(found, out_)
    value = found.as_json() | {"path": str(path)}
    out.result(value, f"{human(found)}\nwrote {path}")
    if found.verdict is Outcome.DIFFERS:
        raise typer.Exit(1)


def _source(level: Level, features: Path | None, images: Path | None, weights: Path | None) -> Path:
    given = {
        option: path
        for option, path in (("--features", features), ("--images", images), ("--weights", weights))
        if path is not None
    }
    wanted = SOURCES[level]
    if [*given] != [wanted]:
        found = " and ".join(given) or "none of its options"
        raise UsageError(f"--level {level}: found {found}, expected {wanted}")
    return given[wanted]


def human(found: "Verification") -> str:
    """How it came out: counts, what differs, and why the rest could not be checked."""
    counts = ", ".join(f"{found.count(one)} {one}" for one in Outcome if found.count(one))
    lines = [f"entry {found.entry[:12]}, {found.level}: {found.verdict} ({counts or 'no result with a value'})"]
    if found.exact_images is not None:
        bits = "to the bit" if found.exact_images else "but not to the bit: another device or other versions"
        lines.append(f"images were drawn again, {bits}")
    if found.count(Outcome.DIFFERS):
        lines.append(_differing(found))
    why: dict[str, list[str]] = {}
    for result in found.results:
        if result.outcome is Outcome.UNCHECKED and result.metric not in why.setdefault(result.reason or "", []):
            why[result.reason or ""].append(result.metric)
    lines += [f"unchecked: {', '.join(metrics)} ({reason})" for reason, metrics in why.items()]
    return "\n".join(lines)


def _differing(found: "Verification") -> str:
    from rich.table import Table

    table = Table("metric", "scope", "in the entry", "found", "allowed", title="differs", title_justify="left")
    for one in found.results:
        if one.outcome is Outcome.DIFFERS:
            table.add_row(one.metric, one.scope, f"{one.value:g}", f"{one.recomputed:g}", f"{one.allowed:.2g}")
    return as_text(table)
