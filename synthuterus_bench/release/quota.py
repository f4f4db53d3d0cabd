"""Exact quotas: every place of the plan is filled; a rejected candidate's place gets the next candidate there is."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import QuotaError
from synthuterus_bench.generators.plan import Place
from synthuterus_bench.generators.sampler import Wanted, sample_seed
from synthuterus_bench.privacy.filter import Decision, Verdict
from synthuterus_bench.release.candidates import Drawn, require_chunk
from synthuterus_bench.release.position import Position
from synthuterus_bench.vocab import Orientation

CAP = 5
"""Candidates a place, at most, over a whole class, or over all places where no class is told."""

_OPEN = 8
"""Chunks in memory while rows are written. The places of a round come in order: they are hardly read twice."""

Draw = Callable[[list[Wanted], int], list[Path]]
Pool = Orientation | None
"""The class that places share, None where none is told."""


@dataclass(frozen=True)
class Candidate:
    """A candidate for a place: its pixels and verdict, and its position where the class was not told."""

    place: Place
    wanted: Wanted
    seed: int
    pixels: NDArray[np.uint16]
    verdict: Verdict
    position: Position | None


@dataclass(frozen=True)
class _Round:
    """The places that a round drew for, where its chunks lie, and the first row of each and the number of all."""

    pending: NDArray[np.int64]
    first: int
    paths: list[Path]
    starts: list[int]


@dataclass(frozen=True)
class Filled:
    """What fills every place. It holds two numbers a candidate; all else is read from the chunks, one or a few at once.

    ``filler`` holds the index of the candidate that fills each place.
    """

    plan: list[Place]
    seed: int
    rounds: list[_Round]
    filler: NDArray[np.int64]

    def accepted(self) -> Iterator[Candidate]:
        """What fills the places, in the plan's order."""
        read = lru_cache(_OPEN)(require_chunk)
        firsts = [one.first for one in self.rounds]
        for i, index in enumerate(self.filler.tolist()):
            one = self.rounds[bisect_right(firsts, index) - 1]
            chunk = bisect_right(one.starts, index - one.first) - 1
            row = index - one.first - one.starts[chunk]
            yield self._candidate(read(one.paths[chunk]), row, i, index)

    def records(self) -> Iterator[dict[str, Any]]:
        """One audit record a candidate, in the order of their indices."""
        for one in self.rounds:
            for path, start in zip(one.paths, one.starts[:-1], strict=True):
                chunk = require_chunk(path)
                for row in range(len(chunk.verdicts)):
                    yield _record(self._candidate(chunk, row, int(one.pending[start + row]), one.first + start + row))

    def _candidate(self, chunk: Drawn, row: int, place: int, index: int) -> Candidate:
        wanted = _wanted(self.plan[place], index)
        position = None if chunk.positions is None else chunk.positions[row]
        return Candidate(
            self.plan[place], wanted, sample_seed(self.seed, wanted), chunk.pixels[row], chunk.verdicts[row], position
        )


def fill(plan: list[Place], seed: int, draw: Draw, cap: int = CAP) -> Filled:
    """Draw round by round until every place is filled; the index of a candidate is its number in the release.

    Args:
        draw: takes the wanted samples of a round and how many candidates there were before, returns chunk files in
            order.

    Raises:
        QuotaError: a class used up ``cap`` candidates a place.
    """
    quota = Counter(place.orientation for place in plan)
    used: Counter[Pool] = Counter()
    rounds: list[_Round] = []
    filler = np.full(len(plan), -1, np.int64)
    pending, before = np.arange(len(plan)), 0
    while len(pending):
        wanted = [_wanted(plan[i], before + k) for k, i in enumerate(pending)]
        asked = Counter(one.orientation for one in wanted)
        _within_cap(asked, used, quota, cap)
        used += asked
        paths = draw(wanted, before)
        passed, starts = _judged(paths)
        rounds.append(_Round(pending, before, paths, starts))
        filler[pending[passed]] = before + np.flatnonzero(passed)
        before += len(pending)
        pending = pending[~passed]
    return Filled(plan, seed, rounds, filler)


def _wanted(place: Place, index: int) -> Wanted:
    return Wanted(place.orientation, place.prompt, index)


def _judged(paths: list[Path]) -> tuple[NDArray[np.bool_], list[int]]:
    """Whether each candidate of some chunks was accepted; where each chunk starts, and their whole length."""
    passed, starts = [], [0]
    for path in paths:
        verdicts = require_chunk(path).verdicts
        passed += [verdict.decision is Decision.ACCEPTED for verdict in verdicts]
        starts.append(len(passed))
    return np.array(passed, bool), starts


def _within_cap(pending: Counter[Pool], used: Counter[Pool], quota: Counter[Pool], cap: int) -> None:
    for pool, count in pending.items():
        if used[pool] + count > cap * quota[pool]:
            what = f"class {pool}" if pool else "release"
            raise QuotaError(
                f"{what}: {quota[pool] - count} of {quota[pool]} places filled after {used[pool]} candidates, expected "
                f"all within {cap} a place; the others were too similar to training images or to each other",
                f"the generator repeats its training data; to go on anyway: --cap {cap + 1} or more",
            )


def _record(drawn: Candidate) -> dict[str, Any]:
    """The audit record of a candidate; its class is as told, or as measured."""
    verdict, position, wanted = drawn.verdict, drawn.position, drawn.wanted
    return {
        "index": wanted.index,
        "seed": drawn.seed,
        "orientation": wanted.orientation if position is None else position.orientation,
        "prompt": wanted.prompt,
        "max_similarity": verdict.max_similarity,
        "neighbour": verdict.neighbour,
        "decision": verdict.decision,
        "bound": verdict.bound,
        **verdict.details,
    }
