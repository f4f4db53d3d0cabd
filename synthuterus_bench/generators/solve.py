"""From noise to samples: plain functions of a denoiser.

The solvers are diffusers': ancestral DDPM (Ho et al. 2020), DDIM (Song et al. 2021), DPM-Solver++(2M) (Lu et al. 2022),
UniPC (Zhao et al. 2023) and Heun's on the noise levels of Karras et al. 2022 (EDM).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    HeunDiscreteScheduler,
    UniPCMultistepScheduler,
)
from numpy.typing import NDArray

from synthuterus_bench.errors import UsageError
from synthuterus_bench.nets.schedule import STEPS

Denoiser = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""What is said of x (B, ...) at times t (B,), of the schedule's prediction type."""

SPACING = 2.0
"""Of models in pixels under DPM-Solver++, where none is asked for: even steps jump from a signal to noise ratio of 15
straight to the mean, and so smooth the noise of the picture away."""

EVEN = 1.0
"""Spacing in even steps, "trailing" of Lin et al. 2024."""

LEAST_SPACING, MOST_SPACING = 0.5, 4.0


class Solver(StrEnum):
    """How the reverse process is solved."""

    DPM = "dpm++"
    UNIPC = "unipc"
    DDIM = "ddim"
    HEUN = "heun"
    DDPM = "ddpm"


SCHEDULERS: dict[Solver, Callable[[Any], Any]] = {
    Solver.DPM: DPMSolverMultistepScheduler.from_config,
    Solver.UNIPC: UniPCMultistepScheduler.from_config,
    Solver.DDIM: DDIMScheduler.from_config,
    Solver.HEUN: partial(HeunDiscreteScheduler.from_config, use_karras_sigmas=True),
    Solver.DDPM: DDPMScheduler.from_config,
}


@dataclass(frozen=True, slots=True)
class SamplerConfig:
    """How samples are drawn.

    ``guidance`` None means 3.5 for models that are told something, none for others; ``guidance_below`` is the level of
    noise above which there is none (:mod:`synthuterus_bench.generators.guidance`), where None means 6 for latent models
    and guidance at every level for others.
    Heun's solver asks the network twice a step. ``dtype`` bfloat16 is faster where the device has it. ``spacing`` is
    the power of :func:`times`, which DPM-Solver++ alone can take; None means 2 for models in pixels under it, else 1.
    """

    scheduler: str = Solver.DPM
    steps: int = 16
    guidance: float | None = None
    dtype: str = "float32"
    spacing: float | None = None
    guidance_below: float | None = None

    def __post_init__(self) -> None:
        if self.scheduler not in set(Solver):
            raise UsageError(f"unknown scheduler {self.scheduler!r}, expected one of {', '.join(Solver)}")
        if self.dtype not in ("float32", "bfloat16"):
            raise UsageError(f"unknown dtype {self.dtype!r}, expected float32 or bfloat16")
        if not 1 <= self.steps <= STEPS:
            raise UsageError(f"steps {self.steps}: expected 1 to {STEPS}, as many as there are in training")
        if self.guidance is not None and self.guidance < 0:
            raise UsageError(f"guidance {self.guidance}: expected at least 0")
        if self.guidance_below is not None and not self.guidance_below > 0:
            raise UsageError(f"guidance_below {self.guidance_below}: expected a level of noise above 0, for example 6")
        if self.spacing is not None and not LEAST_SPACING <= self.spacing <= MOST_SPACING:
            raise UsageError(f"spacing {self.spacing}: expected {LEAST_SPACING:g} to {MOST_SPACING:g}")
        if self.spacing not in (None, EVEN) and self.scheduler != Solver.DPM:
            raise UsageError(f"spacing {self.spacing:g} with {self.scheduler}, which takes even steps only (1)")


def times(steps: int, spacing: float) -> NDArray[np.int64]:
    """Times of ``steps`` steps, descending: ``1000 (1 - i / steps)^spacing``, rounded, less 1; equal ones once.

    A spacing above 1 takes shorter steps towards the picture, where its noise and fine detail are decided.
    """
    whole = np.round(STEPS * (1 - np.arange(steps) / steps) ** spacing).astype(np.int64)
    return np.unique(np.maximum(whole, 1) - 1)[::-1]


def solve(
    denoiser: Denoiser, noise: torch.Tensor, schedule: Any, config: SamplerConfig, seeds: list[int]
) -> torch.Tensor:
    """From unit ``noise`` (B, ...) to samples, for a denoiser that says what the ``schedule`` config calls for.

    Args:
        config: a spacing of None is 1 here.
        seeds: one a sample; the ancestral solver's further noise comes from it.
    """
    scheduler = SCHEDULERS[Solver(config.scheduler)](schedule)
    if config.spacing in (None, EVEN):
        scheduler.set_timesteps(config.steps)
    else:
        scheduler.set_timesteps(timesteps=times(config.steps, config.spacing).tolist())
    further = {}
    if config.scheduler == Solver.DDPM:
        further = {"generator": [torch.Generator().manual_seed(seed) for seed in seeds]}
    x = noise * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        out = denoiser(scheduler.scale_model_input(x, t), t.expand(len(x)).to(x.device))
        x = scheduler.step(out, t, x, **further).prev_sample
    return x
