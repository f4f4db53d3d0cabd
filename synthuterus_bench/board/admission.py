"""What the board takes: entries that are sound, new ones of known protocols, and a history that only grows."""

from collections.abc import Iterator
from pathlib import Path

from synthuterus_bench.bench.suite import SUITES
from synthuterus_bench.board.beside import check_beside
from synthuterus_bench.board.check import Checked, check_entries
from synthuterus_bench.board.entries import RETRACTIONS, home_of
from synthuterus_bench.board.history import Filed, board_among, board_of, broken_history, content_at, filed_at
from synthuterus_bench.board.retractions import Retraction, load_retractions, read_retractions
from synthuterus_bench.entry import Entry
from synthuterus_bench.errors import DataError
from synthuterus_bench.progress import Track, silent


def admit(paths: list[Path], base: str | None = None, workers: int = 1, track: Track = silent) -> Checked:
    """Everything that is wrong with entries, and with the board that they lie in.

    Args:
        base: a folder or a git revision that holds the board as it was; entries that lie there are not new.
        workers, track: as for :func:`synthuterus_bench.board.check.check_entries`.

    Raises:
        UsageError: ``base`` is neither, or ``paths`` belong to no board.
    """
    checked = check_entries(paths, workers, track)
    boards = dict.fromkeys(board for path in paths if path.is_dir() and (board := board_of(path)))
    filed, retracted = None, [*_retractions(boards, checked)]
    if base is not None:
        home = board_among(paths, base)
        filed = filed_at(base, home)
        for path, message in broken_history(home, filed):
            checked.add(path, message)
        before = _before(home, base, checked)
        for gone in (one for one in before if home in boards and one not in retracted):
            what = gone.metric or f"entry {gone.entry}"
            checked.add(home / RETRACTIONS, f"no longer holds the retraction of {what}; what is retracted stays so")
        retracted += [one for one in before if one not in retracted]
    for path, entry in checked.entries.items():
        new = _is_new(path, entry, filed)
        for message in (*_known(entry, new), *(_retracted(entry, retracted) if new else ())):
            checked.add(path, message)
    for board in boards:
        check_beside(board, checked)
    return checked


def _is_new(path: Path, entry: Entry, filed: Filed | None) -> bool:
    """Whether an entry is about to come: not in the base, or without one, not in its place on a board."""
    if filed is not None:
        return home_of(entry) not in filed.blobs
    return "/".join(path.absolute().parts[-4:]) != home_of(entry)


def _known(entry: Entry, new: bool) -> Iterator[str]:
    """A suite that is frozen in this package, and where its reference is the suite's phantom, that very one.

    Entries that came under an earlier version of a suite stay.
    """
    claimed = entry.suite
    suite = SUITES.get(claimed.id)
    if suite is None:
        yield f"suite {claimed.id}: not known, expected one of {', '.join(SUITES)}"
        return
    if suite.version != claimed.version:
        if new or claimed.version > suite.version:
            yield f"suite {claimed.id} v{claimed.version}: not known, this version of synthbench has v{suite.version}"
        return
    if claimed.reference == suite.phantom and claimed.reference_digest != suite.phantom_digest:
        found, expected = claimed.reference_digest[:12], (suite.phantom_digest or "none")[:12]
        yield f"suite {claimed.id}: {claimed.reference} of digest {found}, expected {expected}"
    if claimed.reference_digest == suite.phantom_digest and claimed.reference != suite.phantom:
        yield f"suite {claimed.id}: reference called {claimed.reference!r}, but its digest is that of {suite.phantom}"


def _retracted(entry: Entry, retractions: list[Retraction]) -> Iterator[str]:
    name = entry.id if retractions else ""
    for retraction in retractions:
        hit = [result.metric for result in entry.results if retraction.covers(entry, name, result)]
        if hit:
            what = "the whole entry" if retraction.entry else hit[0]
            yield f"retracted: {what} ({retraction.reason}); evaluate again with a version that is right"


def _retractions(boards: dict[Path, None], checked: Checked) -> Iterator[Retraction]:
    """Those of the boards, and of the package where there is none. Links are not followed."""
    files = [path for board in boards if (path := board / RETRACTIONS).is_file() and not path.is_symlink()]
    chosen: list[Path | None] = [*files] or [None]
    for file in chosen:
        try:
            yield from load_retractions(file)
        except DataError as error:
            checked.add(file or Path(RETRACTIONS), error.message.removeprefix(f"{file}: "))


def _before(board: Path, base: str, checked: Checked) -> list[Retraction]:
    """What was retracted in the base."""
    data = content_at(base, board, RETRACTIONS)
    try:
        return [] if data is None else read_retractions(data, f"{base}: {RETRACTIONS}")
    except DataError as error:
        checked.add(board / RETRACTIONS, error.message)
        return []
