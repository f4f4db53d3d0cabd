"""Training the embedder by contrast: two slices of one patient, each changed at random, against other patients.

NT-Xent loss (Chen et al. 2020): for codes of unit length, cross-entropy of the cosine over the temperature.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch.nn import functional

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.nets.embedder import Embedder, EmbedderNet, load_embedder, save_embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream, stream_seed
from synthuterus_bench.training.augment import augment
from synthuterus_bench.training.diffusion import load_averages, run_digest
from synthuterus_bench.training.loop import LoopConfig, train
from synthuterus_bench.vocab import Split


@dataclass(frozen=True, slots=True)
class EmbedderConfig:
    """``patients`` a batch, two views of each."""

    loop: LoopConfig = field(default_factory=lambda: LoopConfig(steps=1200, lr=1e-3, decay_steps=400))
    patients: int = 96
    temperature: float = 0.1
    seed: int = 0


@dataclass
class EmbedderTask:
    """The network, the patients and the loss of one run."""

    config: EmbedderConfig
    images: NDArray[np.uint16]
    rows_of: list[NDArray[np.int64]]
    accelerator: Accelerator

    def __post_init__(self) -> None:
        torch.manual_seed(stream_seed(self.config.seed, "initial embedder"))
        self.net = EmbedderNet().to(self.accelerator.device)

    def loss(self, step: int) -> torch.Tensor:
        """NT-Xent over the batch of a step."""
        rng = stream(self.config.seed, "embedder batch", step, self.accelerator.process_index)
        count = min(self.config.patients, len(self.rows_of))
        patients = rng.choice(len(self.rows_of), count, replace=False)
        rows = np.array([rng.choice(self.rows_of[p], 2, replace=len(self.rows_of[p]) < 2) for p in patients])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        first, second = (self._codes(rows[:, side], generator) for side in (0, 1))
        return nt_xent(first, second, self.config.temperature)

    def _codes(self, rows: NDArray[np.int64], generator: torch.Generator) -> torch.Tensor:
        z = torch.from_numpy(from_window(self.images[rows])).unsqueeze(1)
        z = functional.avg_pool2d(z, max(1, z.shape[-1] // 64))
        return self.net(augment(z, generator).to(self.accelerator.device))[1].float()


def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float) -> torch.Tensor:
    """Contrastive loss of paired codes (B, E); codes are centred over the batch and normalised here."""
    codes = torch.cat([first, second])
    codes = functional.normalize(codes - codes.mean(0), dim=1)
    logits = codes @ codes.T / temperature
    logits.fill_diagonal_(-torch.inf)
    partner = torch.arange(len(codes), device=codes.device).roll(len(first))
    return functional.cross_entropy(logits, partner)


def train_embedder(cohort: Cohort, config: EmbedderConfig, out: Path, track: Track = silent) -> Embedder:
    """Train on the training split and save ``embedder.safetensors`` in ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    pixels, scans = cohort.arrays(Split.TRAIN)
    patients: dict[str, list[int]] = {}
    for row, scan in enumerate(scans):
        patients.setdefault(scan.patient_id or scan.scan_id, []).append(row)
    rows_of = [np.array(rows) for rows in patients.values()]
    task = EmbedderTask(config, pixels.astype(np.uint16), rows_of, Accelerator())
    run = run_digest(cohort, config, task.accelerator.num_processes)
    averages, _ = train({"net": task.net}, task.loss, config.loop, out, task.accelerator, run, track)
    load_averages({"net": task.net}, averages)
    net = task.net.cpu().eval()
    save_embedder(out, net, mean_code(net, pixels.astype(np.uint16)))
    load_embedder.cache_clear()
    return load_embedder(out)


@torch.inference_mode()
def mean_code(net: EmbedderNet, pixels: NDArray[np.uint16]) -> torch.Tensor:
    """Mean code (E,) of the training images: the origin of all cosines."""
    chunks = [torch.from_numpy(from_window(pixels[i : i + 32])).unsqueeze(1) for i in range(0, len(pixels), 32)]
    return torch.cat([net(chunk)[1] for chunk in chunks]).mean(0)
