"""The ``synthbench`` command: one module per noun, and here the root options and the exit codes.

Exit codes: 0 done, 1 the data are wrong, 2 the command is wrong, 130 interrupted.
"""

import errno
import sys
from typing import Annotated

import typer

from synthuterus_bench import __version__
from synthuterus_bench.cli.output import Mode, out
from synthuterus_bench.errors import DataError, SynthbenchError
from synthuterus_bench.workers import process_index

INTERRUPTED = 130

app = typer.Typer(
    help="Build, audit, release and judge synthetic uterine MRI.\n\nStart with: synthbench demo --quick",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"synthbench {__version__}")
        raise typer.Exit


@app.callback()
def root(
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Build, audit, release and judge synthetic uterine MRI."""
    out.mode = Mode.JSON if json_ else Mode.QUIET if quiet else Mode.HUMAN
    out.debug = debug


def main() -> None:
    """Entry point: runs the command and maps errors to one line and an exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Of processes launched together only the first one speaks."""
    out.muted = process_index() > 0
    try:
        code = app(args=arguments, standalone_mode=False)
    except (typer.Exit, typer.Abort) as stop:
        code = getattr(stop, "exit_code", INTERRUPTED)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        return _explain(error)
    if code == INTERRUPTED and not out.muted:
        print("interrupted; run the same command again to go on", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> int:
    if out.debug:
        raise error
    known = _known(error)
    if known is None:
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            if not out.muted:
                error.show()
            return int(error.exit_code)
        known = SynthbenchError(
            f"unexpected {type(error).__name__}: {error}", "this is a bug; run again with --debug and report it"
        )
    out.error(known)
    return known.exit_code


def _known(error: Exception) -> SynthbenchError | None:
    if isinstance(error, SynthbenchError):
        return error
    if isinstance(error, OSError):
        what = {errno.ENOSPC: "disk full", errno.EROFS: "read-only file system", errno.EACCES: "permission denied"}
        reason = what.get(error.errno or 0, error.strerror or str(error))
        return DataError(f"{error.filename or 'output'}: {reason}")
    return None


def _register() -> None:
    """Import the command modules: each adds its commands to ``app``."""
    from importlib import import_module

    nouns = ("demo", "cohort", "prep", "train", "generate", "release", "filter", "audit", "models", "evaluate", "suite")
    boards = ("leaderboard", "leaderboard_verify", "leaderboard_submit", "leaderboard_show")
    for noun in (*nouns, "compare", *boards, "study", "membership", "push", "pull"):
        import_module(f"synthuterus_bench.cli.{noun}")


_register()
