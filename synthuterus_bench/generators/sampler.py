"""Sampling: in fixed padded chunks, noise from ``(seed, index)`` only."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.guidance import LATENT_LIMIT, NONE, Limit, guidance_of, guided
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.generators.refiner import refine
from synthuterus_bench.generators.solve import EVEN, SPACING, SamplerConfig, Solver, solve
from synthuterus_bench.repro import stream, stream_seed
from synthuterus_bench.vocab import Family, Orientation


@dataclass(frozen=True, slots=True)
class Wanted:
    """One sample to draw: its noise comes from ``(seed, index)``; ``None`` for a condition that is not told."""

    orientation: Orientation | None
    prompt: str | None
    index: int


def sample_seed(seed: int, one: Wanted) -> int:
    """The number that names a sample's noise; goes into the release and the audit."""
    return stream_seed(seed, "sample", one.index)


def chunk_size(model: ModelId) -> int:
    """Samples a forward; part of what decides the last bits of a sample."""
    return 2 if model.family is Family.DDPM3D else 16


def resolve(pipeline: SynthUterusPipeline, config: SamplerConfig) -> SamplerConfig:
    """The settings with what they leave to the model filled in.

    Raises:
        UsageError: guidance is asked of a model that has nothing to be guided by.
    """
    pixels = pipeline.vae is None and config.scheduler == Solver.DPM
    spacing = config.spacing if config.spacing is not None else SPACING if pixels else EVEN
    guidance = guidance_of(pipeline, config.guidance)
    below = config.guidance_below or (None if pipeline.vae is None else LATENT_LIMIT)
    below = None if guidance == NONE else below
    return replace(config, guidance=guidance, spacing=spacing, guidance_below=below)


@torch.inference_mode()
def sample_chunk(
    pipeline: SynthUterusPipeline, wanted: list[Wanted], seed: int, config: SamplerConfig
) -> NDArray[np.uint16]:
    """Draw at most :func:`chunk_size` samples: 16-bit pictures (n, *shape) in the fixed window.

    The chunk is always filled up, because batch size changes the last bits of a convolution.

    Raises:
        UsageError: a condition is given that the model was not trained on, or one is lacking.
        WeightsError: what the model draws is no picture.
    """
    size, config = chunk_size(pipeline.model_id), resolve(pipeline, config)
    if not 0 < len(wanted) <= size:
        raise ValueError(f"chunk of {len(wanted)}, expected 1 to {size}")
    padded = wanted + [wanted[-1]] * (size - len(wanted))
    seeds = [sample_seed(seed, one) for one in padded]
    noise = np.stack([stream(one).standard_normal(pipeline.noise_shape, np.float32) for one in seeds])
    told = pipeline.tell([one.orientation for one in padded], [one.prompt for one in padded])
    nothing = pipeline.tell_nothing(size)
    below = config.guidance_below
    limit = None if below is None else Limit(below, pipeline.scheduler.alphas_cumprod)
    denoiser = guided(pipeline.predict, told, nothing, config.guidance or 0.0, limit)
    start = torch.from_numpy(noise).to(pipeline.device)
    dtype = getattr(torch, config.dtype)
    with torch.autocast(pipeline.device.type, dtype, enabled=dtype is not torch.float32):
        x = solve(denoiser, start, pipeline.scheduler.config, config, seeds)
        pictures = pipeline.pictures(x)
        if pipeline.refiner is not None:
            pictures = refine(pipeline, pictures, told, nothing, seeds)
    z = pictures[: len(wanted)].float().cpu().numpy()
    if not np.isfinite(z).all():
        raise WeightsError(
            "the generator drew values that are not finite numbers", "its weights or settings are broken"
        )
    return to_window(z)
