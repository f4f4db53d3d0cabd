"""Classifier-free guidance (Ho and Salimans 2022), at every level of noise or in a limited interval of them.

``out = out(null) + guidance (out(told) - out(null))``. At high noise guidance decides the layout of the picture and so
takes variety away; left out there (Kynkaanniemi et al. 2024) it costs neither conditions nor as many network calls.
"""

from collections.abc import Callable

import torch

from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.nets.condition import Told
from synthuterus_bench.nets.edm import sigma_at
from synthuterus_bench.vocab import Conditioning

GUIDANCE = 3.5
"""Of conditional models, where none is asked for: chosen on conditions of validation patients (docs/generate.md)."""

NONE = 1.0
"""The guidance that changes nothing."""

Denoiser = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def guidance_of(pipeline: SynthUterusPipeline, asked: float | None) -> float:
    """The guidance of a sampling.

    Raises:
        UsageError: guidance is asked of a model that has nothing to be guided by.
    """
    model = pipeline.model_id
    able = model.conditioning is not Conditioning.UNCOND and pipeline.config["guidable"]
    if asked is None:
        return GUIDANCE if able else NONE
    if asked != NONE and not able:
        why = "it is told nothing" if model.conditioning is Conditioning.UNCOND else "no condition was ever dropped"
        raise UsageError(f"{model}: guidance {asked}, expected 1, for {why} in training")
    return asked


def guided(
    pipeline: SynthUterusPipeline, told: Told, size: int, guidance: float, below: float | None = None
) -> Denoiser:
    """The denoiser of ``size`` samples with their conditions, and with guidance where that is not 1.

    Args:
        below: level of noise, sqrt((1 - alpha_bar) / alpha_bar), above which conditions are told without guidance;
            None for guidance at every level. All samples of a call are at one level.
    """
    if guidance == NONE:
        return lambda x, t: pipeline.predict(x, t, told)
    nothing, alpha_bar = pipeline.tell_nothing(size), pipeline.scheduler.alphas_cumprod

    def denoiser(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        heard = pipeline.predict(x, t, told)
        if below is not None and float(sigma_at(alpha_bar, t[:1])) > below:
            return heard
        null = pipeline.predict(x, t, nothing)
        return null + guidance * (heard - null)

    return denoiser
