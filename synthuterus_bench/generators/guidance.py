"""Classifier-free guidance (Ho and Salimans 2022), at every level of noise or in a limited interval of them.

``out = out(null) + guidance (out(told) - out(null))``. At high noise guidance decides the layout of the picture and so
takes variety away; it may be left out there (Kynkaanniemi et al. 2024), which also saves calls of the network.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.generators.solve import Denoiser
from synthuterus_bench.nets.condition import Told
from synthuterus_bench.nets.edm import sigma_at
from synthuterus_bench.vocab import Conditioning

GUIDANCE = 3.5
"""Of conditional models, where none is asked for: chosen on conditions of validation patients (docs/generate.md)."""

LATENT_LIMIT = 6.0
"""Level of noise above which latent models are not guided, where none is asked for: their variety comes back, and their
anatomy stays (docs/generate.md). In pixels anatomy is lost, so there guidance is at every level."""

NONE = 1.0
"""The guidance that changes nothing."""

Predict = Callable[[torch.Tensor, torch.Tensor, Told], torch.Tensor]


@dataclass(frozen=True)
class Limit:
    """A level of noise, sqrt((1 - alpha_bar) / alpha_bar), on a schedule with these ``alpha_bar``."""

    level: float
    alpha_bar: torch.Tensor

    def exceeded(self, t: torch.Tensor) -> bool:
        """Whether the noise at times ``t`` (B,), all the same, is higher."""
        return float(sigma_at(self.alpha_bar, t[:1])) > self.level


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


def guided(predict: Predict, told: Told, nothing: Told, guidance: float, limit: Limit | None = None) -> Denoiser:
    """A denoiser with its conditions, and with guidance where that is not 1.

    Args:
        predict: what the network says of x (B, ...) at times t (B,) with conditions of as many samples.
        nothing: the conditions of a forward that is told nothing.
        limit: the noise above which conditions are told without guidance; None for guidance everywhere. All samples
            of a call are at one level.
    """
    if guidance == NONE:
        return lambda x, t: predict(x, t, told)

    def denoiser(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        heard = predict(x, t, told)
        if limit is not None and limit.exceeded(t):
            return heard
        null = predict(x, t, nothing)
        return null + guidance * (heard - null)

    return denoiser
