"""What stands beside entries given to a command: that of the boards they lie in, but for what is named instead."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synthuterus_bench.errors import UsageError

if TYPE_CHECKING:
    from synthuterus_bench.board.site import Material
    from synthuterus_bench.board.verification import Verification
    from synthuterus_bench.entry import Entry

HOME = Path("leaderboard")


def material_of(
    given: list[Path],
    entries: "Iterable[Entry]",
    retractions: Path | None = None,
    verifications: Path | None = None,
    comparisons: Path | None = None,
) -> "Material":
    """Retractions, reported tables, verifications and comparisons of entries.

    Retractions and reported tables are the package's own where no board has any.

    Args:
        given: files and folders of the command: what counts are the boards they lie in, else ``leaderboard`` here.
        retractions: a file to read instead; likewise the folders.

    Raises:
        UsageError: a folder that was named is none.
        DataError: a file is not what it should be.
    """
    from synthuterus_bench.board import entries as names
    from synthuterus_bench.board.pairs import load_comparisons
    from synthuterus_bench.board.reported import load_reported
    from synthuterus_bench.board.retractions import load_retractions
    from synthuterus_bench.board.site import Material

    boards = _boards(given)
    files = [retractions] if retractions else _there(boards, names.RETRACTIONS, Path.is_file)
    papers = _there(boards, names.REPORTED, Path.is_dir)
    checks = _folders(verifications, boards, names.VERIFICATIONS)
    pairs = _folders(comparisons, boards, names.COMPARISONS)
    return Material(
        [one for file in files for one in load_retractions(file)] if files else load_retractions(),
        [one for folder in papers for one in load_reported(folder)] if papers else load_reported(),
        _verifications(checks, [*entries]),
        [one for folder in pairs for one in load_comparisons(folder)],
    )


def _boards(given: list[Path]) -> list[Path]:
    from synthuterus_bench.board.history import board_of

    found = {board.resolve(): board for path in given if (board := board_of(path))}
    return [*found.values()] or [HOME]


def _there(boards: list[Path], name: str, is_one: Callable[[Path], bool]) -> list[Path]:
    return [board / name for board in boards if is_one(board / name)]


def _folders(named: Path | None, boards: list[Path], name: str) -> list[Path]:
    if named is not None and not named.is_dir():
        raise UsageError(f"{named}: no such folder")
    return [named] if named else _there(boards, name, Path.is_dir)


def _verifications(folders: list[Path], entries: "Sequence[Entry]") -> "dict[str, list[Verification]]":
    from synthuterus_bench.board.badges import load_verifications

    found: dict[str, list[Verification]] = {}
    for folder in folders:
        for name, checks in load_verifications(folder, entries).items():
            found.setdefault(name, []).extend(checks)
    return found
