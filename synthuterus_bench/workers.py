"""A pool of single-threaded worker processes: same bytes with any number of them, and none outlives its parent."""

import ctypes
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Any, TypeVar

from synthuterus_bench.errors import DataError

Job = TypeVar("Job")
Answer = TypeVar("Answer")
_AHEAD = 3
_PR_SET_PDEATHSIG = 1
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


_RANK = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
_SIZE = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
"""Where launchers (torchrun, MPI) tell a process its number and how many there are, as accelerate reads them."""


def process_index() -> int:
    """This process's number among those launched together; the one with 0 leads and speaks."""
    return _first_number(_RANK, 0)


def process_count() -> int:
    """How many processes were launched together, on all nodes."""
    return _first_number(_SIZE, 1)


def launched_in_vain() -> bool:
    """Whether ``accelerate launch --cpu`` was asked for several processes, of which it starts one without MPI."""
    return process_count() == 1 and "MASTER_ADDR" in os.environ and "ACCELERATE_USE_CPU" in os.environ


def _first_number(names: tuple[str, ...], otherwise: int) -> int:
    found = (os.environ[name] for name in names if os.environ.get(name, "").isdecimal())
    return int(next(found, otherwise))


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
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    prepared = pickle.dumps((prepare, arguments))
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (os.getpid(), prepared))
    try:
        waiting = iter(jobs)
        running = [pool.submit(work, job) for job in islice(waiting, _AHEAD * workers)]
        while running:
            yield running.pop(0).result()
            running += [pool.submit(work, job) for job in islice(waiting, 1)]
    except BrokenProcessPool:
        raise DataError(
            "a worker process died before it was done",
            "often for lack of memory: try --workers 1; a script that calls this needs `if __name__ == '__main__':`",
        ) from None
    finally:
        _restore(before)
        pool.shutdown(wait=True, cancel_futures=True)


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _start(parent: int, prepared: bytes) -> None:
    """Watch the parent before anything slow: unpickling ``prepared`` imports the libraries it names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    prepare, arguments = pickle.loads(prepared)
    if prepare:
        prepare(*arguments)


def _die_with_parent() -> None:
    """Ask Linux for SIGKILL at the parent's death: a thread may wait long for an import to let it run."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
