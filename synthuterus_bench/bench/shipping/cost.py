"""What a training took, from the log it left."""

import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from synthuterus_bench.generators.measured import Cost
from synthuterus_bench.generators.trained import TrainingRecord
from synthuterus_bench.repro import canonical_json, write_atomic
from synthuterus_bench.training.log import LINES
from synthuterus_bench.workers import available_cores

MACHINES = "machines.json"


def note_machine(out: Path) -> None:
    """Keep what this machine is beside the log of a training that it takes part in."""
    known = _machines(out)
    if (here := this_machine()) not in known:
        write_atomic(out / MACHINES, canonical_json([*known, here]) + "\n")


def this_machine() -> str:
    """A GPU by its name, else how many cores of what; never a host name."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    cores = available_cores()
    return f"{cores} core{'s' if cores > 1 else ''} of {_processor()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine() or os.uname().machine


def training_cost(out: Path, record: TrainingRecord) -> Cost | None:
    """Seconds of all steps that the weights hold, from the rates in the log; None where no log lies in ``out``."""
    steps, inverse = 0, 0.0
    for step, rate in _rates(out):
        if step <= record.config["steps"]:
            inverse += (step - steps) / rate
            steps = step
    if not steps:
        return None
    return Cost(seconds=round(record.images_seen / steps * inverse, 1), machines=_machines(out))


def _rates(out: Path) -> Iterator[tuple[int, float]]:
    """Steps, and images a second since the step before."""
    file = out / LINES
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else []:
        told = json.loads(line)
        if told.get("images_a_second"):
            yield int(told["step"]), float(told["images_a_second"])


def _machines(out: Path) -> list[str]:
    file = out / MACHINES
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
