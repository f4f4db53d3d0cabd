"""What lies on a board beside its entries: verifications and comparisons of them, what papers report, and no links."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from synthuterus_bench.board.check import Checked
from synthuterus_bench.board.entries import (
    COMPARISONS,
    DETAILS,
    HOME,
    REPORTED,
    VERIFICATIONS,
    FaultyError,
    read_entry,
)
from synthuterus_bench.board.pairs import read_comparison
from synthuterus_bench.board.reported import read_reported
from synthuterus_bench.board.sides import broken_sides
from synthuterus_bench.board.superseding import objection
from synthuterus_bench.board.verification import read_verification
from synthuterus_bench.board.vouching import broken_claims
from synthuterus_bench.entry import Entry
from synthuterus_bench.errors import DataError

KEEP = ".gitkeep"
Known = Mapping[str, Entry]


def entries_of(board: Path, checked: Checked) -> dict[str, Entry]:
    """Every entry of a board by its id: those that were checked, and what else lies there and can be read."""
    known = {entry.id: entry for entry in checked.entries.values()}
    for path in _files(board / HOME):
        if path.suffix != ".json" or path.name.endswith(DETAILS) or path.stem in known or path in checked.entries:
            continue
        try:
            entry = read_entry(path)
        except FaultyError:
            continue
        known[entry.id] = entry
    return known


def check_beside(board: Path, checked: Checked) -> None:
    """Note every problem of what lies beside the entries of a board, and of who supersedes whom."""
    for path in sorted(board.rglob("*")):
        if path.is_symlink() and not path.is_relative_to(board / HOME):
            checked.add(path, f"a link, expected a {'folder' if path.is_dir() else 'file'}")
    known = entries_of(board, checked)
    for path, entry in checked.entries.items():
        for message in _superseding(entry, known):
            checked.add(path, message)
    for path in _files(board / VERIFICATIONS):
        for message in _verification(path, known):
            checked.add(path, message)
    for path in _files(board / COMPARISONS):
        for message in _comparison(path, board / COMPARISONS, known):
            checked.add(path, message)
    for path in _files(board / REPORTED):
        for message in _reported(path):
            checked.add(path, message)


def _files(home: Path) -> Iterator[Path]:
    if not home.is_symlink():
        every = (path for path in sorted(home.rglob("*")) if not path.is_symlink() and not path.is_dir())
        yield from (path for path in every if path.name != KEEP)


def _superseding(entry: Entry, known: Known) -> Iterator[str]:
    if entry.supersedes is None:
        return
    old = known.get(entry.supersedes)
    why = "that the board does not hold" if old is None else objection(entry, old)
    if why is not None:
        yield f"supersedes entry {entry.supersedes[:12]}, {why}"


def _verification(path: Path, known: Known) -> Iterator[str]:
    try:
        found = read_verification(path)
    except FaultyError as error:
        yield from error.faults
        return
    if found.entry in known:
        yield from broken_claims(found, known[found.entry])
    else:
        yield f"of an entry {found.entry[:12]} that the board does not hold"


def _comparison(path: Path, home: Path, known: Known) -> Iterator[str]:
    if path.parent != home or path.suffix != ".json":
        yield f"misplaced, expected {COMPARISONS}/<name>.json"
    try:
        found = read_comparison(path)
    except FaultyError as error:
        yield from error.faults
        return
    yield from broken_sides(found, known)


def _reported(path: Path) -> Iterator[str]:
    try:
        read_reported(path)
    except DataError as error:
        yield error.message.removeprefix(f"{path}: ")
