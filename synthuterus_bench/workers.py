"""A pool of single-threaded worker processes: same bytes with any number of them, and none outlives its parent."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Any, TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")
_AHEAD = 3


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def map_in_order(
    work: Callable[[Job], Answer],
    jobs: Iterable[Job],
    workers: int,
    prepare: Callable[..., None] | None = None,
    arguments: tuple[Any, ...] = (),
) -> Iterator[Answer]:
    """Answers in the order of ``jobs``; only a few jobs a worker are under way at once.

    Args:
        prepare: run once in every worker before its first job, with ``arguments``.
    """
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (os.getpid(), prepare, arguments))
    try:
        waiting = iter(jobs)
        running = [pool.submit(work, job) for job in islice(waiting, _AHEAD * workers)]
        while running:
            yield running.pop(0).result()
            running += [pool.submit(work, job) for job in islice(waiting, 1)]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(parent: int, prepare: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    if prepare:
        prepare(*arguments)


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
