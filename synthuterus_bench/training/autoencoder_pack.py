"""From a trained autoencoder to its folder: scale of its latents, weights, measured quality, record, sheet, card."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.metrics.fidelity import psnr, ssim
from synthuterus_bench.nets.autoencoder import (
    autoencoder_digest,
    decode,
    encode,
    load_autoencoder,
    posterior,
    save_autoencoder,
    standardise,
)
from synthuterus_bench.nets.autoencoder_record import RECORD, AutoencoderRecord
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import canonical_json, staged_folder, write_atomic
from synthuterus_bench.stats import significant
from synthuterus_bench.training.perceptual import PerceptualDistance

CHUNK = 16

_CARD = """---
license: apache-2.0
library_name: diffusers
tags: [medical, mri, uterus, autoencoder]
---

# {id}-{view}

An autoencoder of sagittal T2-weighted uterine MRI, z-scored pictures of one channel: 64 pixels become 4 numbers
(8 times smaller a side, 4 channels), 16 times fewer. Use it through `synthuterus_bench.nets.autoencoder`.

| | |
|---|---|
| trained on | `{cohort}`, {pictures:,} pictures ({slices} slices), digest `{cohort_digest}` |
| pictures seen | {seen:,}, weights of step {best:,} |
| loss | {loss} |
| parameters | {parameters:,} |
| device | {device} |
| digest of the weights | `{digest}` |

## Measured on the validation split

{quality}
PSNR and SSIM are those of the display window (z-scores {low:g} to {high:g}); the embedder distance is no LPIPS.
`synthbench evaluate --reconstruction` measures the test split, with intervals. Look at `sheet.png` before you use it.
"""


def pack_autoencoder(
    vae: torch.nn.Module,
    train: NDArray[np.uint16],
    held_out: NDArray[np.uint16] | None,
    record: AutoencoderRecord,
    folder: Path,
    distance: PerceptualDistance,
    sheet: NDArray[np.uint8],
    track: Track = silent,
) -> AutoencoderRecord:
    """Write the folder of a finished run, whole or not at all; one that is there already is replaced.

    Args:
        vae: as trained; afterwards it knows the scale of its latents.
        train: pictures (N, H, W) that this scale is measured on.
        held_out: those the quality is measured on, of the weights as they are stored; None without any.
        record: what is known before packing: all but ``quality`` and ``digest``.
        distance: the embedder's.
    """
    standardise(vae, *latent_scale(vae, train, track))
    shutil.rmtree(folder, ignore_errors=True)
    with staged_folder(folder) as home:
        save_autoencoder(home, vae)
        stored = load_autoencoder(home)
        quality = {} if held_out is None else measured(stored, held_out, distance, track)
        done = record.model_copy(update={"quality": quality, "digest": autoencoder_digest(stored)})
        write_atomic(home / RECORD, canonical_json(done.model_dump(mode="json")) + "\n")
        write_atomic(home / "README.md", autoencoder_card(done, sum(p.numel() for p in stored.parameters())))
        write_atomic(home / "sheet.png", encode_png(sheet))
    return done


@torch.no_grad()
def latent_scale(
    vae: torch.nn.Module, pixels: NDArray[np.uint16], track: Track = silent
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation (C,) of each raw latent channel over pictures (N, H, W)."""
    device = next(vae.parameters()).device
    pieces = []
    for start in track(range(0, len(pixels), CHUNK), "scale of latents", -(-len(pixels) // CHUNK)):
        z = torch.from_numpy(from_window(pixels[start : start + CHUNK])).unsqueeze(1).to(device)
        pieces.append(posterior(vae, z).mode().double().cpu())
    raw = torch.cat(pieces).transpose(0, 1).flatten(1)
    return raw.mean(1), raw.std(1).clamp(min=1e-6)


@torch.no_grad()
def measured(
    vae: torch.nn.Module, pixels: NDArray[np.uint16], distance: PerceptualDistance, track: Track = silent
) -> dict[str, float]:
    """Mean quality of reconstructions of pictures (N, H, W), and the deviation of their latents."""
    rows: dict[str, list[float]] = {"PSNR (dB)": [], "SSIM": [], "mean absolute error": [], "embedder distance": []}
    latents = []
    for start in track(range(0, len(pixels), CHUNK), "reconstruction quality", -(-len(pixels) // CHUNK)):
        z = torch.from_numpy(from_window(pixels[start : start + CHUNK])).unsqueeze(1)
        latents.append(encode(vae, z))
        back = decode(vae, latents[-1])
        found: tuple[Any, ...] = (psnr(back, z), ssim(back, z), (back - z).abs().mean((1, 2, 3)), distance(back, z))
        for values, new in zip(rows.values(), found, strict=True):
            values += new.tolist()
    quality = {name: float(np.mean(values)) for name, values in rows.items()}
    quality["latent deviation"] = float(torch.cat(latents).std())
    return {name: significant(value, 5) for name, value in quality.items()}


def autoencoder_card(record: AutoencoderRecord, parameters: int) -> str:
    """The card of an autoencoder, from its record."""
    from synthuterus_bench.cohorts.window import DISPLAY_HIGH, DISPLAY_LOW

    rows = [f"| {name} | {value:g} |" for name, value in record.quality.items()]
    quality = "\n".join(["| | mean |", "|---|---|", *rows, ""]) if rows else "The cohort has no validation split.\n"
    return _CARD.format(
        id=record.id,
        view=record.view,
        cohort=record.cohort,
        pictures=record.train_pictures,
        slices=record.slices,
        cohort_digest=record.cohort_digest[:16],
        seen=record.pictures_seen,
        best=record.best_step,
        loss=record.loss,
        parameters=parameters,
        device=record.device,
        digest=record.digest[:16],
        quality=quality,
        low=DISPLAY_LOW,
        high=DISPLAY_HIGH,
    )
