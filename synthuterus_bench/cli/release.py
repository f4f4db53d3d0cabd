"""``synthbench release``: join releases, write their card anew, put one through the gate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out

if TYPE_CHECKING:
    from synthuterus_bench.entry import Entry

release = typer.Typer(
    help="Join releases, write their card anew, check one.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(release, name="release")

Entries = Annotated[
    list[Path] | None,
    typer.Option(
        "--entry",
        help="Entry of `synthbench evaluate` for the card; give the option again for another.",
        show_default="none",
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="RELEASE", help="Release folder.", show_default=False)]


@release.command()
def merge(
    releases: Annotated[
        list[Path], typer.Argument(metavar="RELEASE...", help="Releases of different configs.", show_default=False)
    ],
    out_: Annotated[Path, typer.Option("--out", help="New release folder.")] = Path("synthuterus"),
    entry: Entries = None,
) -> None:
    """Join releases into one with several configs: full and roi, images and volumes.

    The default config is full where it is there, else roi, else volumes. All of them pass the gate before, the new one
    after; rows and audit logs are not changed. The new folder appears whole or not at all.

    Example: synthbench release merge full-run roi-run --out synthuterus
    """
    from synthuterus_bench.release.merge import merge as join

    found = join(releases, out_, _entries(entry), out.track)
    listed = ", ".join(f"{config} from {path}" for config, path in found.items())
    out.result(
        {"release": str(out_), "configs": {str(config): str(path) for config, path in found.items()}},
        f"{out_}: {listed}; default {next(iter(found))}",
    )


@release.command()
def card(folder: Folder, entry: Entries = None) -> None:
    """Write the card of a release anew, with what entries say about it, and its checksums.

    Rows and audit logs pass the gate first. Without --entry results that the card had are left out.

    Example: synthbench release card synthuterus --entry entry.json
    """
    from synthuterus_bench.release.merge import write_card_anew

    entries = _entries(entry)
    write_card_anew(folder, entries)
    ids = [one.id for one in entries]
    told = f"with entries {', '.join(one[:12] for one in ids)}" if ids else "without results"
    out.result({"card": str(folder / "README.md"), "entries": ids}, f"{folder / 'README.md'}: {told}")


@release.command()
def check(folder: Folder) -> None:
    """Put a release through the gate: exit code 1 and one line if it may not be published.

    Checksums, traces of people and places, files that do not belong there, licence and card, headers, counts, blank and
    repeated pictures, an audit record for every row, the self-test of the filter.

    Example: synthbench release check synthuterus
    """
    from synthuterus_bench.release.gate import check_release
    from synthuterus_bench.release.parts import read_parts

    check_release(folder)
    rows = {str(part.config): part.rows for part in read_parts(folder)}
    listed = ", ".join(f"{name} {count}" for name, count in rows.items())
    out.result({"release": str(folder), "rows": rows}, f"{folder}: passes the gate ({listed})")


def _entries(paths: list[Path] | None) -> "list[Entry]":
    from synthuterus_bench.entry import load_entry

    return [load_entry(path) for path in paths or ()]
