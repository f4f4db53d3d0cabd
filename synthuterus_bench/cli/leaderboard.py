"""``synthbench leaderboard``: check entries, build the site, write the paper's tables; more in modules beside it."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.leaderboard_beside import HOME, material_of
from synthuterus_bench.cli.output import Mode, out
from synthuterus_bench.errors import EntryError, UsageError

if TYPE_CHECKING:
    from synthuterus_bench.board.check import Checked
    from synthuterus_bench.board.site import Material
    from synthuterus_bench.entry import Entry

leaderboard = typer.Typer(
    help="Check, verify, submit and show entries; build the site; write the paper's tables.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(leaderboard, name="leaderboard")

ENTRIES = HOME / "entries"
OF_BOARD = "that of the entries' board"
HUB_DATASET = "synthuterus-bench/leaderboard"


@leaderboard.command()
def check(
    entries: Annotated[list[Path], typer.Argument(help="Entry files, or folders of them.", show_default=False)],
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REV|DIR",
            help="The board as it was: a folder, or a revision of the git repository that ENTRIES lie in. What lies "
            "there may be neither changed, removed nor renamed.",
            show_default="no history",
        ),
    ] = None,
) -> None:
    """Check entries: schema, place, history, bounds, counts, known digests, copies, retractions.

    One line for each problem, all of them at once; exit code 1 if there is any. Given the folder of a board, its
    verifications and retractions are checked too.

    \b
    Examples:
      synthbench leaderboard check my_model.json
      synthbench leaderboard check leaderboard --base origin/main
      synthbench --json leaderboard check leaderboard/entries
    """
    from synthuterus_bench.board.admission import admit
    from synthuterus_bench.workers import available_cores

    checked = admit(entries, base, available_cores(), out.track)
    good = len(checked.entries)
    stop_at_problems(checked)
    out.result({"entries": good, "problems": []}, f"{good} {'entry' if good == 1 else 'entries'} checked, no problem")


@leaderboard.command()
def build(
    entries: Annotated[
        list[Path] | None,
        typer.Argument(help="Entry files, or folders of them. [default: leaderboard/entries]", show_default=False),
    ] = None,
    out_: Annotated[Path, typer.Option("--out", help="New folder for the site.", show_default=False)] = ...,  # type: ignore[assignment]
    retractions: Annotated[
        Path | None,
        typer.Option(help="YAML file of retractions.", show_default=f"{OF_BOARD}, else the package's own"),
    ] = None,
    verifications: Annotated[Path | None, typer.Option(help="Folder of verifications.", show_default=OF_BOARD)] = None,
    comparisons: Annotated[
        Path | None,
        typer.Option(
            help="Folder of records of `synthbench compare`: paired tests for the tiers.",
            show_default=OF_BOARD,
        ),
    ] = None,
    space: Annotated[
        bool, typer.Option("--space", help="Also write the README.md of a static Space on the Hub.")
    ] = False,
    hub_dataset: Annotated[
        str | None,
        typer.Option(help="Benchmark on the Hub that exported results name.", show_default=HUB_DATASET),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that check entries and write pages.", show_default="one a core"),
    ] = None,
) -> None:
    """Build the leaderboard as a static site that works without a network. Nothing is built while a check fails.

    \b
    Examples:
      synthbench leaderboard build --out site
      synthbench leaderboard build my_model.json other.json --out site
      synthbench leaderboard build --out space --space --hub-dataset my-org/leaderboard
    """
    from synthuterus_bench.board.check import Checked, check_entries
    from synthuterus_bench.board.site import build_site
    from synthuterus_bench.workers import available_cores

    given = entries or ([ENTRIES] if ENTRIES.is_dir() else [])
    workers = workers or available_cores()
    checked = check_entries(given, workers, out.track) if given else Checked()
    stop_at_problems(checked)
    material = material_of(given, checked.entries.values(), retractions, verifications, comparisons)
    index = build_site(
        checked.entries.values(),
        out_,
        material,
        space=space,
        dataset=hub_dataset or HUB_DATASET,
        workers=workers,
        track=out.track,
    )
    number = len(checked.entries)
    out.result({"index": str(index), "entries": number}, f"{index}: {number} {'entry' if number == 1 else 'entries'}")


class Format(StrEnum):
    """What the paper's tables are written as; PNG is its Fig. 3."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    PNG = "png"


SUFFIXES = {".md": Format.MARKDOWN, ".tex": Format.LATEX, ".png": Format.PNG}


@leaderboard.command()
def table(
    entries: Annotated[list[Path], typer.Argument(help="Entry files, or folders of them.", show_default=False)],
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Tables as text, or Fig. 3 as a picture.", show_default="by --out, else markdown"
        ),
    ] = None,
    out_: Annotated[
        Path | None, typer.Option("--out", help="File to write: .md, .tex or .png.", show_default="print")
    ] = None,
) -> None:
    """The paper's Tables 1 and 2, its downstream table and Fig. 3 for these entries, beside what it reports.

    Nothing is written while a check fails. An entry that another of these supersedes is left out. Reported numbers
    stand beside entries of a full suite of their view and dimension, and are marked.

    \b
    Examples:
      synthbench leaderboard table leaderboard/entries
      synthbench leaderboard table my_model.json other.json --out tables.tex
      synthbench leaderboard table leaderboard/entries --out fig3.png
    """
    from synthuterus_bench.board.check import check_entries
    from synthuterus_bench.repro import write_atomic
    from synthuterus_bench.workers import available_cores

    chosen = _format(format_, out_)
    checked = check_entries(entries, available_cores(), out.track)
    stop_at_problems(checked)
    material = material_of(entries, checked.entries.values())
    made = _paper(chosen, [*checked.entries.values()], material)
    if out_ is None:
        out.result({"format": chosen.value, "text": made}, str(made))
        return
    write_atomic(out_, made)
    out.result({"format": chosen.value, "path": str(out_)}, f"wrote {out_}")


def _format(wanted: Format | None, path: Path | None) -> Format:
    implied = SUFFIXES.get(path.suffix) if path else Format.MARKDOWN
    chosen = wanted or implied
    if chosen is None or (path is not None and path.is_dir()):
        raise UsageError(f"--out {path}: expected a file name that ends in .md, .tex or .png, or --format beside it")
    if chosen is Format.PNG and path is None:
        raise UsageError("--format png: found no --out, expected the name of a .png file to write")
    return chosen


def _paper(chosen: Format, entries: "list[Entry]", material: "Material") -> str | bytes:
    from synthuterus_bench.board.boards import current
    from synthuterus_bench.board.fig3 import draw_fig3
    from synthuterus_bench.board.paper import paper_tables
    from synthuterus_bench.board.sheets import as_latex, as_markdown

    valid = [one.entry for one in current(entries, material.retractions)]
    reported = [*material.reported]
    if chosen is Format.PNG:
        return draw_fig3(valid, reported)
    write = as_latex if chosen is Format.LATEX else as_markdown
    return write(paper_tables(valid, reported))


@leaderboard.command()
def schema() -> None:
    """Print the JSON schema of an entry, for editors and other languages.

    \b
    Example:
      synthbench leaderboard schema > entry.schema.json
    """
    from synthuterus_bench.board.schema import entry_schema

    print(entry_schema(), end="")


def stop_at_problems(checked: "Checked") -> None:
    """One line for each problem, and exit code 1; nothing where there is none."""
    if not checked.problems:
        return
    if out.mode is Mode.JSON:
        problems = [{"file": problem.file, "problem": problem.message} for problem in checked.problems]
        out.result({"entries": len(checked.entries), "problems": problems}, "")
    else:
        for problem in checked.problems:
            out.error(EntryError(str(problem)))
    raise typer.Exit(EntryError.exit_code)
