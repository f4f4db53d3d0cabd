"""Sampling: plain functions of a denoiser, in fixed padded chunks, noise from ``(seed, index)`` only.

The solver is DPM-Solver++(2M) of Lu et al. 2022 through diffusers. Guidance is classifier-free (Ho and Salimans 2022):
``out = out(null) + guidance (out(told) - out(null))``.
"""

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.nets.condition import Told
from synthuterus_bench.repro import stream, stream_seed
from synthuterus_bench.vocab import Family, Orientation

CHUNK = 16
"""Samples a forward; part of what decides the last bits of a sample."""

SCHEDULERS = {"dpm++": DPMSolverMultistepScheduler, "ddim": DDIMScheduler, "ddpm": DDPMScheduler}


@dataclass(frozen=True, slots=True)
class SamplerConfig:
    """How samples are drawn. ``dtype`` below float32 is faster where the device has it, and less repeatable."""

    scheduler: str = "dpm++"
    steps: int = 12
    guidance: float | None = None
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.scheduler not in SCHEDULERS:
            raise UsageError(f"unknown scheduler {self.scheduler!r}, expected one of {', '.join(SCHEDULERS)}")
        if self.steps < 1 or (self.guidance or 0) < 0:
            raise UsageError(f"steps {self.steps}, guidance {self.guidance}: expected at least 1 and at least 0")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One sample to draw: the class and prompt it is told, None where neither; noise comes from ``(seed, index)``."""

    orientation: Orientation | None
    prompt: str | None
    index: int


def chunk_size(model: ModelId) -> int:
    """Samples a forward."""
    return 2 if model.family is Family.DDPM3D else CHUNK


def sample_seed(seed: int, one: Wanted) -> int:
    """The number that names a sample's noise; goes into the release and the audit."""
    return stream_seed(seed, "sample", one.index)


@torch.inference_mode()
def sample_chunk(
    pipeline: SynthUterusPipeline, wanted: list[Wanted], seed: int, config: SamplerConfig
) -> NDArray[np.uint16]:
    """Draw at most ``CHUNK`` samples: 16-bit images (n, H, W) in the fixed window.

    The chunk is always filled up to ``CHUNK``, because batch size changes the last bits of a convolution.
    """
    if not 0 < len(wanted) <= CHUNK:
        raise ValueError(f"chunk of {len(wanted)}, expected 1 to {CHUNK}")
    padded = wanted + [wanted[-1]] * (CHUNK - len(wanted))
    size = pipeline.image_size
    noise = np.stack([stream(sample_seed(seed, one)).standard_normal((1, size, size), np.float32) for one in padded])
    told = pipeline.tell(
        [one.orientation or Orientation.AMBIGUOUS for one in padded], [one.prompt or "" for one in padded]
    )
    device = pipeline.device.type
    with torch.autocast(device, getattr(torch, config.dtype), enabled=config.dtype != "float32"):
        start = torch.from_numpy(noise).to(pipeline.device)
        x = _solve(pipeline, start, told, config, [sample_seed(seed, one) for one in padded])
    z = x[: len(wanted), 0].float().cpu().numpy()
    if not np.isfinite(z).all():
        raise WeightsError(
            "the generator drew values that are not finite numbers", "its weights or settings are broken"
        )
    return to_window(z)


def _solve(
    pipeline: SynthUterusPipeline, x: torch.Tensor, told: Told, config: SamplerConfig, seeds: list[int]
) -> torch.Tensor:
    scheduler = SCHEDULERS[config.scheduler].from_config(pipeline.scheduler.config)
    scheduler.set_timesteps(config.steps)
    guidance = 1.5 if config.guidance is None else config.guidance
    nothing = pipeline.tell_nothing(len(x)) if guidance != 1 else None
    own = [torch.Generator().manual_seed(seed) for seed in seeds]
    ancestral = {"generator": own} if config.scheduler == "ddpm" else {}
    for t in scheduler.timesteps:
        steps = t.expand(len(x)).to(x.device)
        out = pipeline.predict(x, steps, told)
        if nothing is not None:
            null = pipeline.predict(x, steps, nothing)
            out = null + guidance * (out - null)
        x = scheduler.step(out, t, x, **ancestral).prev_sample
    return x
