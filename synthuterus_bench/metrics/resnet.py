"""Trunks of torchvision's ResNets: the published ResNet-18 of ImageNet, and SwAV's ResNet-50 (Caron et al. 2020).

Gray by the display window, resized to 224 x 224 (bilinear, antialiased), normalised as ImageNet; means over places of
the last stage.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.extractor import Extractor
from synthuterus_bench.metrics.gray import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    antialiased_resize,
    folded,
    with_ones,
    without_norm,
)
from synthuterus_bench.weights import RESNET18, SWAV, Pretrained, load_pretrained, pretrained_digest

SIDE = 224
RESIZE = "bilinear-antialias-224"
_ARCHITECTURES = {Need.RESNET18: ("resnet18", RESNET18), Need.SWAV: ("resnet50", SWAV)}


def resnet_extractor(need: Need, weights_dir: Path | None, device: str) -> Extractor:
    """Of ``Need.RESNET18`` (512 features) or ``Need.SWAV`` (2048)."""
    architecture, known = _ARCHITECTURES[need]
    return Extractor(
        f"{need}-{architecture}" if need is Need.SWAV else f"{need}-imagenet",
        {need: {"resize": RESIZE}},
        chunk=16,
        identify=lambda: pretrained_digest(known, weights_dir),
        load=partial(load_resnet, need, weights_dir, device),
    )


@dataclass(frozen=True)
class Resnet:
    """A trunk, fast; images (B, H, W) in the 16-bit window to (B, features)."""

    trunk: nn.Module
    device: str

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint16]) -> tuple[NDArray[np.float32], ...]:
        images = torch.from_numpy(to_display(pixels)).to(self.device).float() / 255
        down, across = (antialiased_resize(size, SIDE).to(self.device) for size in images.shape[1:])
        return (self.trunk(with_ones(down @ images @ across.T)).cpu().numpy(),)


def load_resnet(need: Need, weights_dir: Path | None, device: str) -> Resnet:
    """A trunk on its published file.

    Raises:
        WeightsError: the file is missing, altered or of another network.
    """
    architecture, known = _ARCHITECTURES[need]
    return fast_resnet(build_trunk(architecture, load_pretrained(known, weights_dir).state, known), device)


def fast_resnet(network: Any, device: str = "cpu") -> Resnet:
    """A trunk with every normalisation folded away and gray in its first convolution. Changes ``network``."""
    network.conv1 = folded(without_norm(network.conv1, network.bn1), IMAGENET_MEAN, IMAGENET_STD)
    network.bn1 = nn.Identity()
    for block in network.modules():
        for number in ("1", "2", "3"):
            norm = getattr(block, f"bn{number}", None)
            if isinstance(norm, nn.BatchNorm2d):
                setattr(block, f"conv{number}", without_norm(getattr(block, f"conv{number}"), norm))
                setattr(block, f"bn{number}", nn.Identity())
        if isinstance(getattr(block, "downsample", None), nn.Sequential):
            block.downsample = without_norm(*block.downsample)
    return Resnet(network.to(device, memory_format=torch.channels_last), device)


def build_trunk(architecture: str, state: dict[str, Any], known: Pretrained) -> Any:
    """torchvision's ResNet with the trunk of ``state``; SwAV's is named ``module.``, with heads that are not used.

    Raises:
        WeightsError: ``state`` lacks a tensor of the right shape.
    """
    from torchvision import models

    state = state.get("state_dict", state)
    named = {name.removeprefix("module."): value for name, value in state.items()}
    with torch.device("meta"):
        network = getattr(models, architecture)()
    network.fc = nn.Identity()
    wanted = network.state_dict()
    lacking = [name for name, tensor in wanted.items() if getattr(named.get(name), "shape", None) != tensor.shape]
    if lacking:
        raise WeightsError(f"{known.file}: no {lacking[0]} of the right shape in it, expected a {architecture}")
    network.load_state_dict({name: named[name] for name in wanted}, assign=True)
    return network.eval().requires_grad_(False)
