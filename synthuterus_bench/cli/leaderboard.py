"""``synthbench leaderboard``: check entries and build the site."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import Mode, out
from synthuterus_bench.errors import EntryError

if TYPE_CHECKING:
    from synthuterus_bench.board.check import Checked

leaderboard = typer.Typer(help="Check entries and build the site.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(leaderboard, name="leaderboard")

ENTRIES = Path("leaderboard") / "entries"


@leaderboard.command()
def check(
    entries: Annotated[list[Path], typer.Argument(help="Entry files, or folders of them.", show_default=False)],
) -> None:
    """Check entries: schema, place, bounds, counts, known protocol, copies. One line for each problem.

    \b
    Examples:
      synthbench leaderboard check my_model.json
      synthbench leaderboard check leaderboard/entries
      synthbench --json leaderboard check leaderboard/entries
    """
    from synthuterus_bench.board.check import check_entries

    checked = check_entries(entries)
    good = len(checked.entries)
    _stop_at_problems(checked)
    out.result({"entries": good, "problems": []}, f"{good} {'entry' if good == 1 else 'entries'} checked, no problem")


@leaderboard.command()
def build(
    entries: Annotated[
        list[Path] | None,
        typer.Argument(help="Entry files, or folders of them. [default: leaderboard/entries]", show_default=False),
    ] = None,
    out_: Annotated[Path, typer.Option("--out", help="New folder for the site.", show_default=False)] = ...,  # type: ignore[assignment]
    retractions: Annotated[
        Path | None, typer.Option(help="YAML file of retractions. [default: the package's own]", show_default=False)
    ] = None,
) -> None:
    """Build the leaderboard as a static site that works without a network. Nothing is built while a check fails.

    \b
    Examples:
      synthbench leaderboard build --out site
      synthbench leaderboard build my_model.json other.json --out site
    """
    from synthuterus_bench.board.check import Checked, check_entries
    from synthuterus_bench.board.reported import load_reported
    from synthuterus_bench.board.retractions import load_retractions
    from synthuterus_bench.board.site import build_site

    given = entries or ([ENTRIES] if ENTRIES.is_dir() else [])
    checked = check_entries(given) if given else Checked()
    _stop_at_problems(checked)
    index = build_site(checked.entries.values(), out_, load_retractions(retractions), load_reported())
    number = len(checked.entries)
    out.result({"index": str(index), "entries": number}, f"{index}: {number} {'entry' if number == 1 else 'entries'}")


@leaderboard.command()
def schema() -> None:
    """Print the JSON schema of an entry, for editors and other languages.

    \b
    Example:
      synthbench leaderboard schema > entry.schema.json
    """
    from synthuterus_bench.board.schema import entry_schema

    print(entry_schema(), end="")


def _stop_at_problems(checked: "Checked") -> None:
    if not checked.problems:
        return
    if out.mode is Mode.JSON:
        problems = [{"file": problem.file, "problem": problem.message} for problem in checked.problems]
        out.result({"entries": len(checked.entries), "problems": problems}, "")
    else:
        for problem in checked.problems:
            out.error(EntryError(str(problem)))
    raise typer.Exit(EntryError.exit_code)
