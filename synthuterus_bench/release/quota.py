"""Exact quotas: every place of the plan is filled; a rejected candidate's place gets the next candidate there is."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.errors import QuotaError
from synthuterus_bench.generators.plan import Place
from synthuterus_bench.generators.sampler import Wanted, sample_seed
from synthuterus_bench.privacy.filter import Decision, Verdict
from synthuterus_bench.release.candidates import require_chunk
from synthuterus_bench.release.position import Position
from synthuterus_bench.vocab import Orientation

CAP = 5
"""Candidates a place, at most, over a whole class, or over all places where no class is told."""

Draw = Callable[[list[Wanted], int], list[Path]]
Pool = Orientation | None
"""The class that places share, None where none is told."""


@dataclass(frozen=True)
class Accepted:
    """What fills a place: row ``row`` of chunk file ``chunk``, and its position where the class was not told."""

    place: Place
    seed: int
    verdict: Verdict
    position: Position | None
    chunk: Path
    row: int


@dataclass(frozen=True)
class Filled:
    """What fills every place, in the plan's order, and one audit record a candidate, in the order of their indices."""

    accepted: list[Accepted]
    records: list[dict[str, Any]]


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
    kept: dict[int, Accepted] = {}
    records: list[dict[str, Any]] = []
    pending = list(range(len(plan)))
    while pending:
        wanted = [Wanted(plan[i].orientation, plan[i].prompt, len(records) + k) for k, i in enumerate(pending)]
        asked = Counter(one.orientation for one in wanted)
        _within_cap(asked, used, quota, cap)
        used += asked
        drawn = _drawn(draw(wanted, len(records)), [plan[i] for i in pending], wanted, seed)
        rejected = []
        for i, one, accepted in zip(pending, wanted, drawn, strict=True):
            records.append(_record(one, accepted))
            if accepted.verdict.decision is Decision.ACCEPTED:
                kept[i] = accepted
            else:
                rejected.append(i)
        pending = rejected
    return Filled([kept[i] for i in range(len(plan))], records)


def _drawn(paths: list[Path], places: list[Place], wanted: list[Wanted], seed: int) -> Iterator[Accepted]:
    """What each candidate is if it is accepted; one chunk in memory at a time."""
    pairs = zip(places, wanted, strict=True)
    for path in paths:
        chunk = require_chunk(path)
        for row, verdict in enumerate(chunk.verdicts):
            place, one = next(pairs)
            position = None if chunk.positions is None else chunk.positions[row]
            yield Accepted(place, sample_seed(seed, one), verdict, position, path, row)


def _within_cap(pending: Counter[Pool], used: Counter[Pool], quota: Counter[Pool], cap: int) -> None:
    for pool, count in pending.items():
        if used[pool] + count > cap * quota[pool]:
            what = f"class {pool}" if pool else "release"
            raise QuotaError(
                f"{what}: {quota[pool] - count} of {quota[pool]} places filled after {used[pool]} candidates, expected "
                f"all within {cap} a place; the others were too similar to training images or to each other",
                f"the generator repeats its training data; to go on anyway: --cap {cap + 1} or more",
            )


def _record(one: Wanted, drawn: Accepted) -> dict[str, Any]:
    """The audit record of a candidate; its class is as told, or as measured."""
    verdict, position = drawn.verdict, drawn.position
    return {
        "index": one.index,
        "seed": drawn.seed,
        "orientation": one.orientation if position is None else position.orientation,
        "prompt": one.prompt,
        "max_similarity": verdict.max_similarity,
        "neighbour": verdict.neighbour,
        "decision": verdict.decision,
        "bound": verdict.bound,
        **verdict.details,
    }
