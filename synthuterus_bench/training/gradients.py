"""Gradients of several processes."""

import torch
from accelerate import Accelerator


def mean_gradients(parameters: list[torch.nn.Parameter], loss: torch.Tensor, accelerator: Accelerator) -> torch.Tensor:
    """Average gradients over processes, and the loss with them, all in one message.

    A parameter without a gradient in one process counts as zero there; without one in all, it stays without.
    """
    parts = [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in parameters]
    used = torch.tensor([float(p.grad is not None) for p in parameters], device=loss.device)
    mean = accelerator.reduce(torch.cat([*parts, used, loss.reshape(1)]), "mean")
    *gradients, used, loss = mean.split([*(p.numel() for p in parameters), len(parameters), 1])
    for parameter, gradient, some in zip(parameters, gradients, used.tolist(), strict=True):
        parameter.grad = gradient.view_as(parameter).clone() if some else None
    return loss[0]
