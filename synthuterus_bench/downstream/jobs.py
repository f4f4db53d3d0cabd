"""Trainings to be done: each by itself, so that as many run at once as there are cores, with the same result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.downstream.training import Recipe, probabilities, shrink, train_classifier
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.workers import map_in_order

HEAVY = ("resnet18",)
"""Networks whose training takes so much longer than the start of a process that processes are worth it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One training, and the images to be classified after it.

    Attributes:
        pixels: windowed images (n, rows, columns), of ``labels`` (n,).
        test: windowed images (m, rows, columns).
        updates: steps of the optimiser; None for those of the recipe's epochs.
        start: state dict of a published ResNet-18 to begin with; None to begin from scratch.
    """

    pixels: NDArray[np.uint16]
    labels: NDArray[np.int64]
    test: NDArray[np.uint16]
    classes: int
    recipe: Recipe
    seed: int
    updates: int | None = None
    start: dict[str, Any] | None = None


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


def run_jobs(jobs: Sequence[Job], *, device: str, workers: int = 1, track: Track = silent) -> list[NDArray[np.float64]]:
    """The answers of all jobs in their order.

    Args:
        workers: single-threaded processes. They are used on the CPU alone, and only where a network is large enough
            to be worth it.
    """
    count = min(workers, len(jobs))
    if device != "cpu" or count < 2 or not any(job.recipe.net in HEAVY for job in jobs):
        return [run_job(job, device, track) for job in jobs]
    return [*track(map_in_order(_run_alone, jobs, count, _one_thread), "training", len(jobs))]


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _run_alone(job: Job) -> NDArray[np.float64]:
    return run_job(job)
