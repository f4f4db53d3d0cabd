"""Inception-v3 features for FID: torch-fidelity's network (never its cache, which is keyed by name alone), made fast.

Gray goes in as one channel, normalisations are folded into their convolutions, the resize is two matrix products.
Features differ from torch-fidelity's own by rounding, the Fréchet distance by less than 1e-4.
"""

import io
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.extractor import Extractor
from synthuterus_bench.metrics.gray import tensorflow_resize, without_norm
from synthuterus_bench.weights import INCEPTION, load_pretrained, pretrained_digest

LAYERS = {
    "64": Need.INCEPTION_64,
    "192": Need.INCEPTION_192,
    "768": Need.INCEPTION_768,
    "2048": Need.INCEPTION_2048,
}
SIDE = 299
RESIZE = "tf1-bilinear-299"
_STAGES = (
    ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_1"),
    ("Conv2d_3b_1x1", "Conv2d_4a_3x3", "MaxPool_2"),
    ("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
)
"""Blocks up to each layer."""


def inception_extractor(weights_dir: Path | None, device: str) -> Extractor:
    """All four layers in one pass; 16 bit becomes 8 by the fixed display window."""
    return Extractor(
        "inception-v3-compat",
        {need: {"layer": layer, "resize": RESIZE} for layer, need in LAYERS.items()},
        chunk=8,
        identify=lambda: pretrained_digest(INCEPTION, weights_dir),
        load=partial(load_inception, weights_dir, device),
    )


@dataclass(frozen=True)
class Inception:
    """The stages of the network, fast; images (B, H, W) in the 16-bit window to four arrays (B, layer)."""

    stages: tuple[nn.Sequential, ...]
    device: str

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint16]) -> tuple[NDArray[np.float32], ...]:
        images = torch.from_numpy(to_display(pixels)).to(self.device).float()
        down, across = (tensorflow_resize(size, SIDE).to(self.device) for size in images.shape[1:])
        x = ((down @ images @ across.T - 128) / 128)[:, None].contiguous(memory_format=torch.channels_last)
        means = []
        for stage in self.stages:
            x = stage(x)
            means.append(x.mean((2, 3)).cpu().numpy())
        return tuple(means)


def load_inception(weights_dir: Path | None, device: str) -> Inception:
    """The network on the published file.

    Raises:
        WeightsError: the file is missing or altered.
    """
    return fast_inception(build_inception(load_pretrained(INCEPTION, weights_dir).state), device)


def fast_inception(network: Any, device: str = "cpu") -> Inception:
    """torch-fidelity's ``network`` with every normalisation folded away, and gray as its first channel. Changes it."""
    for parent in list(network.modules()):
        for name, block in list(parent.named_children()):
            if hasattr(block, "conv") and hasattr(block, "bn"):
                setattr(parent, name, nn.Sequential(without_norm(block.conv, block.bn), nn.ReLU(inplace=True)))
    first = network.Conv2d_1a_3x3[0]
    first.weight = nn.Parameter(first.weight.double().sum(1, keepdim=True).float(), requires_grad=False)
    first.in_channels = 1
    stages = (nn.Sequential(*(getattr(network, name) for name in names)).to(device) for names in _STAGES)
    return Inception(tuple(stages), device)


def build_inception(state: dict[str, Any], layers: tuple[str, ...] = tuple(LAYERS)) -> Any:
    """torch-fidelity's network with ``state``, giving the spatial means of ``layers`` in their order inside it.

    The class unpickles whatever file it is given, so it is given a buffer that holds just these tensors.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return FeatureExtractorInceptionV3("inception-v3-compat", [*layers], feature_extractor_weights_path=buffer)
