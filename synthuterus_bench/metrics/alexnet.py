"""LPIPS distances of all pairs of images from one pass through AlexNet and one Gram matrix a layer.

LPIPS sums ``w_c (u_c - v_c)^2`` over channels and averages over positions, ``u`` and ``v`` unit vectors of channels.
With ``sqrt(w / positions)`` multiplied in, that is a squared Euclidean distance of flat features. Two fifths of the
published weights are zero; their channels are left out of the product.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.bank import CHUNK, chunks
from synthuterus_bench.metrics.gray import folded, with_ones
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.weights import ALEXNET, load_pretrained

CONVOLUTIONS = {"slice1": 0, "slice2": 3, "slice3": 6, "slice4": 8, "slice5": 10}
MEMORY = 4 * 10**8
"""Bytes of features that are held at once."""

Layers = list[NDArray[np.float32]]
Images = NDArray[np.uint8]


def build_lpips(state: dict[str, Any]) -> Any:
    """The lpips package's network (its linear weights ship with it) on the trunk of a torchvision AlexNet ``state``.

    Raises:
        WeightsError: ``state`` lacks a convolution.
    """
    import lpips

    names = {
        f"{part}.{index}.{kind}": f"features.{index}.{kind}"
        for part, index in CONVOLUTIONS.items()
        for kind in ("weight", "bias")
    }
    lacking = sorted(set(names.values()) - set(state))
    if lacking:
        raise WeightsError(f"{ALEXNET.file}: no {lacking[0]} in it, expected a torchvision AlexNet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    network.net.load_state_dict({ours: state[theirs] for ours, theirs in names.items()})
    return network.requires_grad_(False)


@dataclass(frozen=True)
class FlatLpips:
    """Images (B, H, W) of 8 bit to flat features of each layer, (B, values); LPIPS is their squared distance."""

    trunk: Any
    linear: tuple[Any, ...]
    device: str

    @torch.inference_mode()
    def __call__(self, images: Images) -> Layers:
        gray = torch.from_numpy(images).to(self.device).float() / 127.5 - 1
        return [
            _weighted(layer, weight).cpu().numpy()
            for layer, weight in zip(self.trunk(with_ones(gray)), self.linear, strict=True)
        ]


def _weighted(layer: Any, weight: Any) -> Any:
    """Unit vectors of channels as the package makes them, those of positive weight, times its root; channels last."""
    used = (weight > 0).nonzero()[:, 0]
    root = (weight[used] / (layer.shape[2] * layer.shape[3])).sqrt()
    places = layer.permute(0, 2, 3, 1)
    length = torch.linalg.vector_norm(places, dim=-1, keepdim=True) + 1e-10
    return (places.index_select(-1, used) * root).div_(length).flatten(1)


def flat_lpips(network: Any, device: str = "cpu") -> FlatLpips:
    """The fast form of the lpips package's ``network``, gray in its first convolution. Changes it."""
    shift, scale = (getattr(network.scaling_layer, name).flatten().tolist() for name in ("shift", "scale"))
    network.net.slice1[0] = folded(network.net.slice1[0], shift, scale)
    trunk = network.net.to(device, memory_format=torch.channels_last)
    return FlatLpips(trunk, tuple(linear.model[-1].weight.flatten().to(device) for linear in network.lins), device)


def load_lpips_features(weights_dir: Path | None, device: str) -> FlatLpips:
    """LPIPS on the published AlexNet.

    Raises:
        WeightsError: the file is missing or altered.
    """
    return flat_lpips(build_lpips(load_pretrained(ALEXNET, weights_dir).state), device)


def pairwise_lpips(
    network: FlatLpips,
    pixels: NDArray[np.uint16],
    groups: NDArray[np.int64],
    track: Track = silent,
    memory: int = MEMORY,
) -> NDArray[np.float32]:
    """LPIPS of all pairs of one group of images (n, rows, columns) in the 16-bit window, (n, n); 0 between groups.

    Args:
        groups: number of the group of each image, (n,); -1 for one to leave out.
        memory: bytes of features to hold at once; a group of more is done in tiles, whose images are seen repeatedly.
    """
    images = np.empty(pixels.shape, np.uint8)
    for image, stored in zip(images, pixels, strict=True):
        image[:] = to_display(stored)
    distances = np.zeros((len(images), len(images)), np.float32)
    size = sum(layer[0].nbytes for layer in network(images[:1])) if len(images) else 1
    pairs = [pair for name in np.unique(groups[groups >= 0]) for pair in _tiles(groups == name, memory // size)]
    held: tuple[int, Layers] = (-1, [])
    for left, right in track(pairs, "LPIPS", len(pairs)):
        if held[0] != left[0]:
            held = (left[0], features(network, images[left]))
        theirs = held[1] if right is left else features(network, images[right])
        block = sum(_square_distances(a, b) for a, b in zip(held[1], theirs, strict=True))
        distances[np.ix_(left, right)] = block
        distances[np.ix_(right, left)] = np.transpose(block)
    return distances


def _tiles(member: NDArray[np.bool_], held: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Every pair of tiles of a group; one tile where it fits, else tiles of half of what can be held."""
    rows = np.flatnonzero(member)
    step = len(rows) if len(rows) <= held else max(held // 2, 1)
    tiles = [rows[start : start + step] for start in range(0, len(rows), step)]
    for place, left in enumerate(tiles):
        yield left, left
        yield from ((left, right) for right in tiles[place + 1 :])


def features(network: FlatLpips, images: Images) -> Layers:
    """Flat features of each layer, (n, values), in fixed chunks."""
    whole: Layers = []
    for place, (chunk, kept) in enumerate(chunks(images, CHUNK)):
        layers = network(chunk)
        whole = whole or [np.empty((len(images), layer.shape[1]), np.float32) for layer in layers]
        for into, layer in zip(whole, layers, strict=True):
            into[place * CHUNK : place * CHUNK + kept] = layer[:kept]
    return whole


def _square_distances(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    own = [np.einsum("ij,ij->i", side, side, dtype=np.float64) for side in (left, right)]
    return np.maximum(own[0][:, None] + own[1] - 2.0 * (left @ right.T), 0)
