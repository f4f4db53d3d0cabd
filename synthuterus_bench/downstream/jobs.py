"""Trainings to be done: each by itself, so that as many run at once as there are cores, with the same result.

What a training answered is kept on disk by the digest of all that decides it (:mod:`synthuterus_bench.metrics.store`):
that on real images serves every submission, and a submission is not learned from twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.downstream.training import Recipe, probabilities, shrink, train_classifier
from synthuterus_bench.metrics.store import Store, code_digest
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_array
from synthuterus_bench.workers import map_in_order

ANSWER = "probabilities"
HEAVY = ("resnet18",)
"""Networks whose training takes so much longer than the start of a process that processes are worth it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One training, and the images to be classified after it.

    Attributes:
        pixels: windowed images (n, rows, columns), of ``labels`` (n,).
        test: windowed images (m, rows, columns).
        updates: steps of the optimiser; None for those of the recipe's epochs.
        start: state dict of a published ResNet-18 to begin with; None to begin from scratch. ``start_sha256`` is the
            digest of its file.
    """

    pixels: NDArray[np.uint16]
    labels: NDArray[np.int64]
    test: NDArray[np.uint16]
    classes: int
    recipe: Recipe
    seed: int
    updates: int | None = None
    start: dict[str, Any] | None = None
    start_sha256: str | None = None

    def key(self, device: str) -> dict[str, Any]:
        """All that decides the answer."""
        arrays = {name: digest_array(getattr(self, name)) for name in ("pixels", "labels", "test")}
        facts = {"recipe": asdict(self.recipe), "classes": self.classes, "seed": self.seed, "updates": self.updates}
        made = {"answer of": "a classifier", "start": self.start_sha256, "code": code_digest("downstream")}
        return arrays | facts | made | {"device": device}


def supervised(
    learn: Labelled, test: Labelled, classes: int, recipe: Recipe, *, seed: int, device: str = "cpu"
) -> NDArray[np.float64]:
    """Train a classifier from scratch on ``learn``; probabilities of ``test``, (n, classes)."""
    return run_job(Job(learn.pixels, learn.labels, test.pixels, classes, recipe, seed), device)


def run_job(job: Job, device: str = "cpu", track: Track = silent) -> NDArray[np.float64]:
    """Train; probabilities of the test images, (m, classes).

    Raises:
        WeightsError: ``start`` does not fit the network.
    """
    network = train_classifier(
        shrink(job.pixels, job.recipe.side),
        job.labels,
        job.classes,
        job.recipe,
        seed=job.seed,
        device=device,
        track=track,
        updates=job.updates,
        start=job.start,
    )
    return probabilities(network, shrink(job.test, job.recipe.side), device)


def run_jobs(
    jobs: Sequence[Job], *, device: str, workers: int = 1, cache: Path | None = None, track: Track = silent
) -> list[NDArray[np.float64]]:
    """The answers of all jobs in their order.

    Args:
        workers: single-threaded processes. They are used on the CPU alone, and only where a network is large enough
            to be worth it.
        cache: folder that keeps answers, each from when its training is done, so that a killed run goes on.
    """
    store = Store(cache)
    keys = [job.key(device) if cache else {} for job in jobs]
    found = [store.load(key) for key in keys]
    lacking = [place for place, kept in enumerate(found) if kept is None]
    fresh = _answers([jobs[place] for place in lacking], device, workers, track)
    for place, answer in zip(lacking, fresh, strict=True):
        found[place] = {ANSWER: answer}
        store.save(keys[place], {ANSWER: answer})
    return [np.asarray(kept[ANSWER], np.float64) for kept in found if kept is not None]


def _answers(jobs: list[Job], device: str, workers: int, track: Track) -> Iterator[NDArray[np.float64]]:
    count = min(workers, len(jobs))
    if device != "cpu" or count < 2 or not any(job.recipe.net in HEAVY for job in jobs):
        yield from (run_job(job, device, track) for job in jobs)
        return
    yield from track(map_in_order(_run_alone, jobs, count, _one_thread), "training", len(jobs))


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _run_alone(job: Job) -> NDArray[np.float64]:
    return run_job(job)
