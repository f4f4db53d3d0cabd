"""What an autoencoder leaves out of a picture, drawn by a small denoiser in pixels: noise and sharp edges.

A decoder gives the mean of all pictures that a latent may mean, which is smooth. The refiner, told what the latent
model was told and shown that mean, draws what is missing (as DiffuseVAE, Pandey et al. 2022): the residual, in units of
its deviation over training pictures.
"""

from functools import cache

import numpy as np
import torch
from diffusers import DDPMScheduler

from synthuterus_bench.generators.guidance import NONE, guided
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.generators.solve import SPACING, SamplerConfig, solve
from synthuterus_bench.nets.condition import Told
from synthuterus_bench.nets.denoiser import denoise
from synthuterus_bench.nets.schedule import BASE_SIZE, make_schedule
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import Conditioning

SAMPLER = SamplerConfig(steps=32, guidance=3.0, spacing=SPACING)
"""How a residual is drawn, whatever sampler draws the latents: chosen on conditions of validation patients
(docs/generate.md)."""

NOISE = "refiner"


@cache
def residual_schedule() -> DDPMScheduler:
    """The schedule of residuals, not shifted for size: neighbouring pixels of a residual say little of each other."""
    return make_schedule(BASE_SIZE)


def refine(
    pipeline: SynthUterusPipeline, mean: torch.Tensor, told: Told, nothing: Told, seeds: list[int]
) -> torch.Tensor:
    """Pictures (B, H, W) with a residual drawn by ``pipeline.refiner``, for decoded pictures ``mean`` (B, H, W).

    Args:
        seeds: one a sample; the noise of its residual is a stream of its own.
    """
    shown = mean[:, None]
    noise = np.stack([stream(seed, NOISE).standard_normal(shown.shape[1:], np.float32) for seed in seeds])
    predict = lambda x, t, heard: denoise(pipeline.refiner, x, t, heard, shown).float()
    untold = pipeline.model_id.conditioning is Conditioning.UNCOND
    denoiser = guided(predict, told, nothing, NONE if untold else SAMPLER.guidance or NONE)
    start = torch.from_numpy(noise).to(mean.device)
    residual = solve(denoiser, start, residual_schedule().config, SAMPLER, seeds)
    return mean + pipeline.config["residual_std"] * residual[:, 0]
