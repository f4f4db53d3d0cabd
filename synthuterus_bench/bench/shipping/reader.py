"""The independent reader of a cohort: one network that says class, field strength and sequence of a picture."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import nn
from torch.nn import functional

from synthuterus_bench.bench.shipping.conditions import ANSWERS, NOT_SAID, of_scans
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.downstream.nets import Block
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_file, stream, stream_seed, write_atomic
from synthuterus_bench.vocab import VIEW_SIZE, Split, View

EPOCHS, BATCH, RATE, DECAY = 5, 32, 2e-3, 0.02
SHIFT, NOISE = 4, 0.05
READ = 64
SIDE = VIEW_SIZE[View.ROI]
RULE = 1
"""Goes up when a reader would be trained otherwise."""


class ReaderNet(nn.Module):
    """A small ResNet of z-scores (n, 1, side, side); it also sees the fine residual, where noise shows."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 24, 5, 2, 2, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
            Block(24, 24, 1), Block(24, 48, 2), Block(48, 96, 2), Block(96, 96, 2),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )  # fmt: skip
        self.heads = nn.ModuleList(nn.Linear(96, len(values)) for values in ANSWERS.values())

    def forward(self, z: torch.Tensor) -> list[torch.Tensor]:
        """Logits of each answer."""
        fine = 4 * (z - functional.avg_pool2d(functional.pad(z, (1, 1, 1, 1), mode="replicate"), 3, 1))
        seen = self.body(torch.cat([z, fine, fine.abs()], 1).contiguous(memory_format=torch.channels_last))
        return [head(seen) for head in self.heads]


@dataclass(frozen=True)
class Reader:
    """A trained reader."""

    net: ReaderNet
    sha256: str

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint16]) -> NDArray[np.int64]:
        """Most likely answers (n, 3) of pictures (n, rows, columns) in the window, of larger ones by their middle."""
        pixels = _middle(pixels)
        parts = [torch.from_numpy(from_window(pixels[i : i + READ]))[:, None] for i in range(0, len(pixels), READ)]
        return np.concatenate([torch.stack([said.argmax(1) for said in self.net(one)], 1).numpy() for one in parts])


def _middle(pixels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The central 128 x 128."""
    top, left = (max(0, (side - SIDE) // 2) for side in pixels.shape[1:])
    return pixels[:, top : top + SIDE, left : left + SIDE]


def reader_of(digest: str, cohort: Callable[[], Cohort], kept: Path, track: Track = silent) -> Reader:
    """The reader of a prepared cohort of images: read from the folder ``kept``, trained where it is not there.

    It learns from the middle 128 x 128 of larger pictures, as it reads them.

    Args:
        digest: of the cohort, by which a reader is found.
        cohort: called where it is to be trained.
    """
    file = kept / f"reader-{RULE}-{digest[:16]}.safetensors"
    if not file.is_file():
        pixels, scans = cohort().arrays(Split.TRAIN)
        with one_thread():
            net = train_reader(_middle(pixels.astype(np.uint16)), of_scans(scans), track=track)
        write_atomic(file, save({name: value.contiguous() for name, value in net.state_dict().items()}))
    with torch.device("meta"):
        net = ReaderNet()
    net.load_state_dict(load_file(file), assign=True)
    return Reader(net.eval(), digest_file(file))


def train_reader(
    pixels: NDArray[np.uint16], told: NDArray[np.int64], seed: int = 0, epochs: int = EPOCHS, track: Track = silent
) -> ReaderNet:
    """AdamW with one cycle of the learning rate.

    Pictures are shifted by up to 4 pixels and get noise of up to 0.05 SD (their own has 0.06 to 0.12), so that no
    answer hangs on the last digits of a spectrum.

    Args:
        told: index of each answer (n, 3), see :func:`~synthuterus_bench.bench.shipping.conditions.of_scans`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(seed, "reader"))
        net, rng = ReaderNet().to(memory_format=torch.channels_last), stream(seed, "reader", "batches")
        z, answers, batch = (
            torch.from_numpy(from_window(pixels))[:, None],
            torch.from_numpy(told),
            min(BATCH, len(told)),
        )
        optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * (len(z) // batch))
        order = [rows for _ in range(epochs) for rows in _batches(rng.permutation(len(z)), batch)]
        for rows in track(order, "training the reader", len(order)):
            optimizer.zero_grad()
            _loss(net(_changed(z[rows], rng)), answers[rows]).backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def _batches(order: NDArray[np.int64], size: int) -> list[torch.Tensor]:
    return [torch.from_numpy(order[start : start + size]) for start in range(0, len(order) - size + 1, size)]


def _changed(z: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    shifted = torch.roll(z, rng.integers(-SHIFT, SHIFT + 1, 2).tolist(), (2, 3))
    return shifted + NOISE * torch.rand(len(z), 1, 1, 1) * torch.randn(shifted.shape)


def _loss(said: list[torch.Tensor], answers: torch.Tensor) -> torch.Tensor:
    """Sum over answers of the mean cross-entropy of the pictures that say something."""
    losses = [
        functional.cross_entropy(one, answers[:, column], ignore_index=NOT_SAID, reduction="sum")
        / (answers[:, column] != NOT_SAID).sum().clamp(min=1)
        for column, one in enumerate(said)
    ]
    return torch.stack(losses).sum()
