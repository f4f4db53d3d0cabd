"""The processes of one ``accelerate launch``, on one node or many, that draw the chunks of a release together.

The leader tells the others what is missing; each draws every so-maniest chunk of it into the shared work folder, then
all wait for each other. An error of one stops all of them with the same error. Messages are small and go over gloo,
GPUs or not.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from synthuterus_bench.errors import DataError, SynthbenchError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.candidates import Engine, Job, sampling_device

PATIENCE_S = 20.0
"""How long a file may take to appear on another node: network file systems remember what was not there."""

_TIMEOUT = timedelta(days=30)
"""How long a process may wait for the slowest one."""

Value = TypeVar("Value")
Order = tuple[Engine, list[Job]]


class Launched:
    """This process and the others that were launched with it."""

    def __init__(self, state: Any, draw_alone: Callable[[list[Job], Engine], Iterator[None]]) -> None:
        self._index, self._count = int(state.process_index), int(state.num_processes)
        self._draw_alone, self._over = draw_alone, False

    @classmethod
    @contextmanager
    def together(cls, draw_alone: Callable[[list[Job], Engine], Iterator[None]]) -> Iterator["Launched"]:
        """Join the others, and let them go at the end, or stop them where the leader met an error."""
        import torch.distributed
        from accelerate import PartialState

        state = PartialState(cpu=sampling_device() == "cpu", backend="gloo", timeout=_TIMEOUT)
        crew = cls(state, draw_alone)
        try:
            yield crew
            crew._dismiss(None)
        except Exception as error:
            crew._dismiss(error)
            raise
        finally:
            torch.distributed.destroy_process_group()
            state._reset_state()

    @property
    def leads(self) -> bool:
        """Whether this process is the one that plans, judges, writes and speaks."""
        return self._index == 0

    def draw(self, jobs: list[Job], engine: Engine, track: Track = silent, label: str = "") -> None:
        """Draw jobs, of all processes: the leader's call."""
        if jobs:
            self._broadcast((engine, jobs))
            self._share((engine, jobs), track, f"{label}, {self._count} processes")

    def serve(self) -> None:
        """Draw this process's share of what the leader asks for, until it is done.

        Raises:
            SynthbenchError: what stopped the leader or another process.
        """
        while order := self._broadcast(None):
            if isinstance(order, Exception):
                self._over = True
                raise order
            self._share(order, silent, "")
        self._over = True

    def meet(self, work: Path, facts: dict[str, Any]) -> None:
        """Check that every process sees ``work``, and that all agree on ``facts``; called by all.

        Raises:
            DataError: one does not.
        """
        token = work / f".meeting-{self._broadcast(uuid4().hex)}"
        self._as_one(lambda: _touch(token) if self.leads else None)
        seen = self._gather((appears(token), facts))
        if self.leads:
            token.unlink(missing_ok=True)
            with suppress(OSError):
                work.rmdir()
        self._as_one(lambda: _agree(seen, work) if self.leads else None)

    def _share(self, order: Order, track: Track, label: str) -> None:
        engine, jobs = order
        own = jobs[self._index :: self._count]

        def work() -> None:
            for _ in track(self._draw_alone(own, engine), label, len(own)):
                pass

        self._as_one(work)

    def _as_one(self, work: Callable[[], None]) -> None:
        """Do this process's part and wait for the others; an error of one is raised by all."""
        error: Exception | None = None
        try:
            work()
        except Exception as caught:
            error = caught
        errors = self._gather(None if error is None else _portable(error, self._index))
        first = next((one for one in errors if one is not None), None)
        if first is not None:
            self._over = True
            raise error or first

    def _dismiss(self, error: Exception | None) -> None:
        """The leader's last word, unless all have met the same error already."""
        if self.leads and not self._over:
            with suppress(DataError):
                self._broadcast(error and _portable(error, self._index))

    def _broadcast(self, value: Any) -> Any:
        """The leader's ``value``, in every process."""
        from accelerate.utils import broadcast_object_list

        with self._connected():
            return broadcast_object_list([value])[0]

    def _gather(self, value: Value) -> list[Value]:
        """The value of every process, by its number."""
        from accelerate.utils import gather_object

        with self._connected():
            return gather_object([value])

    @contextmanager
    def _connected(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError:
            self._over = True
            raise DataError(
                f"one of the {self._count} processes died before all were done",
                "its own output says why; run the same command again to go on",
            ) from None


def _touch(token: Path) -> None:
    token.parent.mkdir(parents=True, exist_ok=True)
    token.touch()


def appears(path: Path, patience: float = PATIENCE_S) -> bool:
    """Whether a file is there, or comes into sight before patience ends."""
    end = time.monotonic() + patience
    while not path.exists():
        if time.monotonic() >= end:
            return False
        time.sleep(0.1)
    return True


def _agree(answers: list[tuple[bool, dict[str, Any]]], work: Path) -> None:
    for number, (sees, facts) in enumerate(answers):
        if not sees:
            raise DataError(
                f"{work}: process {number} of {len(answers)} does not see what process 0 writes there",
                "all nodes need one shared folder, under the same path: choose --out in it",
            )
        for name, value in answers[0][1].items():
            if facts.get(name) != value:
                raise DataError(f"process {number} of {len(answers)} has {name} {facts.get(name)}, process 0 {value}")


def _portable(error: Exception, index: int) -> Exception:
    """The error as another process can raise it, with the number of the one that met it."""
    if isinstance(error, OSError):
        return error
    if isinstance(error, SynthbenchError):
        same = type(error)(error.message if index == 0 else f"process {index}: {error.message}")
        same.hint = error.hint
        return same
    return SynthbenchError(f"process {index}: unexpected {type(error).__name__}: {error}", "run again with --debug")
