"""What two submissions look like to every extractor, and what networks learn from them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthuterus_bench.bench.comparison.sides import Joined, Seen
from synthuterus_bench.bench.comparison.teaching import Taught
from synthuterus_bench.bench.reference import Reference
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.task import Given, answer_all
from synthuterus_bench.bench.tasks import regime_tasks
from synthuterus_bench.downstream.scores import make_panel
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import Embedder, extract
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.progress import Track
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES


@dataclass(frozen=True, slots=True)
class Tools:
    """What images are looked at and learned from with; ``cache`` keeps features."""

    embedder: Embedder
    weights_dir: Path | None
    cache: Path
    workers: int
    device: str
    track: Track


@dataclass(frozen=True, slots=True)
class Looked:
    """A submission beside its reference, and the embedder's features of all images."""

    sets: Sets
    own: FeatureBank


def look(sides: tuple[Submission, Submission], real: Reference, tools: Tools) -> list[Looked]:
    """Embed both submissions, and the reference once."""
    first, second = (Sets(side, real) for side in sides)
    n, m = first.sizes[0], second.sizes[0]
    pixels = np.concatenate([first.submission.pixels, second.pixels])
    bank = extract(pixels, {Need.EMBEDDER, Need.CODES}, tools.embedder, track=tools.track)
    every = np.arange(len(pixels))
    return [Looked(first, bank.take(np.delete(every, np.s_[n : n + m]))), Looked(second, bank.take(every[n:]))]


def joined(suite: Suite, looked: list[Looked], tools: Tools) -> Joined:
    """Features of the rows that are compared; those that ``evaluate`` has extracted are read again."""
    told = not any(one.sets.submission.measured for one in looked)
    return Joined(*(_seen(suite, one, told, tools) for one in looked))


def _seen(suite: Suite, one: Looked, told: bool, tools: Tools) -> Seen:
    rows, scopes = compact(one.sets.scopes(0, 0, suite.n_real_per_class))
    bank = extract(
        one.sets.pixels[rows],
        suite.needs - {Need.EMBEDDER, Need.CODES},
        tools.embedder,
        weights_dir=tools.weights_dir,
        device=tools.device,
        workers=tools.workers,
        cache=tools.cache,
        parts=one.sets.parts(rows),
        groups=scopes[0].strata if told else None,
        into=one.own.take(rows),
        track=tools.track,
    )
    return Seen(one.sets, rows, scopes, bank)


def taught(suite: Suite, looked: list[Looked], tools: Tools) -> list[Taught]:
    """Every regime of both submissions, trained."""
    given = [Given(*one.sets.labelled(one.own)) for one in looked]
    test, rng = given[0].test, stream(0, "bootstrap", "downstream")
    panel = make_panel(test.labels, test.units, len(CLASSES), resamples=suite.resamples, rng=rng)
    sides = [regime_tasks(suite, each, panel, tools.weights_dir) for each in given]
    answers = answer_all(
        [task for side in sides for task in side], tools.device, tools.workers, tools.cache, tools.track
    )
    pairs = zip(answers[: len(suite.regimes)], answers[len(suite.regimes) :], strict=True)
    return [Taught(*each) for each in zip(suite.regimes, *sides, pairs, strict=True)]
