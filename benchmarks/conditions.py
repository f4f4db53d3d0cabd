"""Whether a set shows what it says: independent classifiers of class, field strength and sequence.

    python benchmarks/conditions.py COHORT WORK SET [SET ...]

One network with three heads learns from the training split of COHORT (a prepared phantom cohort of 2D images) once, and
is kept in WORK. It then reads every SET (a release of images, or a cohort) and the test patients of COHORT, which are
the ceiling: field strengths overlap in noise and contrast. Prints JSON: share recovered with its Wilson interval.
"""

import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.downstream.nets import Block
from synthuterus_bench.repro import atomic_path, stream
from synthuterus_bench.stats import wilson_interval
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Sequence, Split

EPOCHS, BATCH, RATE, DECAY = 5, 32, 2e-3, 0.02
SHIFT, NOISE = 4, 0.05
ANSWERS: dict[str, tuple[Callable[[Scan], Any], list[Any]]] = {
    "class": (lambda scan: scan.orientation, list(CLASSES)),
    "field strength": (lambda scan: round(scan.field_strength or 0.0, 2), list(FIELD_STRENGTHS)),
    "sequence": (lambda scan: scan.sequence, list(Sequence)),
}


class Reader(nn.Module):
    """A small ResNet of z-scores (n, 1, side, side); it also sees the fine residual, where noise shows."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 24, 5, 2, 2, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
            Block(24, 24, 1), Block(24, 48, 2), Block(48, 96, 2), Block(96, 96, 2),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )  # fmt: skip
        self.heads = nn.ModuleList(nn.Linear(96, len(values)) for _, values in ANSWERS.values())

    def forward(self, z: torch.Tensor) -> list[torch.Tensor]:
        """Logits of each answer."""
        fine = 4 * (z - functional.avg_pool2d(functional.pad(z, (1, 1, 1, 1), mode="replicate"), 3, 1))
        seen = self.body(torch.cat([z, fine, fine.abs()], 1))
        return [head(seen) for head in self.heads]


def labels_of(scans: list[Scan]) -> NDArray[np.int64]:
    """Index of each answer, (n, 3); -1 where a scan does not say."""
    rows = [[values.index(a) if (a := tell(s)) in values else -1 for tell, values in ANSWERS.values()] for s in scans]
    return np.array(rows)


def train_reader(pixels: NDArray[np.uint16], labels: NDArray[np.int64], seed: int = 0) -> Reader:
    """AdamW with one cycle of the learning rate.

    Images are shifted by up to 4 pixels and get noise of up to 0.05 SD (their own has 0.06 to 0.12), so that no answer
    hangs on the last digits of a spectrum.
    """
    torch.manual_seed(seed)
    net, rng = Reader(), stream(seed, "benchmark", "conditions")
    z, answers = torch.from_numpy(from_window(pixels))[:, None], torch.from_numpy(labels)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * (len(z) // BATCH))
    for _ in range(EPOCHS):
        order = rng.permutation(len(z))
        for start in range(0, len(z) - BATCH + 1, BATCH):
            rows, offset = torch.from_numpy(order[start : start + BATCH]), rng.integers(-SHIFT, SHIFT + 1, 2).tolist()
            shifted = torch.roll(z[rows], offset, (2, 3))
            said = net(shifted + NOISE * torch.rand(BATCH, 1, 1, 1) * torch.randn(shifted.shape))
            losses = [functional.cross_entropy(s, answers[rows, k], ignore_index=-1) for k, s in enumerate(said)]
            optimizer.zero_grad()
            torch.stack(losses).sum().backward()
            optimizer.step()
            schedule.step()
    return net.eval()


@torch.inference_mode()
def read(net: Reader, pixels: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Most likely answers, (n, 3)."""
    parts = [torch.from_numpy(from_window(pixels[i : i + 64]))[:, None] for i in range(0, len(pixels), 64)]
    return np.concatenate([torch.stack([s.argmax(1) for s in net(part)], 1).numpy() for part in parts])


def recovered(net: Reader, pixels: NDArray[np.uint16], scans: list[Scan]) -> dict[str, Any]:
    """Share of the scans whose answer is read as told, with its Wilson interval; by answer and by value."""
    told, found = labels_of(scans), read(net, pixels)
    result: dict[str, Any] = {}
    for k, (name, (_, values)) in enumerate(ANSWERS.items()):
        result[name] = _share(found[told[:, k] >= 0, k] == told[told[:, k] >= 0, k])
        for index, value in enumerate(values):
            rows = told[:, k] == index
            if rows.any():
                result[f"{name} {value}"] = _share(found[rows, k] == index)
    return result


def _share(right: NDArray[np.bool_]) -> list[float]:
    if not len(right):
        return []
    low, high = wilson_interval(int(right.sum()), len(right))
    return [round(float(value), 3) for value in (right.mean(), low, high)]


def reader_of(cohort_dir: Path, work: Path) -> Reader:
    """The reader of a cohort: kept in ``work``, trained where it is not there."""
    cohort, net = load_cohort(str(cohort_dir)), Reader()
    file = work / f"reader-{cohort.manifest.digest[:12]}.safetensors"
    if not file.is_file():
        pixels, scans = cohort.arrays(Split.TRAIN)
        trained = train_reader(pixels.astype(np.uint16), labels_of(scans))
        work.mkdir(parents=True, exist_ok=True)
        with atomic_path(file) as path:
            save_file(trained.state_dict(), path)
    net.load_state_dict(load_file(file))
    return net.eval()


def main(cohort_dir: Path, work: Path, *sets: Path) -> None:
    """Read the test patients, then every set."""
    torch.set_num_threads(1)
    net, cohort = reader_of(cohort_dir, work), load_cohort(str(cohort_dir))
    pixels, scans = cohort.arrays(Split.TEST)
    found: dict[str, Any] = {"test patients": recovered(net, pixels.astype(np.uint16), scans)}
    for one in sets:
        pixels, scans = load_cohort(str(one)).arrays(None)
        found[one.name] = recovered(net, pixels.astype(np.uint16), scans)
    print(
        json.dumps({"environment": f"python {platform.python_version()}, torch {torch.__version__}", **found}, indent=1)
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
