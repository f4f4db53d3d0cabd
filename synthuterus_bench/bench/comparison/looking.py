"""What two submissions look like to every extractor, and what networks learn from them."""

from dataclasses import dataclass

import numpy as np

from synthuterus_bench.bench.comparison.sides import Joined, Seen
from synthuterus_bench.bench.comparison.teaching import Taught
from synthuterus_bench.bench.reference import Reference
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.task import Given, answer_all
from synthuterus_bench.bench.tasks import regime_tasks
from synthuterus_bench.bench.tools import OWN, Tools
from synthuterus_bench.downstream.scores import make_panel
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES


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
    bank = tools.embed(pixels)
    every = np.arange(len(pixels))
    return [Looked(first, bank.take(np.delete(every, np.s_[n : n + m]))), Looked(second, bank.take(every[n:]))]


def joined(suite: Suite, looked: list[Looked], tools: Tools) -> Joined:
    """Features of the rows that are compared; those that ``evaluate`` has extracted are read again."""
    told = not any(one.sets.submission.measured for one in looked)
    return Joined(*(_seen(suite, one, told, tools) for one in looked))


def _seen(suite: Suite, one: Looked, told: bool, tools: Tools) -> Seen:
    rows, scopes = compact(one.sets.scopes(0, 0, suite.n_real_per_class))
    groups = scopes[0].strata if told else None
    bank = tools.look(
        one.sets.pixels[rows], suite.needs - OWN, parts=one.sets.parts(rows), groups=groups, into=one.own.take(rows)
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
