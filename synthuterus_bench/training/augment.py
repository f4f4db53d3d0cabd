"""What may happen to a copy of an image: the changes under which the embedder should still know a patient."""

import math

import torch
from torch.nn import functional


def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Random views of z-scored images (B, 1, H, W).

    Rotation to 6 degrees, zoom to 12 %, shift to 7 % of the side, gamma, contrast, smooth bias field, blur, noise.
    """
    x = _warp(x, generator)
    x = _tone(x, generator)
    x = x + _uniform(x, generator, 0.0, 0.25) * _noise(x, generator)
    blurred = functional.avg_pool2d(functional.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x.lerp(blurred, _uniform(x, generator, 0.0, 1.0))


def _uniform(x: torch.Tensor, generator: torch.Generator, low: float, high: float) -> torch.Tensor:
    return low + (high - low) * torch.rand(len(x), 1, 1, 1, generator=generator)


def _noise(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(x.shape, generator=generator)


def _warp(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    angle = _uniform(x, generator, -6, 6).flatten() * math.pi / 180
    zoom = _uniform(x, generator, 0.88, 1.12).flatten()
    shift = 0.14 * (torch.rand(len(x), 2, 1, generator=generator) * 2 - 1)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    grid = functional.affine_grid(torch.cat([turn, shift], 2), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _tone(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Gamma and bias field on the positive scale, then each image z-scored anew."""
    low = x.amin((2, 3), keepdim=True)
    positive = (x - low + 1e-3) * torch.exp(_bias(x, generator))
    toned = positive ** _uniform(x, generator, 0.75, 1.33)
    return (toned - toned.mean((2, 3), keepdim=True)) / toned.std((2, 3), keepdim=True)


def _bias(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    coarse = 0.2 * torch.randn(len(x), 1, 3, 3, generator=generator)
    return functional.interpolate(coarse, x.shape[2:], mode="bicubic", align_corners=True)
