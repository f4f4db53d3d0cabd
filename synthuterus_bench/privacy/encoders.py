"""Who embeds images for the privacy filter: the project's own embedder, or a published network trained on photographs.

All of them are frozen, and trained apart from any generator. The own embedder gives centred codes; outputs of the
published ones are centred and whitened over the training images when their index is built, since raw features of a
ReLU network lie in one corner of their space, where unrelated images have a cosine near 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import to_display, to_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.nets.embedder import Embedder, Embedding, load_embedder
from synthuterus_bench.weights import INCEPTION, SWAV, load_pretrained

CHUNK = 8
SWAV_SIDE = 224


class EncoderName(StrEnum):
    """Encoders there are."""

    EMBEDDER = "embedder"
    SWAV = "swav"
    INCEPTION = "inception"


class Encoder(Protocol):
    """Embeds z-scored images (N, H, W), each by itself: no row depends on its company."""

    @property
    def name(self) -> str:
        """An :class:`EncoderName`."""
        ...

    @property
    def sha256(self) -> str:
        """Digest of its weights."""
        ...

    def __call__(self, z: NDArray[np.float32]) -> Embedding: ...


@dataclass(frozen=True)
class Pretrained:
    """A published network: 8-bit gray by the display window in three equal channels, in padded chunks of 8.

    ``net`` takes bytes (8, 3, H, W) and gives its read-out (8, E) and an intermediate layer (8, L).
    """

    name: str
    net: Callable[[Any], tuple[Any, Any]]
    sha256: str

    def __call__(self, z: NDArray[np.float32]) -> Embedding:
        """Codes and features are both the raw read-out."""
        import torch

        images = to_display(to_window(z))
        outputs: list[list[NDArray[np.float32]]] = []
        for start in range(0, len(images), CHUNK):
            chunk = images[start : start + CHUNK]
            padded = np.zeros((CHUNK, *images.shape[1:]), np.uint8)
            padded[: len(chunk)] = chunk
            with torch.inference_mode():
                made = self.net(torch.from_numpy(padded)[:, None].expand(-1, 3, -1, -1))
            outputs.append([part[: len(chunk)].float().numpy() for part in made])
        codes, layer = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
        return Embedding(codes, codes, layer)


def load_encoder(
    name: EncoderName = EncoderName.EMBEDDER, folder: Path | None = None, weights_dir: Path | None = None
) -> Encoder:
    """The encoder of a name.

    Args:
        folder: of an own embedder; the shipped one by default.
        weights_dir: where published files lie.

    Raises:
        WeightsError: its file is missing, altered or of another network.
    """
    if name is EncoderName.EMBEDDER:
        return load_embedder(folder)
    return _load_swav(weights_dir) if name is EncoderName.SWAV else _load_inception(weights_dir)


def centres_itself(encoder: Encoder) -> bool:
    """Whether its codes are centred and of unit length already."""
    return isinstance(encoder, Embedder)


def _load_inception(weights_dir: Path | None) -> Pretrained:
    """FID's Inception-v3: its last pooled layer, and the means of the 768 channels of an inner one."""
    from synthuterus_bench.metrics.inception import build_inception

    loaded = load_pretrained(INCEPTION, weights_dir)
    try:
        network = build_inception(loaded.state, ("768", "2048"))
    except (RuntimeError, AttributeError, TypeError) as error:
        said = " ".join(str(error).split())[:120]
        raise WeightsError(f"{INCEPTION.file}: found another network, expected FID's Inception-v3 ({said})") from None

    def net(images: Any) -> tuple[Any, Any]:
        inner, last = network(images)
        return last, inner

    return Pretrained(EncoderName.INCEPTION, net, loaded.sha256)


def _load_swav(weights_dir: Path | None) -> Pretrained:
    """SwAV's ResNet-50 (Caron et al. 2020): its pooled trunk, and its second stage averaged to 2 x 2 places."""
    import torch
    from torch.nn import functional

    from synthuterus_bench.metrics.gray import IMAGENET_MEAN, IMAGENET_STD
    from synthuterus_bench.metrics.resnet import build_trunk

    loaded = load_pretrained(SWAV, weights_dir)
    trunk = build_trunk("resnet50", loaded.state, SWAV)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))

    def net(images: Any) -> tuple[Any, Any]:
        size = (SWAV_SIDE, SWAV_SIDE)
        x = functional.interpolate(images.float() / 255, size, mode="bilinear", align_corners=False, antialias=True)
        x = trunk.maxpool(trunk.relu(trunk.bn1(trunk.conv1((x - mean) / std))))
        inner = trunk.layer2(trunk.layer1(x))
        last = trunk.layer4(trunk.layer3(inner)).mean((2, 3))
        return last, functional.adaptive_avg_pool2d(inner, 2).flatten(1)

    return Pretrained(EncoderName.SWAV, net, loaded.sha256)
