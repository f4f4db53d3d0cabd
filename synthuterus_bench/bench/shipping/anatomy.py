"""What the anatomy metric says of samples, of fresh phantom images, and of pictures in which there is no uterus."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.generators.measured import Judged, Value
from synthuterus_bench.metrics.anatomy import Anatomy, examine
from synthuterus_bench.metrics.shares import Share, Verdict, Verdicts, summarise
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import significant
from synthuterus_bench.training.negatives import Negative, negative
from synthuterus_bench.vocab import Orientation

Ints = NDArray[np.int64]


def judge(name: str, pixels: NDArray[np.uint16], asked: Sequence[Orientation | None], track: Track = silent) -> Judged:
    """Look at pictures (n, rows, columns) in the window; ``asked`` is the class that each was told."""
    localiser = load_localiser()
    seen = [examine(from_window(one), localiser) for one in track(pixels, f"anatomy: {name}", len(pixels))]
    return _judged(name, seen, asked)


def _judged(name: str, seen: Sequence[Anatomy], asked: Sequence[Orientation | None]) -> Judged:
    found = summarise(seen, asked)
    agreement = _value(found.agreement) if found.agreement.trials else None
    return Judged(
        pictures=name,
        images=len(seen),
        plausible=_value(found.plausible),
        valid=_value(found.valid),
        agreement=agreement,
    )


def of_verdicts(name: str, rows: Verdicts, classes: Ints | None) -> Judged:
    """The same from rows of a feature bank; ``classes`` are those that pictures have, None where none counts."""
    plausible, valid = (Share(int((rows[:, one] > 0).sum()), len(rows)) for one in (Verdict.PLAUSIBLE, Verdict.VALID))
    agreement = None
    if classes is not None:
        hits = (rows[:, Verdict.VALID] > 0) & (rows[:, Verdict.CLASS] == classes)
        agreement = _value(Share(int(hits.sum()), len(rows)))
    return Judged(
        pictures=name, images=len(rows), plausible=_value(plausible), valid=_value(valid), agreement=agreement
    )


def _value(share: Share) -> Value:
    low, high = share.interval
    return Value(value=significant(share.value, 4), low=significant(low, 4), high=significant(high, 4))


def negative_controls(pixels: NDArray[np.uint16], track: Track = silent) -> list[Judged]:
    """What is said of noise, of scrambled and of blurred pictures, each made of real ones (n, rows, columns)."""
    localiser = load_localiser()
    return [
        _judged(str(kind), [examine(one, localiser) for one in track(made, str(kind), len(made))], [None] * len(made))
        for kind, made in ((kind, _made(kind, pixels)) for kind in Negative)
    ]


def _made(kind: Negative, pixels: NDArray[np.uint16]) -> list[NDArray[np.float32]]:
    return [negative(kind, from_window(one), stream(0, "control", kind, i)) for i, one in enumerate(pixels)]
