"""Which network draws volumes, at equal CPU time: slices that hear each other, or MONAI's U-Net in three dimensions.

    python benchmarks/volumes.py COHORT_3D [CPU_SECONDS]

Ours twice: from random weights, and from those of the shipped model of pictures. All see the same volumes, noise and
conditions in the same order, one thread, and are judged on the validation split with fixed noise. Prints the validation
loss at equal CPU time (not at equal steps), and the time of a step.
"""

import platform
import sys
import time
from pathlib import Path

import torch
from monai.networks.nets import DiffusionModelUNet
from torch import nn

from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.folder import find_pipeline
from synthuterus_bench.nets.condition import NULL_CLASS, Told
from synthuterus_bench.nets.volume import VolumeDenoiser
from synthuterus_bench.training.config import GeneratorConfig
from synthuterus_bench.training.diffusion import DiffusionTask
from synthuterus_bench.training.generator import make_task
from synthuterus_bench.training.initial import begin_with

LR = 4e-4
CONFIG = GeneratorConfig(batch=2)


class Isotropic(VolumeDenoiser):
    """MONAI's network in the place of ours, as wide; padding of the text is nought, since its attention has no mask."""

    def __init__(self, ours: VolumeDenoiser) -> None:
        nn.Module.__init__(self)
        planar, channels = ours.config["planar"], CONFIG.channels
        self.register_to_config(**ours.config)
        self.unet = DiffusionModelUNet(
            spatial_dims=3,
            in_channels=planar["in_channels"],
            out_channels=planar["out_channels"],
            num_res_blocks=CONFIG.layers,
            channels=channels,
            attention_levels=(False,) * (len(channels) - 1) + (True,),
            norm_num_groups=planar["norm_num_groups"],
            num_head_channels=[width // CONFIG.heads for width in channels],
            num_class_embeds=NULL_CLASS + 1,
            use_flash_attention=True,
            with_conditioning=True,
            cross_attention_dim=CONFIG.text_width,
        )
        self.unet.config = planar

    def forward(self, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
        """The output of x's shape."""
        assert told.text is not None
        assert told.mask is not None
        return self.unet(x, t, context=told.text * told.mask[..., None], class_labels=told.classes)


def compete(name: str, task: DiffusionTask, seconds: float) -> None:
    """Train for ``seconds`` of CPU time; print the validation loss on the way."""
    parameters = [p for net in task.nets.values() for p in net.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=LR)
    spent, step, marks = 0.0, 0, [seconds / 4, seconds / 2, seconds]
    size = sum(p.numel() for p in task.unet.parameters())
    print(f"{name}: {size:,} parameters, loss {task.validate():.4f}", flush=True)
    while marks:
        begun = time.process_time()
        for group in optimizer.param_groups:
            group["lr"] = LR * min(1, (step + 1) / 50)
        with torch.autocast("cpu", torch.bfloat16):
            task.loss(step).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        spent, step = spent + time.process_time() - begun, step + 1
        if spent >= marks[0]:
            marks.pop(0)
            loss = task.validate()
            print(f"  {spent:6.0f} CPU s, {step:5} steps, {spent / step:.2f} s each: loss {loss:.4f}", flush=True)


def main(root: Path, seconds: float) -> None:
    """All three, one after the other."""
    torch.set_num_threads(1)
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, {root.name}, 1 thread")
    model, cohort = parse_id("ddpm3d-ct-roi"), load_cohort(root)
    compete("slices, random weights", make_task(model, cohort, CONFIG), seconds)
    task = make_task(model, cohort, CONFIG)
    begin_with(task, find_pipeline("ddpm2d-ct-roi"))
    compete("slices, from ddpm2d-ct-roi", task, seconds)
    task = make_task(model, cohort, CONFIG)
    torch.manual_seed(0)
    task.unet = Isotropic(task.unet)
    compete("isotropic (MONAI)", task, seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 600.0)
