"""Who draws the chunks of a release: workers of this machine, or the processes of one ``accelerate launch``.

Either way every chunk is drawn by one process alone, single-threaded on a CPU, and lies in a file of the shared work
folder afterwards, so that who drew it does not show in its bytes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch

from synthuterus_bench.errors import UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.candidates import Engine, Job, draw_chunk, prepare, read_chunk, sampling_device
from synthuterus_bench.release.launched import Launched
from synthuterus_bench.workers import map_in_order, process_count


class Crew(Protocol):
    """Whoever draws. Only the process that ``leads`` plans, judges, writes and speaks; the others ``serve``."""

    @property
    def leads(self) -> bool:
        """Whether this process plans, judges, writes and speaks."""

    def draw(self, jobs: list[Job], engine: Engine, track: Track, label: str) -> None:
        """Draw every job into its file."""

    def meet(self, work: Path, facts: dict[str, Any]) -> None:
        """See whether all processes share ``work`` and agree on ``facts``."""

    def serve(self) -> None:
        """Draw what the leader asks for until it is done."""


class Workers:
    """So many processes of this machine, or this process alone."""

    def __init__(self, count: int) -> None:
        self.count = count

    @property
    def leads(self) -> bool:
        """This process does."""
        return True

    def draw(self, jobs: list[Job], engine: Engine, track: Track = silent, label: str = "") -> None:
        """Draw every job; on a GPU this process alone does."""
        for _ in track(self._drawn(jobs, engine), label, len(jobs)):
            pass

    def _drawn(self, jobs: list[Job], engine: Engine) -> Iterator[None]:
        if self.count > 1 and len(jobs) > 1 and sampling_device() == "cpu":
            yield from map_in_order(draw_chunk, jobs, min(self.count, len(jobs)), prepare, (engine,))
        else:
            yield from draw_alone(jobs, engine)

    def meet(self, work: Path, facts: dict[str, Any]) -> None:
        """There is no one else."""

    def serve(self) -> None:
        """There is no one else."""


def draw_alone(jobs: list[Job], engine: Engine) -> Iterator[None]:
    """Draw jobs in this process, one after another."""
    if not jobs:
        return
    threads = torch.get_num_threads()
    prepare(engine)
    try:
        yield from map(draw_chunk, jobs)
    finally:
        torch.set_num_threads(threads)


@contextmanager
def muster(workers: int = 1) -> Iterator[Crew]:
    """The processes that were launched together if there are several, else ``workers`` of this machine.

    Raises:
        UsageError: more than one worker for each of several processes.
    """
    if process_count() == 1:
        yield Workers(workers)
        return
    if workers > 1:
        raise UsageError(
            f"workers {workers}: found {process_count()} processes launched together, expected one worker each",
            "leave --workers out, and give the launcher a larger --num_processes",
        )
    with Launched.together(draw_alone) as crew:
        yield crew


def draw_missing(jobs: list[Job], crew: Crew, engine: Engine, track: Track, label: str) -> list[Path]:
    """Chunk files of all jobs, in order; those that are there already are not drawn again."""
    crew.draw([job for job in jobs if read_chunk(job[0]) is None], engine, track, label)
    return [path for path, _ in jobs]
