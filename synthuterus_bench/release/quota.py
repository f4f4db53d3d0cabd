"""Exact quotas: every place of the plan is filled; a rejected candidate is replaced by the next seed of its class."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.errors import DataError, QuotaError
from synthuterus_bench.generators.plan import Place
from synthuterus_bench.generators.sampler import Wanted, sample_seed
from synthuterus_bench.privacy.filter import Decision, Verdict
from synthuterus_bench.release.candidates import read_chunk
from synthuterus_bench.vocab import Orientation

CAP = 5
"""Candidates a place, at most, over a whole class."""

Draw = Callable[[list[Wanted], int], list[Path]]


@dataclass(frozen=True)
class Accepted:
    """Where the image of a place lies: row ``row`` of chunk file ``chunk``."""

    place: Place
    seed: int
    verdict: Verdict
    chunk: Path
    row: int


@dataclass(frozen=True)
class Filled:
    """The accepted image of every place, in the plan's order, and one audit record a candidate."""

    accepted: list[Accepted]
    records: list[dict[str, Any]]


def fill(plan: list[Place], seed: int, draw: Draw, cap: int = CAP) -> Filled:
    """Draw round by round until every place holds an accepted image.

    Args:
        draw: takes the wanted samples of a round and its number, returns chunk files of ``CHUNK`` in order.

    Raises:
        QuotaError: a class used up ``cap`` candidates a place.
    """
    quota = Counter(place.orientation for place in plan)
    used: Counter[Orientation] = Counter()
    kept: dict[int, Accepted] = {}
    records: list[dict[str, Any]] = []
    pending = list(range(len(plan)))
    while pending:
        _within_cap(Counter(plan[i].orientation for i in pending), used, quota, cap)
        wanted = []
        for i in pending:
            orientation = plan[i].orientation
            wanted.append(Wanted(orientation, plan[i].prompt, sum(used.values())))
            used[orientation] += 1
        rejected = []
        for i, one, (path, row, verdict) in zip(pending, wanted, _drawn(draw(wanted, len(records))), strict=True):
            records.append(_record(len(records), one, seed, verdict))
            if verdict.decision is Decision.ACCEPTED:
                kept[i] = Accepted(plan[i], sample_seed(seed, one), verdict, path, row)
            else:
                rejected.append(i)
        pending = rejected
    return Filled([kept[i] for i in range(len(plan))], records)


def _drawn(paths: list[Path]) -> Iterator[tuple[Path, int, Verdict]]:
    for path in paths:
        chunk = read_chunk(path)
        if chunk is None:
            raise DataError(f"{path}: chunk vanished while the run was going on", "run the same command again")
        yield from ((path, row, verdict) for row, verdict in enumerate(chunk.verdicts))


def _within_cap(
    pending: Counter[Orientation], used: Counter[Orientation], quota: Counter[Orientation], cap: int
) -> None:
    for orientation, count in pending.items():
        if used[orientation] + count > cap * quota[orientation]:
            filled = quota[orientation] - count
            raise QuotaError(
                f"class {orientation}: {filled} of {quota[orientation]} places filled after {used[orientation]} "
                f"candidates, expected all within {cap} a place; the others were too similar to training images",
                f"the generator repeats its training data; to go on anyway: --cap {cap + 1} or more",
            )


def _record(number: int, one: Wanted, seed: int, verdict: Verdict) -> dict[str, Any]:
    return {
        "number": number,
        "orientation": one.orientation,
        "index": one.index,
        "seed": sample_seed(seed, one),
        "prompt": one.prompt,
        "max_similarity": verdict.max_similarity,
        "neighbour": verdict.neighbour,
        "decision": verdict.decision,
        "bound": verdict.bound,
    }
