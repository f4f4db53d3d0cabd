"""Classifiers of the orientation of the uterus: logits (n, classes) from z-scores (n, 1, side, side)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from synthuterus_bench.errors import WeightsError


class Block(nn.Module):
    """Residual block of two 3 x 3 convolutions (He et al. 2016)."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(_convolution(channels_in, channels, stride), nn.ReLU())
        self.second = _convolution(channels, channels, 1)
        same = channels_in == channels and stride == 1
        self.skip = nn.Identity() if same else _convolution(channels_in, channels, stride, size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels_in, h, w) to (n, channels, h / stride, w / stride)."""
        return nn.functional.relu(self.second(self.first(x)) + self.skip(x))


def _convolution(channels_in: int, channels: int, stride: int, size: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, size, stride, size // 2, bias=False), nn.BatchNorm2d(channels)
    )


def slim_resnet(classes: int) -> nn.Module:
    """A ResNet of four blocks, 0.16 million parameters, for the demo."""
    return nn.Sequential(
        _convolution(1, 16, stride=2, size=5),
        nn.ReLU(),
        Block(16, 16, 1),
        Block(16, 32, 2),
        Block(32, 64, 2),
        Block(64, 64, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, classes),
    )


def resnet18(classes: int) -> nn.Module:
    """torchvision's ResNet-18 with one input channel, 11.2 million parameters, from scratch."""
    from torchvision.models import resnet18 as build

    network: Any = build(num_classes=classes)
    network.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return network


def adopt(network: nn.Module, state: dict[str, Any]) -> nn.Module:
    """Put published ImageNet weights into a ``resnet18``, all but its last layer; returns the network.

    The first convolution is summed over its three colours: a z-score stands for all three channels, which ImageNet's
    networks see at mean 0 and standard deviation 1 as well.

    Raises:
        WeightsError: the state dict is not that of a ResNet-18.
    """
    taken = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
    colours = taken.get("conv1.weight")
    if colours is not None and colours.ndim == 4:
        taken["conv1.weight"] = colours.sum(1, keepdim=True)
    own = {name: tensor for name, tensor in network.state_dict().items() if name.startswith("fc.")}
    try:
        network.load_state_dict(taken | own)
    except (RuntimeError, AttributeError) as error:
        found = " ".join(str(error).split())[:120]
        raise WeightsError(f"pretrained weights: not those of a ResNet-18 ({found})") from None
    return network


NETS: dict[str, Callable[[int], nn.Module]] = {"slim-resnet": slim_resnet, "resnet18": resnet18}
