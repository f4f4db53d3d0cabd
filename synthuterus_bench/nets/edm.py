"""The diffusion of Karras et al. 2022 (EDM): preconditioning, loss weight, and noise levels as a schedule.

Their constants are for data of standard deviation 0.5; here every sigma is in units of twice the data's, so that they
hold for latents of any scale. Training draws sigma from the paper's log-normal; for sampling the noise levels are laid
out as a table of 1000 steps with alpha_bar = 1 / (1 + sigma^2), so that every scheduler can draw from the model.
"""

from collections.abc import Callable

import numpy as np
import torch
from diffusers import DDPMScheduler

from synthuterus_bench.nets.schedule import STEPS

SIGMA_MIN, SIGMA_MAX, RHO = 0.002, 80.0, 7.0
P_MEAN, P_STD = -1.2, 1.2


def scalings(sigma: torch.Tensor, sigma_data: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """``c_skip, c_out, c_in, c_noise`` of Table 1, of the shape of ``sigma``."""
    total = sigma.square() + sigma_data**2
    c_noise = (sigma / (2 * sigma_data)).log() / 4
    return sigma_data**2 / total, sigma * sigma_data / total.sqrt(), total.rsqrt(), c_noise


def precondition(
    network: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    sigma: torch.Tensor,
    sigma_data: float,
) -> torch.Tensor:
    """``D(x; sigma) = c_skip x + c_out F(c_in x; c_noise)`` for x (B, ...) and sigma (B,); eq. 7."""
    c_skip, c_out, c_in, c_noise = scalings(sigma, sigma_data)
    return spread(c_skip, x) * x + spread(c_out, x) * network(spread(c_in, x) * x, c_noise).float()


def loss_weight(sigma: torch.Tensor, sigma_data: float) -> torch.Tensor:
    """``lambda(sigma) = 1 / c_out^2``, which gives the network's own target unit weight."""
    return (sigma.square() + sigma_data**2) / (sigma * sigma_data).square()


def draw_sigma(normal: torch.Tensor, sigma_data: float) -> torch.Tensor:
    """Training noise levels from standard normal numbers: ``ln sigma ~ N(P_mean, P_std^2)``."""
    return 2 * sigma_data * (P_MEAN + P_STD * normal).exp()


def make_edm_schedule(sigma_data: float) -> DDPMScheduler:
    """1000 noise levels on the curve of eq. 5, rising, as a schedule whose networks say x0."""
    ramp = np.linspace(0, 1, STEPS)
    ends = SIGMA_MIN ** (1 / RHO), SIGMA_MAX ** (1 / RHO)
    sigma = 2 * sigma_data * (ends[0] + ramp * (ends[1] - ends[0])) ** RHO
    alpha_bar = 1 / (1 + np.concatenate([[0.0], sigma]) ** 2)
    return DDPMScheduler(
        num_train_timesteps=STEPS,
        trained_betas=(1 - alpha_bar[1:] / alpha_bar[:-1]).tolist(),
        prediction_type="sample",
        clip_sample=False,
        timestep_spacing="trailing",
    )


def sigma_at(alpha_bar: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Noise level at times ``t``, whole or between: the schedulers interpolate log sigma, and so does this."""
    log_sigma = ((1 - alpha_bar.double()) / alpha_bar.double()).log().to(t.device) / 2
    low = t.double().floor().clamp(0, len(alpha_bar) - 2).long()
    part = t.double() - low
    return ((1 - part) * log_sigma[low] + part * log_sigma[low + 1]).exp().float()


def spread(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Values (B,) with the dimensions of ``like`` (B, ...)."""
    return values.view(-1, *[1] * (like.ndim - 1))
