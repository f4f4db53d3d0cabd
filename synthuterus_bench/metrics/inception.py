"""Inception-v3 features for FID, through torch-fidelity (never through its cache, which is keyed by name alone)."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.metrics.bank import FeatureBank, chunks
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.progress import Track
from synthuterus_bench.weights import INCEPTION, load_pretrained

CHUNK = 8
LAYERS = {"64": Need.INCEPTION_64, "2048": Need.INCEPTION_2048}


def fill_inception(
    bank: FeatureBank, pixels: NDArray[np.uint16], track: Track, weights_dir: Path | None, device: str
) -> None:
    """Both layers in one pass; 16 bit becomes 8 by the fixed display window, gray becomes three equal channels.

    Raises:
        WeightsError: the Inception file is missing or altered.
    """
    import torch

    loaded = load_pretrained(INCEPTION, weights_dir)
    network = build_inception(loaded.state).to(device)
    pieces: list[list[NDArray[np.float32]]] = []
    for chunk, kept in track(chunks(to_display(pixels), CHUNK), "Inception features", -(-len(pixels) // CHUNK)):
        images = torch.from_numpy(chunk).to(device)[:, None].expand(-1, 3, -1, -1)
        with torch.no_grad():
            pieces.append([layer[:kept].cpu().numpy() for layer in network(images)])
    for (layer, need), parts in zip(LAYERS.items(), zip(*pieces, strict=True), strict=True):
        bank.add(
            need,
            np.concatenate(parts),
            extractor="inception-v3-compat",
            layer=layer,
            weights_sha256=loaded.sha256,
            resize="tf1-bilinear-299",
        )


def build_inception(state: dict[str, Any], layers: tuple[str, ...] = tuple(LAYERS)) -> Any:
    """torch-fidelity's network with ``state``, giving the spatial means of ``layers`` in their order inside it.

    The class unpickles whatever file it is given, so it is given a buffer that holds just these tensors.
    """
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return FeatureExtractorInceptionV3("inception-v3-compat", [*layers], feature_extractor_weights_path=buffer)
