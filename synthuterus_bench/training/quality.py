"""How good a generator is, for its card: unselected samples against held-out pictures, by the benchmark's own metrics.

A look at the end of a training, not a benchmark: few samples, and the validation split. Of volumes the middle slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.sheet import contact_sheet
from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.generators.sampler import Wanted
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Features, Measurement, Scope
from synthuterus_bench.metrics.features import Embedder, extract
from synthuterus_bench.metrics.scopes import make_scopes
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.nets.condition import NULL_CLASS
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import significant
from synthuterus_bench.training.pictures import Pictures
from synthuterus_bench.training.samples import draw, wanted_like
from synthuterus_bench.vocab import CLASSES, Orientation

ANATOMY = ("anatomy-plausible", "anatomy-valid", "anatomy-agreement")
DISTANCES = ("fd-embedder", "kid-embedder")
PERMUTATIONS = 50
HELD_OUT = 256
SHOWN = 24
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Drawn:
    """Samples (n, rows, columns) in the window, what they were told, and measured values by name."""

    pixels: NDArray[np.uint16]
    wanted: list[Wanted]
    values: dict[str, float]


@dataclass(frozen=True)
class Compared:
    """Samples beside real pictures: the rows of each, the features of all, and what could be measured, by name."""

    scope: Scope
    bank: FeatureBank
    found: dict[str, Measurement]


def measure_quality(
    pipeline: SynthUterusPipeline,
    data: Pictures,
    held_out: Pictures | None,
    samples: int,
    embedder: Embedder,
    seed: int = 0,
    track: Track = silent,
) -> Drawn:
    """Draw ``samples`` with conditions as in ``data`` and measure them.

    Without held-out pictures of two patients a class there are no distances, and the anatomy has no ceiling beside it.
    """
    wanted = wanted_like(data, pipeline.model_id, samples)
    pixels = draw(pipeline, wanted, seed, track)
    real = [some(data, seed), some(held_out, seed)] if held_out is not None else []
    compared = compare(pixels, wanted, real, (*ANATOMY, *DISTANCES), embedder, track=track)
    values: dict[str, float] = {"samples": len(wanted)}
    for name, measured in compared.found.items():
        values |= _named(name, measured)
    return Drawn(pixels, wanted, values)


def compare(
    pixels: NDArray[np.uint16],
    wanted: list[Wanted],
    real: list[Pictures],
    names: Sequence[str],
    embedder: Embedder,
    permutations: int = PERMUTATIONS,
    track: Track = silent,
) -> Compared:
    """Measure samples by metrics of the table, all classes pooled.

    Agreement is left out where no class was told; all but the anatomy where too few real patients are there for a
    floor; and what lacks its features, with the reason in the bank.

    Args:
        pixels: samples (n, rows, columns) in the window.
        real: pictures of training and of other patients, or nothing.
    """
    told = any(one.orientation for one in wanted)
    scope = _scope(wanted, real, permutations)
    every = np.concatenate([pixels, *(part.pixels for part in map(middle, real))])
    chosen = [METRICS[name] for name in names if _applies(name, told, scope)]
    bank = extract(every, {metric.need for metric in chosen}, embedder, track=track)
    present = [metric for metric in chosen if metric.need in bank.arrays]
    features = {need: Features(rows) for need, rows in bank.arrays.items()}
    return Compared(scope, bank, {one.name: one.measure(features[one.need], scope) for one in present})


def _applies(name: str, told: bool, scope: Scope) -> bool:
    if name == "anatomy-agreement":
        return told
    return bool(scope.null) or name in ANATOMY


def some(pictures: Pictures, seed: int) -> Pictures:
    """At most ``HELD_OUT`` of them, at random."""
    rows = stream(seed, "quality").permutation(len(pictures))[:HELD_OUT]
    return pictures.take(np.sort(rows))


def middle(pictures: Pictures) -> Pictures:
    """Volumes as pictures: their middle slices."""
    if pictures.pixels.ndim == 3:
        return pictures
    slices = pictures.pixels[:, pictures.pixels.shape[1] // 2]
    return Pictures(slices, None, pictures.classes, pictures.prompts, pictures.patients)


def _scope(wanted: list[Wanted], real: list[Pictures], permutations: int) -> Scope:
    """All classes pooled; samples first, then training pictures, then held-out ones."""
    told = any(one.orientation for one in wanted)
    fake = np.array([_label(one.orientation) if told else 0 for one in wanted])
    train, test = (
        (np.where(part.classes == NULL_CLASS, -1, part.classes) if told else np.zeros(len(part), np.int64))
        for part in (real or [_NOTHING, _NOTHING])
    )
    parts = [np.arange(len(wanted)), *(part.patients for part in real)]
    offsets = np.cumsum([0, *(part.max() + 1 for part in parts[:-1])])
    units = np.concatenate([part + offset for part, offset in zip(parts, offsets, strict=True)])
    names = [str(name) for name in CLASSES] if told else ["all"]
    return make_scopes(fake, train, test, units, names, permutations=permutations if real else 0, seed=0)[0]


_NOTHING = Pictures(np.empty((0, 0, 0), np.uint16), None, np.empty(0, np.int64), [], np.empty(0, np.int64))


def _label(orientation: Orientation | None) -> int:
    return CLASSES.index(orientation) if orientation in CLASSES else -1


def _named(name: str, measured: Measurement) -> dict[str, float]:
    values: dict[str, float | None] = {"": measured.value}
    if measured.interval:
        values |= {" low": measured.interval.low, " high": measured.interval.high}
    if len(measured.null):
        floor = measured.floor
        values |= {" floor low": floor.low, " floor high": floor.high}
    return {f"{name}{part}": significant(float(value), 4) for part, value in values.items() if value is not None}


def sample_sheet(drawn: Drawn) -> NDArray[np.uint8]:
    """The first samples, as drawn, with what they were told."""
    shown = list(zip(drawn.pixels, drawn.wanted, strict=True))[:SHOWN]
    captions = [one.orientation or one.prompt or "told nothing" for _, one in shown]
    return contact_sheet([to_display(image) for image, _ in shown], captions, 8)
