"""Trains a line in as many processes as it is launched in: each takes its share of the points of a step.

accelerate launch --cpu -m tests.training.joint OUT STEPS
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator

from synthuterus_bench.repro import stream
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.loop import train

POINTS = 16


class Share:
    """A net with a part that only the first process uses, and one that none does."""

    def __init__(self, accelerator):
        torch.manual_seed(0)
        self.accelerator = accelerator
        self.nets = {"net": torch.nn.Linear(3, 1), "first": torch.nn.Linear(3, 1), "idle": torch.nn.Linear(3, 1)}

    def loss(self, step, part):
        size = POINTS // self.accelerator.num_processes
        start = self.accelerator.process_index * size
        x = stream(0, "joint", step).standard_normal((POINTS, 3), dtype=np.float32)[start : start + size]
        x = torch.from_numpy(x)
        loss = (self.nets["net"](x) - x.sum(1, keepdim=True)).square().mean()
        extra = self.nets["first"](torch.ones(1, 3)).square().mean() * self.accelerator.num_processes
        return loss + extra if start == 0 else loss

    def validate(self):
        assert self.accelerator.is_main_process
        x = torch.from_numpy(stream(0, "held").standard_normal((POINTS, 3), dtype=np.float32))
        return float((self.nets["net"](x) - x.sum(1, keepdim=True)).square().mean())

    def sheet(self):
        assert self.accelerator.is_main_process
        return np.zeros((4, 4), np.uint8)


def main(out: Path, steps: int) -> None:
    """Write what each process ended in beside ``out``."""
    torch.set_num_threads(1)
    accelerator = Accelerator(cpu=True)
    task = Share(accelerator)
    config = LoopConfig(steps=steps, lr=0.05, warmup_steps=1, checkpoint_every=10, evaluate_every=5, patience=50)
    trained = train(task, config, out, accelerator, "joint")
    weights = {name: [p.tolist() for p in net.parameters()] for name, net in task.nets.items()}
    told = {"losses": trained.losses, "validation": trained.validation, "weights": weights}
    (out.parent / f"process-{accelerator.process_index}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
