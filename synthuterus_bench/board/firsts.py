"""The entries that a board begins with: every shipped generator and every control, evaluated here, nothing typed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synthuterus_bench.bench.controls.submissions import CONTROLS, halve, make_control
from synthuterus_bench.bench.opening import open_submission
from synthuterus_bench.bench.reference import PHANTOM, load_reference
from synthuterus_bench.bench.run import Clock, Evaluation, evaluate_sets
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.board.check import check_entries
from synthuterus_bench.board.commands import COMMAND, first_command
from synthuterus_bench.board.entries import home_of, read_entry
from synthuterus_bench.board.rank import CONTROL
from synthuterus_bench.board.superseding import objection
from synthuterus_bench.board.verify import Bench
from synthuterus_bench.entry import Entry, Generator
from synthuterus_bench.errors import EntryError
from synthuterus_bench.generators.catalogue import SHIPPED, parse_id
from synthuterus_bench.generators.folder import find_pipeline
from synthuterus_bench.vocab import Family

TAKEN_OUT = "half of the training patients of the reference, taken out of it for the control"


@dataclass(frozen=True, slots=True)
class First:
    """One entry to make: a shipped generator by its id, or a control by its name."""

    name: str
    control: bool

    @property
    def shown(self) -> str:
        """What the entry calls its generator."""
        return f"{CONTROL}: {self.name.replace('-', ' ')}" if self.control else self.name


@dataclass(frozen=True, slots=True)
class Filed:
    """Where an entry lies; ``new`` says that this run put it there."""

    path: Path
    new: bool


def firsts_of(suite: Suite) -> list[First]:
    """What a suite can measure: shipped generators of its view and dimension, and the controls."""
    fitting = [name for name in SHIPPED if _fits(name, suite)]
    return [First(name, False) for name in fitting] + [First(name, True) for name in CONTROLS]


def _fits(name: str, suite: Suite) -> bool:
    model = parse_id(name)
    return model.view is suite.view and (model.family is Family.DDPM3D) == (suite.dims == 3)


@one_thread()
def make_first(first: First, suite: Suite, bench: Bench) -> Evaluation:
    """Evaluate one against the suite's phantom; the entry says by which command.

    Raises:
        WeightsError: weights or their index cannot be read.
        CohortError: too few training patients to spare half of them for controls.
    """
    real = load_reference(bench.reference or PHANTOM, suite, bench.cache, bench.tools.track)
    if first.control:
        halves = halve(real, suite)
        described = Generator(name=first.shown, family=CONTROL, dims=suite.dims, roi=_is_roi(suite))
        submission = replace(make_control(first.name, halves), generator=described)
        real = halves.real
    else:
        folder = find_pipeline(first.name)
        submission = open_submission(folder, suite, first.name, bench.cache, bench.tools.device, bench.tools.track)
    done = evaluate_sets(Sets(submission, real), suite, bench.tools, Clock())
    said = {COMMAND: first_command(suite.id, first.name)}
    learned = [TAKEN_OUT] if first.control else done.entry.training_data
    changes = {"environment": done.entry.environment | said, "training_data": learned}
    return replace(done, entry=done.entry.model_copy(update=changes))


def _is_roi(suite: Suite) -> bool:
    return suite.view == "roi"


def file_first(done: Evaluation, board: Path) -> Filed:
    """Put an entry and its details into their place, unless the same results of the same images are there already.

    An entry with others supersedes the last one of its generator.

    Raises:
        EntryError: it does not pass the check; nothing of it stays.
    """
    known = [*_filed(done.entry, board)]
    gone = {old.supersedes for _, old in known}
    path, last = next(((path, old) for path, old in known if old.id not in gone), (None, None))
    if path and last and _said(last) == _said(done.entry):
        return Filed(path, False)
    done = replace(done, entry=done.entry.model_copy(update={"supersedes": last.id if last else None}))
    path = board / home_of(done.entry)
    details = done.save(path)
    if problems := check_entries([path]).problems:
        path.unlink()
        details.unlink()
        raise EntryError(str(problems[0]))
    return Filed(path, True)


def _said(entry: Entry) -> tuple[Any, ...]:
    """What an entry is of and what came out."""
    return entry.dataset.manifest_sha256, entry.results


def _filed(entry: Entry, board: Path) -> Iterator[tuple[Path, Entry]]:
    """Entries under the same protocol and reference that this one may supersede."""
    home = (board / home_of(entry)).parent
    for path in sorted(home.glob("*.json")):
        if path.name.endswith(".details.json"):
            continue
        old = read_entry(path)
        if old.suite == entry.suite and objection(entry, old) is None:
            yield path, old
