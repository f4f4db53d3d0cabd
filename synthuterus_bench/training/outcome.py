"""How a training went, kept beside its checkpoints."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from synthuterus_bench.repro import canonical_json, write_atomic

FILE = "trained.json"


@dataclass(frozen=True)
class Trained:
    """How a training went: mean loss of every checkpoint interval, (step, loss) of every evaluation, the last step,
    and the step whose averaged weights the networks now hold."""

    losses: list[float]
    validation: list[tuple[int, float]]
    step: int
    best_step: int

    @property
    def best(self) -> float | None:
        """The least validation loss."""
        return min((loss for _, loss in self.validation), default=None)


def save_outcome(out: Path, trained: Trained) -> None:
    """Write ``trained.json``."""
    write_atomic(out / FILE, canonical_json(asdict(trained)) + "\n")


def load_outcome(out: Path) -> Trained | None:
    """How the finished training in ``out`` went; None where there is none."""
    try:
        told = json.loads((out / FILE).read_text(encoding="utf-8"))
        return Trained(told["losses"], [(s, v) for s, v in told["validation"]], told["step"], told["best_step"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
