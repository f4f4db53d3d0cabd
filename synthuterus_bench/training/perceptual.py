"""Perceptual distances that training can descend: LPIPS, or the same formula on the embedder's stages.

LPIPS (Zhang et al. 2018) sees pictures as eyes do: through the display window, clipped at its ends, gray in all three
colours; what the window clips has no gradient. The embedder reads z-scores, as it was trained to, once at their own
resolution, where fine edges are seen, and once at the 64 x 64 of its training, where the whole layout is. Both
normalise activations over channels at every place, and average squared differences over places. Without the AlexNet
file there is no LPIPS: the loss has to be switched off or changed in so many words.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.alexnet import build_lpips
from synthuterus_bench.metrics.fidelity import display
from synthuterus_bench.nets.embedder import INPUT_SIZE, Embedder, load_embedder
from synthuterus_bench.vocab import Perceptual
from synthuterus_bench.weights import ALEXNET, load_pretrained

EPSILON = 1e-10
Features = Callable[[torch.Tensor], list[torch.Tensor]]


@dataclass(frozen=True)
class PerceptualDistance:
    """A frozen distance of z-scored pictures.

    ``features`` turns pictures (B, 1, H, W) into activations (B, C, h, w), ``weights`` has one (1, C, 1, 1) each;
    ``sha256`` is that of the network's file.
    """

    kind: Perceptual
    features: Features
    weights: list[torch.Tensor] | None
    sha256: str

    def __call__(self, given: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Distance (B,) of pictures (B, 1, H, W); gradients flow into ``given`` alone, in single precision."""
        with torch.autocast(given.device.type, enabled=False):
            ours = self.features(given.float())
            with torch.no_grad():
                theirs = self.features(target.float())
            apart = [(unit(a) - unit(b)).square() for a, b in zip(ours, theirs, strict=True)]
            if self.weights is None:
                return torch.stack([square.sum(1).mean((1, 2)) for square in apart]).mean(0)
            weighted = zip(apart, self.weights, strict=True)
            return torch.stack([(square * weight).sum(1).mean((1, 2)) for square, weight in weighted]).sum(0)


def unit(activations: torch.Tensor) -> torch.Tensor:
    """Unit vectors over channels (dim 1); zero, with a zero gradient, where all channels are."""
    square = activations.square().sum(1, keepdim=True)
    return activations / (square.clamp(min=EPSILON**2).sqrt() + EPSILON)


def make_perceptual(
    kind: Perceptual,
    weights_dir: Path | None = None,
    device: torch.device | str = "cpu",
    embedder: Embedder | None = None,
) -> PerceptualDistance | None:
    """The distance of a kind; ``None`` for ``off``.

    Args:
        weights_dir: where the AlexNet file lies; see :func:`synthuterus_bench.weights.weights_folder`.
        embedder: by default the shipped one.

    Raises:
        WeightsError: LPIPS was asked for, and its file is missing or altered.
    """
    match kind:
        case Perceptual.OFF:
            return None
        case Perceptual.EMBEDDER:
            return embedder_distance(embedder or load_embedder(), device)
        case Perceptual.LPIPS:
            return _lpips(weights_dir, device)


def _lpips(weights_dir: Path | None, device: torch.device | str) -> PerceptualDistance:
    try:
        return load_lpips(weights_dir, device)
    except WeightsError as error:
        raise WeightsError(
            f"perceptual: lpips cannot be had: {error.message}",
            f"{error.hint}; or set perceptual: off or perceptual: embedder",
        ) from None


def load_lpips(weights_dir: Path | None = None, device: torch.device | str = "cpu") -> PerceptualDistance:
    """LPIPS on the published AlexNet.

    Raises:
        WeightsError: its file is missing or altered.
    """
    loaded = load_pretrained(ALEXNET, weights_dir)
    return lpips_distance(build_lpips(loaded.state), loaded.sha256, device)


def lpips_distance(network: Any, sha256: str, device: torch.device | str = "cpu") -> PerceptualDistance:
    """LPIPS by the lpips package's ``network``, of pictures in the display window."""
    network = network.to(device).eval().requires_grad_(False)
    weights = [linear.model[-1].weight for linear in network.lins]

    def features(z: torch.Tensor) -> list[torch.Tensor]:
        colours = (2 * display(z) - 1).expand(-1, 3, -1, -1)
        return list(network.net(network.scaling_layer(colours)))

    return PerceptualDistance(Perceptual.LPIPS, features, weights, sha256)


def embedder_distance(embedder: Embedder, device: torch.device | str = "cpu") -> PerceptualDistance:
    """The LPIPS formula with equal weights on the four stages of the embedder, at two resolutions."""
    stages = copy.deepcopy(embedder.net.stages).to(device).eval().requires_grad_(False)

    def features(z: torch.Tensor) -> list[torch.Tensor]:
        found = []
        sizes = dict.fromkeys([tuple(z.shape[-2:]), (INPUT_SIZE, INPUT_SIZE)])
        for size in sizes:
            x = functional.interpolate(z, size, mode="area")
            for stage in stages:
                x = stage(x)
                found.append(x)
        return found

    return PerceptualDistance(Perceptual.EMBEDDER, features, None, embedder.sha256)
