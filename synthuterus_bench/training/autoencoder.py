"""Training the autoencoders of the latent models: ``vae2d`` with a Kullback-Leibler term, ``ae2d`` without.

Loss: mean absolute error of the z-scores (as in Rombach et al. 2022; squares would blur the thin layers of the uterus),
plus a perceptual distance, plus for ``vae2d`` the divergence of the posterior from a standard normal, in nats a pixel,
so that its weight means the same in both views. ``vae2d`` decodes a sample of its posterior, ``ae2d`` its mode.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray

from synthuterus_bench.cohorts.sheet import contact_sheet
from synthuterus_bench.cohorts.slices import Slices, read_slices
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window, to_display, to_window
from synthuterus_bench.errors import CohortError
from synthuterus_bench.nets.autoencoder import DOWNSAMPLE, decode, encode, make_autoencoder, picture, posterior
from synthuterus_bench.nets.autoencoder_record import AutoencoderRecord, load_autoencoder_record
from synthuterus_bench.nets.embedder import Embedder, load_embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream, stream_seed
from synthuterus_bench.training.autoencoder_pack import pack_autoencoder
from synthuterus_bench.training.config import AutoencoderConfig
from synthuterus_bench.training.loop import Trained, make_accelerator, run_digest, train
from synthuterus_bench.training.perceptual import PerceptualDistance, embedder_distance, make_perceptual
from synthuterus_bench.vocab import AutoencoderId, Perceptual, Split

SHOWN = 6
SCALED = 1024
CHUNK = 16


@dataclass
class AutoencoderTask:
    """The network, its pictures and the loss of one run."""

    id: AutoencoderId
    config: AutoencoderConfig
    data: Slices
    held_out: NDArray[np.uint16] | None
    accelerator: Accelerator
    perceptual: PerceptualDistance | None = None
    vae: torch.nn.Module = field(init=False)

    def __post_init__(self) -> None:
        config = self.config
        torch.manual_seed(stream_seed(config.seed, "initial autoencoder"))
        self.vae = make_autoencoder(
            config.channels, config.layers, config.latent_channels, config.patch, self.size, config.attention
        ).to(self.accelerator.device)

    @property
    def size(self) -> int:
        """Pixels a side."""
        return int(self.data.pixels.shape[-1])

    @property
    def nets(self) -> Mapping[str, torch.nn.Module]:
        """The one network that learns."""
        return {"autoencoder": self.vae}

    def loss(self, step: int, part: int) -> torch.Tensor:
        """Mean loss of one micro-batch, pictures and noise by its number."""
        rng = stream(self.config.seed, "autoencoder batch", step, part, self.accelerator.process_index)
        rows = rng.integers(len(self.data.pixels), size=self.config.batch)
        return self._terms(self._tensor(self.data.pixels[rows]), rng).mean()

    @torch.no_grad()
    def validate(self) -> float | None:
        """Mean loss of the held-out pictures with fixed noise."""
        if self.held_out is None:
            return None
        total = 0.0
        for start in range(0, len(self.held_out), CHUNK):
            chunk = self.held_out[start : start + CHUNK]
            rng = stream(self.config.seed, "autoencoder validation", start)
            total += float(self._terms(self._tensor(chunk), rng).sum())
        return total / len(self.held_out)

    @torch.no_grad()
    def sheet(self) -> NDArray[np.uint8]:
        """Pictures over their reconstructions, held-out ones where there are any."""
        pixels = self._shown
        given = decode(self.vae, encode(self.vae, self._tensor(pixels))).float().cpu().numpy()[:, 0]
        rows = [*to_display(pixels), *to_display(to_window(given))]
        return contact_sheet(rows, ["real"] * len(pixels) + [self.id.value] * len(pixels), len(pixels), self.size)

    @property
    def scaling_set(self) -> NDArray[np.uint16]:
        """Training pictures on which the scale of latents is measured."""
        return spread(self.data.pixels, SCALED)

    @cached_property
    def _shown(self) -> NDArray[np.uint16]:
        return spread(self.data.pixels if self.held_out is None else self.held_out, SHOWN)

    def _terms(self, z: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        """The loss (B,) of pictures (B, 1, H, W)."""
        given = posterior(self.vae, z)
        raw = given.mode()
        if self.id is AutoencoderId.VAE2D:
            noise = rng.standard_normal(raw.shape, dtype=np.float32)
            raw = given.mean + given.std * torch.from_numpy(noise).to(raw.device)
        back = picture(self.vae, raw).float()
        loss = (back - z).abs().mean((1, 2, 3))
        if self.perceptual is not None and self.config.perceptual_weight:
            loss = loss + self.config.perceptual_weight * self.perceptual(back, z)
        if self.id is AutoencoderId.VAE2D:
            loss = loss + self.config.kl_weight * given.kl().float() / z[0].numel()
        return loss

    def _tensor(self, pixels: NDArray[np.uint16]) -> torch.Tensor:
        return torch.from_numpy(from_window(pixels)).unsqueeze(1).to(self.accelerator.device)


def spread(pixels: NDArray[np.uint16], count: int) -> NDArray[np.uint16]:
    """Up to ``count`` pictures (N, H, W), evenly over all of them."""
    return pixels[np.unique(np.linspace(0, len(pixels) - 1, count).round().astype(int))]


def loss_in_words(id: AutoencoderId, config: AutoencoderConfig) -> str:
    """The terms of the loss with their weights, for the record and the card."""
    words = ["mean absolute error"]
    if config.perceptual is not Perceptual.OFF and config.perceptual_weight:
        words.append(f"{config.perceptual_weight:g} x {config.perceptual} distance")
    if id is AutoencoderId.VAE2D:
        words.append(f"{config.kl_weight:g} x KL (nats a pixel)")
    return " + ".join(words)


def train_autoencoder(
    id: AutoencoderId,
    cohort: Cohort,
    config: AutoencoderConfig,
    out: Path,
    weights_dir: Path | None = None,
    embedder: Embedder | None = None,
    track: Track = silent,
) -> AutoencoderRecord:
    """Train, or go on training in ``out``; packs ``out/autoencoder``.

    Args:
        cohort: prepared; slices of volumes are pictures.
        weights_dir: where the AlexNet file lies, for ``perceptual: lpips``.
        embedder: for ``perceptual: embedder`` and the measured quality; by default the shipped one.

    Raises:
        CohortError: not prepared, no training pictures, or sides that are no multiples of 8.
        UsageError: levels and patch do not make 16x compression.
        WeightsError: the perceptual network is not at hand, or a checkpoint in ``out`` is damaged or of another run.
    """
    accelerator, folder = make_accelerator(config), out / "autoencoder"
    task = autoencoder_task(id, cohort, config, accelerator, weights_dir, embedder)
    out.mkdir(parents=True, exist_ok=True)
    more = {"id": id.value, "perceptual": task.perceptual.sha256 if task.perceptual else ""}
    run = run_digest(cohort, config, accelerator.num_processes, **more)
    trained = train(task, config, out, accelerator, run, track)
    if accelerator.is_main_process:
        task.vae.cpu().eval()
        sheet = task.sheet()
        distance = embedder_distance(embedder or load_embedder())
        known = _record(task, cohort, trained)
        pack_autoencoder(task.vae, task.scaling_set, task.held_out, known, folder, distance, sheet, track)
    accelerator.wait_for_everyone()
    return load_autoencoder_record(folder)


def autoencoder_task(
    id: AutoencoderId,
    cohort: Cohort,
    config: AutoencoderConfig,
    accelerator: Accelerator,
    weights_dir: Path | None = None,
    embedder: Embedder | None = None,
) -> AutoencoderTask:
    """The task of a training; raises as :func:`train_autoencoder` does."""
    perceptual = make_perceptual(config.perceptual, weights_dir, accelerator.device, embedder)
    data, held_out = read_slices(cohort, Split.TRAIN, config.slices), None
    rows, columns = data.pixels.shape[1:]
    if rows % DOWNSAMPLE or columns % DOWNSAMPLE:
        raise CohortError(f"{cohort.root}: found pictures of {rows} x {columns}, expected multiples of {DOWNSAMPLE}")
    if cohort.manifest.splits.get(Split.VALIDATION):
        held_out = spread(read_slices(cohort, Split.VALIDATION, config.slices).pixels, config.validation_pictures)
    return AutoencoderTask(id, config, data, held_out, accelerator, perceptual)


def _record(task: AutoencoderTask, cohort: Cohort, trained: Trained) -> AutoencoderRecord:
    config, manifest = task.config, cohort.manifest
    return AutoencoderRecord(
        id=task.id,
        view=manifest.view,
        dims=manifest.dims,
        slices=config.slices,
        cohort=manifest.name,
        cohort_digest=manifest.digest,
        preset=manifest.preset,
        train_pictures=len(task.data.pixels),
        pictures_seen=trained.best_step * config.batch * config.accumulate * task.accelerator.num_processes,
        step=trained.step,
        best_step=trained.best_step,
        loss=loss_in_words(task.id, config),
        perceptual_sha256=task.perceptual.sha256 if task.perceptual else None,
        config=config.model_dump(mode="json"),
        losses=[round(loss, 5) for loss in trained.losses],
        validation=[(step, round(loss, 5)) for step, loss in trained.validation],
        device=task.accelerator.device.type,
        digest="",
    )
