"""Append-only: what once lies on a board stays there, under its name, to the byte."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synthuterus_bench.board.entries import COMPARISONS, HOME, RETRACTIONS, VERIFICATIONS
from synthuterus_bench.board.git import blobs_below, commit_of, git
from synthuterus_bench.errors import UsageError

BOARD = "leaderboard"
KEPT = (HOME, VERIFICATIONS, COMPARISONS)
SUFFIX = ".json"
_SHA1_DIGITS = 40


@dataclass(frozen=True)
class Filed:
    """What of a board is kept, at some time: git's digest of each file, by its name below the board."""

    blobs: Mapping[str, str] = field(default_factory=dict)

    @property
    def entries(self) -> frozenset[str]:
        """Ids of the entries in it."""
        return frozenset(Path(name).stem for name in self.blobs if name.startswith(f"{HOME}/"))


def board_of(path: Path) -> Path | None:
    """The folder of the board that a file or folder belongs to: the one with ``entries`` or retractions in it."""
    for folder in (path / BOARD, path):
        if (folder / HOME).is_dir() or (folder / RETRACTIONS).is_file():
            return folder
    return next((one.parent for one in (path, *path.absolute().parents) if one.name == HOME), None)


def filed_at(base: str, board: Path) -> Filed:
    """What the board held in another folder, or in a revision of the repository that it lies in.

    Raises:
        UsageError: ``base`` is neither.
    """
    if (folder := board_of(Path(base))) and Path(base).is_dir():
        return filed_in(folder, _SHA1_DIGITS)
    return Filed(_kept(blobs_below(board, commit_of(board, base))))


def content_at(base: str, board: Path, name: str) -> bytes | None:
    """What a file of the board held in another folder, or in a revision; None where there was none."""
    if (folder := board_of(Path(base))) and Path(base).is_dir():
        path = folder / name
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    commit = commit_of(board, base)
    if name not in blobs_below(board, commit):
        return None
    return git(board, "cat-file", "blob", f"{commit}:./{name}")


def filed_in(board: Path, digits: int = _SHA1_DIGITS) -> Filed:
    """What a board holds now; ``digits`` says by which of git's two digests."""
    return Filed({name: _blob(path, digits) for name, path in _names(board)})


def broken_history(board: Path, before: Filed) -> Iterator[tuple[Path, str]]:
    """What was changed, removed or renamed since: where, and what."""
    digits = len(next(iter(before.blobs.values()), "0" * _SHA1_DIGITS))
    now = filed_in(board, digits).blobs
    renamed = {blob: name for name, blob in now.items() if name not in before.blobs}
    for name, blob in before.blobs.items():
        if now.get(name) == blob:
            continue
        if name in now:
            yield board / name, "changed; what is on the board stays as it is, give a new entry that supersedes it"
        elif blob in renamed:
            yield board / name, f"renamed to {renamed[blob]}; what is on the board keeps its name"
        else:
            yield board / name, "removed; what is on the board stays, a wrong entry goes into retractions.yaml"


def _kept(blobs: Mapping[str, str]) -> dict[str, str]:
    homes = tuple(f"{folder}/" for folder in KEPT)
    return {name: blob for name, blob in blobs.items() if name.startswith(homes) and name.endswith(SUFFIX)}


def _names(board: Path) -> Iterator[tuple[str, Path]]:
    for folder in KEPT:
        for path in sorted((board / folder).rglob(f"*{SUFFIX}")):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(board).as_posix(), path


def _blob(path: Path, digits: int) -> str:
    """Git's name for the content of a file, by SHA-1 or SHA-256 as the repository has it."""
    made = hashlib.new("sha1" if digits == _SHA1_DIGITS else "sha256", b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            made.update(piece)
    return made.hexdigest()


def board_among(paths: list[Path], base: str) -> Path:
    """The one board that some paths belong to.

    Raises:
        UsageError: they belong to none, so that there is nothing to hold against ``base``.
    """
    found = next((board for path in paths if (board := board_of(path))), None)
    if found is None:
        raise UsageError(
            f"--base {base}: found no entries/ folder in or above {paths[0]}, expected the folder of a board"
        )
    return found
