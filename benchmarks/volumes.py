"""Which network draws volumes: diffusers' factorised U-Net or MONAI's isotropic one, at equal CPU time.

    python benchmarks/volumes.py COHORT_3D [CPU_SECONDS]

Both see the same volumes, noise and conditions in the same order, one thread, and are judged on the validation split
with fixed noise. Prints the validation loss at equal CPU time (not at equal steps), and the time of a step.
"""

import platform
import sys
import time
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet3DConditionModel
from torch import nn

from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.nets.condition import NULL_CLASS, Told
from synthuterus_bench.nets.volume import VolumeDenoiser
from synthuterus_bench.training.config import GeneratorConfig
from synthuterus_bench.training.diffusion import DiffusionTask
from synthuterus_bench.training.generator import make_task

LR = 4e-4
CONFIG = GeneratorConfig(batch=2, channels=(32, 64, 96), text_width=64, drop_class=0.1)


class Factorised(VolumeDenoiser):
    """diffusers' network in the place of MONAI's; the class is a token, for it takes none."""

    def __init__(self, channels: tuple[int, ...], **shape: Any) -> None:
        super().__init__(**shape)
        del self.unet
        self.token = nn.Embedding(NULL_CLASS + 1, 64)
        self.planes = UNet3DConditionModel(
            sample_size=32,
            in_channels=shape["in_channels"],
            out_channels=shape["out_channels"],
            down_block_types=("DownBlock3D",) * (len(channels) - 1) + ("CrossAttnDownBlock3D",),
            up_block_types=("CrossAttnUpBlock3D",) + ("UpBlock3D",) * (len(channels) - 1),
            block_out_channels=channels,
            layers_per_block=1,
            norm_num_groups=16,
            cross_attention_dim=64,
            attention_head_dim=4,
        )

    def forward(self, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
        """The output of x's shape."""
        return self.planes(x, t, encoder_hidden_states=self.token(told.classes)[:, None]).sample


def factorised(task: DiffusionTask, channels: tuple[int, ...]) -> VolumeDenoiser:
    """diffusers' network for a task's patches."""
    shape = {k: v for k, v in task.unet.config.items() if not k.startswith("_")}
    return Factorised(channels, **shape)


def compete(name: str, task: DiffusionTask, seconds: float) -> None:
    """Train for ``seconds`` of CPU time; print the validation loss on the way."""
    net = task.unet
    optimizer = torch.optim.AdamW(net.parameters(), lr=LR)
    spent, step, marks = 0.0, 0, [seconds / 4, seconds / 2, seconds]
    parameters = sum(p.numel() for p in net.parameters())
    print(f"{name}: {parameters:,} parameters", flush=True)
    while marks:
        begun = time.process_time()
        for group in optimizer.param_groups:
            group["lr"] = LR * min(1, (step + 1) / 50)
        task.loss(step).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        spent, step = spent + time.process_time() - begun, step + 1
        if spent >= marks[0]:
            marks.pop(0)
            loss = task.validate()
            print(f"  {spent:6.0f} CPU s, {step:5} steps, {spent / step:.2f} s each: loss {loss:.4f}", flush=True)


def main(cohort: Path, seconds: float) -> None:
    """Both networks, one after the other."""
    torch.set_num_threads(1)
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, {cohort.name}, 1 thread")
    task = make_task(parse_id("ddpm3d-class-roi"), load_cohort(cohort), CONFIG)
    compete("isotropic (MONAI)", task, seconds)
    task = make_task(parse_id("ddpm3d-class-roi"), load_cohort(cohort), CONFIG)
    torch.manual_seed(0)
    task.unet = factorised(task, CONFIG.channels)
    compete("factorised (diffusers)", task, seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 600.0)
