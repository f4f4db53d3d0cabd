"""Training the embedder by contrast: two slices of one patient, each changed at random, against other patients.

NT-Xent loss (Chen et al. 2020): for codes of unit length, cross-entropy of the cosine over the temperature.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from synthuterus_bench.training.config import EmbedderConfig
from synthuterus_bench.training.loop import make_accelerator, run_digest, train, watches
from synthuterus_bench.vocab import Split

VALIDATION_BATCHES = 4


@dataclass(frozen=True)
class Patients:
    """Images in the window (N, H, W), and which of them each patient owns."""

    images: NDArray[np.uint16]
    rows_of: list[NDArray[np.int64]]


@dataclass
class EmbedderTask:
    """The network, the patients and the loss of one run; ``held`` are those of the validation split."""

    config: EmbedderConfig
    patients: Patients
    accelerator: Accelerator
    held: Patients | None = None

    def __post_init__(self) -> None:
        torch.manual_seed(stream_seed(self.config.seed, "initial embedder"))
        self.net = EmbedderNet().to(self.accelerator.device)

    @property
    def nets(self) -> Mapping[str, torch.nn.Module]:
        """The module that learns."""
        return {"net": self.net}

    def loss(self, step: int, part: int = 0) -> torch.Tensor:
        """NT-Xent over one micro-batch."""
        more = (part,) if part else ()
        rng = stream(self.config.seed, "embedder batch", step, self.accelerator.process_index, *more)
        return self._loss(self.patients, rng)

    def validate(self) -> float | None:
        """Mean loss of batches from the validation split, the same every time; None with under two patients in it."""
        held = self.held
        if held is None or len(held.rows_of) < 2:
            return None
        streams = [stream(self.config.seed, "embedder validation", number) for number in range(VALIDATION_BATCHES)]
        return float(np.mean([float(self._loss(held, rng)) for rng in streams]))

    def sheet(self) -> None:
        """No page: codes are not pictures."""

    def _loss(self, patients: Patients, rng: np.random.Generator) -> torch.Tensor:
        rows_of = patients.rows_of
        chosen = rng.choice(len(rows_of), min(self.config.batch, len(rows_of)), replace=False)
        rows = np.array([rng.choice(rows_of[p], 2, replace=len(rows_of[p]) < 2) for p in chosen])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        first, second = (self._codes(patients.images[rows[:, side]], generator) for side in (0, 1))
        return nt_xent(first, second, self.config.temperature)

    def _codes(self, images: NDArray[np.uint16], generator: torch.Generator) -> torch.Tensor:
        z = torch.from_numpy(from_window(images)).unsqueeze(1)
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
    """Train on the training split and save ``embedder.safetensors`` in ``out``.

    Raises:
        CohortError: no training scans, or no validation split to stop early by.
        WeightsError: a checkpoint in ``out`` is damaged or of other data or settings.
    """
    watched = watches(cohort, config)
    out.mkdir(parents=True, exist_ok=True)
    accelerator, patients = make_accelerator(config), read_patients(cohort, Split.TRAIN)
    held = read_patients(cohort, Split.VALIDATION) if watched else None
    task = EmbedderTask(config, patients, accelerator, held)
    train(task, config, out, accelerator, run_digest(cohort, config, accelerator.num_processes), track)
    if accelerator.is_main_process:
        net = task.net.cpu().eval()
        save_embedder(out, net, mean_code(net, patients.images))
    accelerator.wait_for_everyone()
    load_embedder.cache_clear()
    return load_embedder(out)


def read_patients(cohort: Cohort, split: Split) -> Patients:
    """All images of a split, by patient."""
    pixels, scans = cohort.arrays(split)
    rows: dict[str, list[int]] = {}
    for row, scan in enumerate(scans):
        rows.setdefault(scan.patient_id or scan.scan_id, []).append(row)
    return Patients(pixels.astype(np.uint16), [np.array(own) for own in rows.values()])


@torch.inference_mode()
def mean_code(net: EmbedderNet, pixels: NDArray[np.uint16]) -> torch.Tensor:
    """Mean code (E,) of the training images: the origin of all cosines."""
    chunks = [torch.from_numpy(from_window(pixels[i : i + 32])).unsqueeze(1) for i in range(0, len(pixels), 32)]
    return torch.cat([net(chunk)[1] for chunk in chunks]).mean(0)
