"""What a training leaves to look at: ``log.jsonl``, TensorBoard events in ``tensorboard/``, sample sheets.

TensorBoard names its files after the host; they are for the one who trains, and nothing of them goes into what is
packed. A resumed run takes back what a killed one had logged after its last checkpoint.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.repro import write_atomic

EVENTS, SHEETS, LINES = "tensorboard", "sheets", "log.jsonl"


class Log:
    """Where a training reports; this one says nothing."""

    def scalars(self, step: int, **values: float) -> None:
        """Values after ``step`` steps, by name."""

    def sheet(self, step: int, page: NDArray[np.uint8]) -> None:
        """A gray page (H, W) of samples."""


class FileLog(Log):
    """Lines, events and pages in ``out``."""

    def __init__(self, out: Path, events: Any) -> None:
        self._out, self._events = out, events

    def scalars(self, step: int, **values: float) -> None:
        """One line, and one TensorBoard scalar a value."""
        for name, value in values.items():
            self._events.add_scalar(name, value, step)
        with (self._out / LINES).open("a") as file:
            file.write(json.dumps({"step": step} | {name: round(value, 6) for name, value in values.items()}) + "\n")

    def sheet(self, step: int, page: NDArray[np.uint8]) -> None:
        """``sheets/step-00000500.png``, and the same for TensorBoard."""
        write_atomic(self._out / SHEETS / f"step-{step:08d}.png", encode_png(page))
        self._events.add_image("samples", page, step, dataformats="HW")


@contextmanager
def open_log(out: Path, done: int, writes: bool) -> Iterator[Log]:
    """The log of a run that goes on after ``done`` steps; a silent one where nothing is to be written."""
    if not writes:
        yield Log()
        return
    from torch.utils.tensorboard import SummaryWriter

    _take_back(out / LINES, done)
    with SummaryWriter(str(out / EVENTS), purge_step=done + 1) as events:
        yield FileLog(out, events)


def _take_back(path: Path, done: int) -> None:
    """Drop lines of later steps, and a last one that was cut off."""
    if path.is_file():
        kept = [line for line in path.read_text(encoding="utf-8").splitlines() if _step_of(line) <= done]
        write_atomic(path, "".join(f"{line}\n" for line in kept))


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
