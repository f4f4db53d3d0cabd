"""What a denoiser learns to give back: pictures and volumes as they are, or latents of pictures."""

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.nets.autoencoder import encode
from synthuterus_bench.training.pictures import Pictures


@dataclass(frozen=True)
class Clean:
    """What noise is added to: ``x0`` (N, C, ...), windowed pixels or latents; ``uterus`` in [0, 1], (N, 1, ...)."""

    x0: NDArray[np.generic]
    uterus: NDArray[np.generic] | None


def clean_pictures(data: Pictures, vae: AutoencoderKL | None) -> Clean:
    """Pictures as they are, or their latents."""
    uterus = None if data.uterus is None else data.uterus[:, None]
    if vae is None:
        return Clean(data.pixels[:, None], uterus)
    x0 = latents_of(vae, data.pixels)
    if uterus is not None:
        shrink = uterus.shape[-1] // x0.shape[-1]
        uterus = torch.nn.functional.avg_pool2d(torch.from_numpy(uterus).float(), shrink).numpy()
    return Clean(x0, uterus)


@torch.inference_mode()
def latents_of(vae: AutoencoderKL, pixels: NDArray[np.uint16], batch: int = 16) -> NDArray[np.float32]:
    """Latents (N, C, h, w) of pictures (N, rows, columns)."""
    device = next(vae.parameters()).device
    pieces = (torch.from_numpy(from_window(pixels[i : i + batch])[:, None]) for i in range(0, len(pixels), batch))
    return torch.cat([encode(vae, piece.to(device)).float().cpu() for piece in pieces]).numpy()
