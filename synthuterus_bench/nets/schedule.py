"""The forward process q(x_t | x_0) = N(sqrt(alpha_bar) x_0, 1 - alpha_bar) of Ho et al. 2020, in 1000 steps.

Noise levels follow the cosine of Nichol and Dhariwal 2021, shifted for image size as in Hoogeboom et al. 2023
("simple diffusion"): neighbouring pixels of a larger image say the same thing, so it takes more noise to hide it.
"""

import math

import numpy as np
import torch
from diffusers import DDPMScheduler

STEPS = 1000
BASE_SIZE = 64


LEAST_LOG_SNR = -10.0
"""Where the schedule of epsilon ends, near Ho et al.'s 4e-5: its x0 is an error of epsilon times 1 / sqrt(SNR)."""


def shifted_cosine_betas(image_size: int, least_log_snr: float = -math.inf) -> list[float]:
    """Betas whose log SNR is that of the cosine schedule plus ``2 log(64 / image_size)``, down to ``least_log_snr``."""
    shift = 2 * math.log(BASE_SIZE / image_size)
    t = np.linspace(0, 2 / math.pi * math.atan(math.exp((shift - least_log_snr) / 2)), STEPS + 1)
    log_snr = -2 * np.log(np.tan(np.pi / 2 * np.clip(t, 1e-3, 1 - 1e-3))) + shift
    alpha_bar = 1 / (1 + np.exp(-log_snr))
    betas = 1 - alpha_bar[1:] / alpha_bar[:-1]
    return np.clip(betas, 1e-6, 0.999).tolist()


def make_schedule(image_size: int, prediction: str = "v_prediction") -> DDPMScheduler:
    """The training schedule, as diffusers keeps it in a pipeline folder."""
    return DDPMScheduler(
        num_train_timesteps=STEPS,
        trained_betas=shifted_cosine_betas(image_size, LEAST_LOG_SNR if prediction == "epsilon" else -math.inf),
        prediction_type=prediction,
        clip_sample=False,
        timestep_spacing="trailing",
    )


def diffuse(schedule: DDPMScheduler, x0: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Draw x_t: ``sqrt(alpha_bar_t) x0 + sqrt(1 - alpha_bar_t) noise``."""
    return schedule.add_noise(x0, noise, t)


def target(schedule: DDPMScheduler, x0: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """What the network should say: epsilon, v = sqrt(alpha_bar) epsilon - sqrt(1 - alpha_bar) x0, or x0."""
    kind = schedule.config["prediction_type"]
    if kind == "epsilon":
        return noise
    if kind == "sample":
        return x0
    return schedule.get_velocity(x0, noise, t)


def clean(schedule: DDPMScheduler, xt: torch.Tensor, out: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The x0 that an output says, of noisy pictures ``xt`` (B, ...) at steps t (B,): the inverse of :func:`target`."""
    kind = schedule.config["prediction_type"]
    if kind == "sample":
        return out
    alpha_bar = schedule.alphas_cumprod.to(xt.device)[t].view(-1, *[1] * (xt.ndim - 1))
    if kind == "epsilon":
        return (xt - (1 - alpha_bar).sqrt() * out) / alpha_bar.sqrt()
    return alpha_bar.sqrt() * xt - (1 - alpha_bar).sqrt() * out


def loss_weight(schedule: DDPMScheduler, t: torch.Tensor, gamma: float = 5.0) -> torch.Tensor:
    """Weight of the squared error at step t: amounts to ``min(SNR, gamma) + 1`` on x0; for epsilon ``min(SNR, gamma)``.

    The truncation is that of min-SNR (Hang et al. 2023); the 1 keeps the noisiest steps, where the layout of the
    picture is decided, as in the SNR + 1 weighting of Salimans and Ho 2022. Epsilon does without it: an error of
    epsilon is one of x0 times 1 / SNR, up to millions, and the noisiest hundredth of the steps would have 96 % of all
    weight.
    """
    alpha_bar = schedule.alphas_cumprod.to(t.device)[t]
    snr = alpha_bar / (1 - alpha_bar)
    truncated = snr.clamp(max=gamma)
    kind = schedule.config["prediction_type"]
    if kind == "epsilon":
        return truncated / snr
    return truncated + 1 if kind == "sample" else (truncated + 1) / (snr + 1)
