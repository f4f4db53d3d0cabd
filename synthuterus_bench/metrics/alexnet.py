"""LPIPS distances of all pairs of images from one pass through AlexNet and one Gram matrix a layer.

LPIPS sums ``w_c (u_c - v_c)^2`` over channels and averages over positions, ``u`` and ``v`` unit vectors of channels.
With ``sqrt(w / positions)`` multiplied in, that is a squared Euclidean distance of flat features.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.bank import CHUNK, FeatureBank, chunks
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.progress import Track
from synthuterus_bench.weights import ALEXNET, load_pretrained

CONVOLUTIONS = {"slice1": 0, "slice2": 3, "slice3": 6, "slice4": 8, "slice5": 10}


def fill_lpips(
    bank: FeatureBank, pixels: NDArray[np.uint16], track: Track, weights_dir: Path | None, device: str
) -> None:
    """Distances (n, n) of images in the display window; about 0.6 MB of features an image at 128 x 128.

    Raises:
        WeightsError: the AlexNet file is missing or altered.
    """
    loaded = load_pretrained(ALEXNET, weights_dir)
    network = build_lpips(loaded.state).to(device)
    distances = pairwise_lpips(network, to_display(pixels), track, device)
    bank.add(Need.LPIPS, distances, extractor="lpips-0.1-alex", weights_sha256=loaded.sha256)


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


def pairwise_lpips(network: Any, images: NDArray[np.uint8], track: Track, device: str) -> NDArray[np.float64]:
    """LPIPS of every pair of 8-bit images (n, rows, columns), (n, n)."""
    import torch

    pieces: list[list[Any]] = []
    for chunk, kept in track(chunks(images), "LPIPS features", -(-len(images) // CHUNK)):
        with torch.no_grad():
            pieces.append([layer[:kept] for layer in _flat_layers(network, torch.from_numpy(chunk).to(device))])
    total = np.zeros((len(images), len(images)))
    for parts in zip(*pieces, strict=True):
        features = torch.cat(parts)
        gram = (features @ features.T).double().cpu().numpy()
        square = np.diag(gram)
        total += np.maximum(square[:, None] + square - 2 * gram, 0)
    return total


def _flat_layers(network: Any, images: Any) -> list[Any]:
    import lpips

    scaled = network.scaling_layer((images[:, None].float() / 127.5 - 1).expand(-1, 3, -1, -1))
    flat = []
    for layer, linear in zip(network.net(scaled), network.lins, strict=True):
        weight = linear.model[-1].weight.clamp(min=0)
        positions = layer.shape[2] * layer.shape[3]
        flat.append((lpips.normalize_tensor(layer) * (weight / positions).sqrt()).flatten(1))
    return flat
