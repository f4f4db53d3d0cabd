"""Training of one classifier: a fixed schedule, light augmentation, and every random draw from a named stream."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.downstream.nets import NETS, adopt
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream_seed

BATCH = 32
SHIFT = 4
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.05
PREDICT_BATCH = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a classifier is trained: its network, the side it sees in pixels, epochs and the peak learning rate."""

    net: str
    side: int
    epochs: int
    learning_rate: float

    def updates(self, images: int) -> int:
        """Steps of the optimiser that ``epochs`` over so many images make."""
        return self.epochs * _batches(images)


def shrink(pixels: NDArray[np.uint16], side: int) -> torch.Tensor:
    """Windowed images (n, rows, columns) as z-scores (n, 1, side, side), by averaging areas."""
    return functional.adaptive_avg_pool2d(torch.from_numpy(from_window(pixels))[:, None], side)


def train_classifier(
    images: torch.Tensor,
    labels: NDArray[np.int64],
    classes: int,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "cpu",
    track: Track = silent,
    updates: int | None = None,
    start: dict[str, Any] | None = None,
) -> torch.nn.Module:
    """Train ``recipe`` on z-scores (n, 1, side, side); AdamW, one cycle, cross-entropy weighted by class.

    Images are never mirrored or turned: that would change their class.

    Args:
        updates: steps of the optimiser, by default those of the recipe's epochs. Arms that are compared make equally
            many, so that none wins by longer training.
        start: state dict of a published ResNet-18 (:func:`synthuterus_bench.downstream.nets.adopt`).
    """
    network = _fresh(recipe.net, classes, seed, start).to(device).train()
    truth = torch.from_numpy(labels)
    weight = class_weights(labels, classes).to(device)
    generator = torch.Generator().manual_seed(stream_seed(seed, "downstream", "batches"))
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=WEIGHT_DECAY)
    steps = updates or recipe.updates(len(labels))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps)
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        for picked in track(_picks(len(labels), steps, generator), f"training {recipe.net}", steps):
            logits = network(augment(images[picked], generator).to(device))
            loss = functional.cross_entropy(logits, truth[picked].to(device), weight, label_smoothing=LABEL_SMOOTHING)
            _step(loss, optimiser, schedule)
    return network.eval()


def _picks(images: int, steps: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Rows of each batch: one shuffle of all images after the other, until there were ``steps``."""
    done = 0
    while done < steps:
        for picked in torch.randperm(images, generator=generator).tensor_split(_batches(images))[: steps - done]:
            yield picked
            done += 1


def _batches(images: int) -> int:
    return -(-images // BATCH)


def _step(loss: torch.Tensor, optimiser: torch.optim.Optimizer, schedule: Any) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    schedule.step()


def _fresh(net: str, classes: int, seed: int, start: dict[str, Any] | None) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(seed, "downstream", "init"))
        network = NETS[net](classes)
    return network if start is None else adopt(network, start)


def class_weights(labels: NDArray[np.int64], classes: int) -> torch.Tensor:
    """Weights (classes,) that make every class present count alike; their mean over images is 1."""
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    weights = np.where(counts > 0, len(labels) / (present * np.maximum(counts, 1)), 0.0)
    return torch.from_numpy(weights).float()


def augment(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Shift by up to 4 pixels, scale by 10 % and offset by 0.1 standard deviations, each image by itself."""
    n, _, rows, columns = images.shape
    padded = functional.pad(images, (SHIFT,) * 4, mode="replicate")
    shifts = torch.randint(0, 2 * SHIFT + 1, (n, 2), generator=generator).tolist()
    moved = torch.stack([image[:, y : y + rows, x : x + columns] for image, (y, x) in zip(padded, shifts, strict=True)])
    gain, offset = (0.1 * torch.randn(n, 1, 1, 1, generator=generator) for _ in range(2))
    return moved * (1 + gain) + offset


def probabilities(network: torch.nn.Module, images: torch.Tensor, device: str = "cpu") -> NDArray[np.float64]:
    """Probability of each class, (n, classes)."""
    with torch.inference_mode():
        logits = [network(batch.to(device)).cpu() for batch in images.split(PREDICT_BATCH)]
    return torch.cat(logits).double().softmax(1).numpy()


def predict(network: torch.nn.Module, images: torch.Tensor, device: str = "cpu") -> NDArray[np.int64]:
    """Most likely class of each image, (n,)."""
    return probabilities(network, images, device).argmax(1)
