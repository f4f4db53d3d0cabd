"""What a denoiser is asked for: the losses of diffusion in pixels and of EDM in latents, one number a sample."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DDPMScheduler
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import HIGH, LOW
from synthuterus_bench.nets.edm import draw_sigma, precondition, spread
from synthuterus_bench.nets.edm import loss_weight as edm_weight
from synthuterus_bench.nets.schedule import STEPS, clean, diffuse, loss_weight, target
from synthuterus_bench.training.perceptual import PerceptualDistance

Network = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Weight = torch.Tensor | float
SEEN_SLICES = 3


@dataclass(frozen=True)
class PixelObjective:
    """The loss of Ho et al. 2020 for the schedule's prediction, weighted by ``nets.schedule.loss_weight``.

    A perceptual distance of the predicted clean picture may be added, times alpha_bar: where nothing but noise is seen,
    there is no picture to compare.
    """

    schedule: DDPMScheduler
    distance: PerceptualDistance | None = None
    perceptual_weight: float = 0.0

    def times(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Steps of the schedule, each as likely."""
        return rng.integers(STEPS, size=count)

    def even_times(self, even: NDArray[np.float64]) -> NDArray[np.int64]:
        """Steps at quantiles ``even`` in (0, 1)."""
        return np.floor(even * STEPS).astype(np.int64)

    def losses(
        self, network: Network, x0: torch.Tensor, noise: torch.Tensor, times: torch.Tensor, weight: Weight
    ) -> torch.Tensor:
        """Losses (B,) of clean pictures x0 (B, planes, ...) with ``noise`` at ``times`` (B,)."""
        xt = diffuse(self.schedule, x0, noise, times)
        out = network(xt, times).float()
        losses = _mean((out - target(self.schedule, x0, noise, times)).square() * weight)
        losses = losses * loss_weight(self.schedule, times)
        if self.distance is None:
            return losses
        alpha_bar = self.schedule.alphas_cumprod.to(x0.device)[times]
        seen = clean(self.schedule, xt, out, times)[:, :1].clamp(LOW, HIGH)
        return losses + self.perceptual_weight * alpha_bar * _perceived(self.distance, seen, x0[:, :1])


@dataclass(frozen=True)
class LatentObjective:
    """The loss of Karras et al. 2022: ``lambda(sigma) |D(x0 + sigma n; sigma) - x0|^2``."""

    sigma_data: float

    def times(self, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Standard normal numbers, of which noise levels are made."""
        return rng.standard_normal(count)

    def even_times(self, even: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same at quantiles ``even`` in (0, 1)."""
        return torch.special.ndtri(torch.from_numpy(even)).numpy()

    def losses(
        self, network: Network, x0: torch.Tensor, noise: torch.Tensor, times: torch.Tensor, weight: Weight
    ) -> torch.Tensor:
        """Losses (B,) of latents x0 (B, C, h, w) with ``noise`` at ``times`` (B,)."""
        sigma = draw_sigma(times.float(), self.sigma_data)
        out = precondition(network, x0 + spread(sigma, x0) * noise, sigma, self.sigma_data)
        return _mean((out - x0).square() * weight) * edm_weight(sigma, self.sigma_data)


Objective = PixelObjective | LatentObjective


def _mean(values: torch.Tensor) -> torch.Tensor:
    return values.flatten(1).mean(1)


def _perceived(distance: PerceptualDistance, seen: torch.Tensor, x0: torch.Tensor) -> torch.Tensor:
    """Perceptual distance of each picture; of volumes the mean over slices at the quarters."""
    if seen.ndim == 4:
        return distance(seen, x0)
    count = seen.shape[2]
    chosen = [count * (k + 1) // (SEEN_SLICES + 1) for k in range(SEEN_SLICES)]
    return torch.stack([distance(seen[:, :, k], x0[:, :, k]) for k in chosen]).mean(0)
