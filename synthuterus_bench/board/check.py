"""``synthbench leaderboard check``: the one validator, the same at a submitter's desk and in CI."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from synthuterus_bench.bench.details import Details, details_path
from synthuterus_bench.bench.suite import SUITES
from synthuterus_bench.bench.table import POOLED
from synthuterus_bench.board.copies import copies
from synthuterus_bench.board.entries import DETAILS, HOME, FaultyError, home_of, read_entry, read_file
from synthuterus_bench.board.invariants import broken_invariants
from synthuterus_bench.board.many import FEW, uncollected
from synthuterus_bench.board.names import names_of
from synthuterus_bench.board.trial import undrawable
from synthuterus_bench.entry import Entry
from synthuterus_bench.look.text import one_line
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_file
from synthuterus_bench.workers import map_in_order

ALLOWED = frozenset({".gitkeep", "README.md"})
"""Files beside entries that are nobody's numbers."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one file, in one line that is safe to print."""

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


@dataclass
class Checked:
    """What was read: the entries that pass the schema, by file, and every problem found."""

    entries: dict[Path, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: Path, message: str) -> None:
        """Note one problem."""
        self.problems.append(Problem(one_line(str(path)), one_line(message)))


def check_entries(paths: Iterable[Path], workers: int = 1, track: Track = silent) -> Checked:
    """Check entry files, or all entries in folders; nothing is raised for what is wrong with them.

    Args:
        workers: processes that read many entries; they change nothing that is found.
        track: is asked to show how far it has come where there are many.
    """
    checked = Checked()
    files = [*dict.fromkeys(found for given in paths for found in _files(given, checked))]
    many = len(files) > FEW
    read = map_in_order(_read, files, workers) if many and workers > 1 else map(_read, files)
    with uncollected():
        for path, (entry, faults) in zip(files, (track if many else silent)(read, "entries", len(files)), strict=True):
            if entry is not None:
                checked.entries[path] = entry
            for fault in faults:
                checked.add(path, fault)
    for path, message in copies(checked.entries):
        checked.add(path, message)
    return checked


def _files(given: Path, checked: Checked) -> Iterator[Path]:
    if given.is_file() or given.is_symlink():
        yield given
        return
    folder = given / HOME if (given / HOME).is_dir() else given
    if folder.is_symlink() or not folder.is_dir():
        checked.add(given, "a link, expected a folder" if folder.is_symlink() else "no such file or folder")
        return
    every = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    found = [path for path in every if path.suffix == ".json" and not path.name.endswith(DETAILS)]
    if not found and folder.name != HOME:
        checked.add(given, "no entry in this folder, expected .json files")
    if folder.name == HOME:
        _check_names(folder, every, checked)
    yield from found


def _check_names(folder: Path, every: list[Path], checked: Checked) -> None:
    """Whether all files of a tree of entries are of a kind, and at a depth, that belong there."""
    for path in every:
        entry = path.with_name(path.name.removesuffix(DETAILS) + ".json")
        if path.is_symlink():
            if path.suffix != ".json" or path.name.endswith(DETAILS):
                checked.add(path, "a link, expected a file")
        elif path.suffix != ".json" and path.name not in ALLOWED:
            checked.add(path, "neither an entry nor its details")
        elif path.name.endswith(DETAILS) and not entry.is_file():
            checked.add(path, "details without their entry")
        elif path.suffix == ".json" and len(path.relative_to(folder).parts) != 3:
            checked.add(path, f"misplaced, expected {HOME}/<suite>/<generator>/<id>.json")


def _read(path: Path) -> tuple[Entry | None, list[str]]:
    """An entry, if it passes the schema, and what is wrong with it."""
    try:
        entry = read_entry(path)
    except FaultyError as error:
        return None, [*error.faults]
    faults = [*_place(path, entry), *_details(path, entry), *_suite(entry), *broken_invariants(entry)]
    return entry, faults or [*undrawable(entry)]


def _place(path: Path, entry: Entry) -> Iterator[str]:
    parts = path.absolute().parts
    if len(parts) >= 4 and parts[-4] == HOME and "/".join(parts[-4:]) != home_of(entry):
        yield f"misplaced, expected {home_of(entry)}"


def _details(path: Path, entry: Entry) -> Iterator[str]:
    """Of details beside an entry: they are those that it names, so that nobody can change them later."""
    beside, named = details_path(path), entry.artefacts.get("details_sha256")
    if not (beside.is_symlink() or beside.exists()):
        return
    try:
        read_file(beside, Details)
    except FaultyError as error:
        yield from (f"{beside.name}: {fault}" for fault in error.faults)
        return
    if digest_file(beside) != named:
        yield f"{beside.name}: not the details that the entry names (details_sha256 {named!s:.12})"


def _suite(entry: Entry) -> Iterator[str]:
    """Of a suite that is known: its digest, no metric but its own, and a cell for each, if only with a reason."""
    suite, claimed = SUITES.get(entry.suite.id), entry.suite
    if suite is None or suite.version != claimed.version:
        return
    if suite.digest != claimed.protocol_digest:
        yield f"suite {claimed.id}: protocol digest {claimed.protocol_digest[:12]}, expected {suite.digest[:12]}"
    present = {result.metric for result in entry.results if result.scope == POOLED}
    for metric in suite.metrics:
        if metric not in present:
            yield f"suite {claimed.id}: {metric} pooled is missing; give it as withheld or unavailable, with the reason"
    for metric in sorted({result.metric for result in entry.results} - names_of(suite)):
        yield f"suite {claimed.id}: has no metric {metric}"
