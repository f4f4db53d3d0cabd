"""The exponential moving average of the weights, and swapping it in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

Nets = Mapping[str, torch.nn.Module]
Tensors = dict[str, torch.Tensor]


def state_of(nets: Nets) -> Tensors:
    """Parameters and buffers of all networks, keys ``<net>/<parameter>``; not copies."""
    return {f"{name}/{key}": value.detach() for name, net in nets.items() for key, value in net.state_dict().items()}


def start_averages(nets: Nets) -> Tensors:
    """A copy of the weights in single precision (whole numbers as they are)."""
    return {key: _single(value).clone() for key, value in state_of(nets).items()}


def copied(averages: Tensors) -> Tensors:
    """A copy that later steps leave alone."""
    return {key: value.clone() for key, value in averages.items()}


@torch.no_grad()
def update_averages(averages: Tensors, nets: Nets, decay: float, step: int) -> None:
    """``average += (1 - d) (weight - average)`` with the usual ramp ``d = min(decay, (1 + step) / (10 + step))``.

    Whole numbers, such as counts of batches, take the newest value.
    """
    state = {key: _single(value) for key, value in state_of(nets).items()}
    floats = [key for key, value in state.items() if value.is_floating_point()]
    keep = min(decay, (1 + step) / (10 + step))
    get_ema_multi_avg_fn(keep)([averages[key] for key in floats], [state[key] for key in floats], None)
    for key in state.keys() - floats:
        averages[key].copy_(state[key])


def load_averages(nets: Nets, averages: Tensors) -> None:
    """Put averaged weights into their networks."""
    for name, net in nets.items():
        own = {key.removeprefix(f"{name}/"): value for key, value in averages.items() if key.startswith(f"{name}/")}
        net.load_state_dict(own)


@contextmanager
def averaged(nets: Nets, averages: Tensors) -> Iterator[None]:
    """Inside, the networks hold the averages, in evaluation mode and without gradients; afterwards all is as before."""
    kept = copied(state_of(nets))
    modes = [(module, module.training) for net in nets.values() for module in net.modules()]
    load_averages(nets, averages)
    for net in nets.values():
        net.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        load_averages(nets, kept)
        for module, training in modes:
            module.training = training


def _single(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value
