"""The small frozen encoder: features for distances between sets, codes for similarity between images.

Trained apart from any generator (:mod:`synthuterus_bench.training.embedder`). Similarity is the cosine of centred
codes: the mean code of the training images is taken away first, and there is no sigmoid, so that unrelated images
score around 0 and not around 1.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import nn
from torch.nn import functional

from synthuterus_bench.nets.shipping import Tensors, halves, load_folder
from synthuterus_bench.repro import digest_file, write_atomic

FILE = "embedder.safetensors"
INPUT_SIZE = 64
CHUNK = 32
LAYER, LAYER_SIDE = 2, 4
"""The intermediate stage that is given out, and how many places a side are left of it."""


class EmbedderNet(nn.Module):
    """Four strided residual stages on a 64 x 64 picture; about 0.9 million parameters.

    Input (B, 1, H, W) z-scores of any size. Output: features (B, 288), the spatial means of the last three stages;
    codes (B, ``code``), a linear read-out of the last stage with its places kept; and the third stage (B, 1536), its
    places averaged to 4 x 4, which is nearer to the picture than the read-out.
    """

    def __init__(self, widths: tuple[int, ...] = (24, 64, 96, 128), code: int = 128) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_Stage(a, b) for a, b in zip((1, *widths[:-1]), widths, strict=True))
        side = INPUT_SIZE // 2 ** len(widths)
        self.read = nn.Linear(widths[-1] * side * side, code)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        x = functional.interpolate(x, (INPUT_SIZE, INPUT_SIZE), mode="area")
        outputs = []
        for stage in self.stages:
            x = stage(x)
            outputs.append(x)
        layer = functional.adaptive_avg_pool2d(outputs[LAYER], LAYER_SIDE).flatten(1)
        means = [output.mean((2, 3)) for output in outputs[1:]]
        return torch.cat(means, 1), self.read(x.flatten(1)), layer


class _Stage(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels, out, 3, 2, 1)
        self.block = nn.Sequential(
            nn.GroupNorm(8, out), nn.SiLU(), nn.Conv2d(out, out, 3, 1, 1), nn.GroupNorm(8, out), nn.SiLU(),
            nn.Conv2d(out, out, 3, 1, 1),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.down(x)
        return functional.silu(x + self.block(x))


@dataclass(frozen=True)
class Embedding:
    """``features`` (N, F) float32 for distances between sets; ``codes`` (N, E) float32 unit rows for cosines.

    ``layer`` (N, L) float32 is an intermediate layer as it is, neither centred nor scaled.
    """

    features: NDArray[np.float32]
    codes: NDArray[np.float32]
    layer: NDArray[np.float32]


@dataclass(frozen=True)
class Embedder:
    """A trained, frozen encoder. ``centre`` (E,) is the mean code of its training images."""

    net: EmbedderNet
    centre: torch.Tensor
    sha256: str

    @property
    def name(self) -> str:
        """What records call it."""
        return "embedder"

    @torch.inference_mode()
    def __call__(self, z: NDArray[np.float32]) -> Embedding:
        """Embed z-scores (N, H, W), in fixed padded chunks, so that no row depends on its company."""
        features, codes, layers = [], [], []
        for start in range(0, len(z), CHUNK):
            chunk = z[start : start + CHUNK]
            padded = np.zeros((CHUNK, *z.shape[1:]), np.float32)
            padded[: len(chunk)] = chunk
            means, code, layer = self.net(torch.from_numpy(padded).unsqueeze(1))
            features.append(means[: len(chunk)])
            layers.append(layer[: len(chunk)])
            codes.append(functional.normalize(code[: len(chunk)] - self.centre, dim=1))
        return Embedding(*(torch.cat(parts).numpy() for parts in (features, codes, layers)))


def save_embedder(folder: Path, net: EmbedderNet, centre: torch.Tensor) -> None:
    """Write ``embedder.safetensors`` in half precision."""
    write_atomic(folder / FILE, save(halves(net) | {"centre": centre.cpu().float().contiguous()}))


@cache
def load_embedder(path: Path | None = None) -> Embedder:
    """Load an embedder folder; by default the shipped one.

    Raises:
        WeightsError: the file is missing, damaged or of another network.
    """
    (net, centre), file = load_folder(path, "embedder", _built)
    return Embedder(net.eval().requires_grad_(False), centre, digest_file(file))


def _built(tensors: Tensors) -> tuple[EmbedderNet, torch.Tensor]:
    centre = tensors.pop("centre")
    net = EmbedderNet(code=len(centre))
    net.load_state_dict(tensors)
    return net, centre
