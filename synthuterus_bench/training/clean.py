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
    """What noise is added to: ``x0`` (N, C, ...), windowed pixels or latents; ``uterus`` in [0, 1], (N, 1, ...);
    ``layers`` (N, 1, ...), depths of ``training.pictures.LAYERS`` that are to be drawn as well."""

    x0: NDArray[np.generic]
    uterus: NDArray[np.generic] | None
    layers: NDArray[np.uint8] | None = None

    def z(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Pictures as z-scores, with their layers as a second plane; or latents."""
        values = self.x0[rows]
        if values.dtype != np.uint16:
            return values.astype(np.float32)
        z = from_window(values.astype(np.uint16))
        return z if self.layers is None else np.concatenate([z, PLANE[self.layers[rows]]], 1)


PLANE = np.array([-0.5, 0.5, 1.0, 1.75, 2.5], np.float32)
"""Depths of ``training.pictures.LAYERS`` as values of a plane, about as spread as z-scores."""


def clean_pictures(data: Pictures, vae: AutoencoderKL | None, layers: bool = False) -> Clean:
    """Pictures as they are, with their layers if they are to be drawn; or their latents."""
    uterus = None if data.uterus is None else data.uterus[:, None]
    if vae is None:
        return Clean(data.pixels[:, None], uterus, data.layers[:, None] if layers and data.layers is not None else None)
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
