"""The autoencoder of the latent models: diffusers' ``AutoencoderKL`` for one-channel pictures.

16 times fewer numbers out than in: a side shrinks by 8, and every place of the latent has 4 channels, 64 / 4 = 16.
(The paper says "16x compression" and no more; this is the usual network that fits the words.) A small network may
first fold ``patch`` x ``patch`` pixels into channels, which takes the place of its finest, dearest level.

A folder holds ``config.json`` and ``diffusion_pytorch_model.safetensors``, as diffusers writes them, in half precision.
"""

import hashlib
import json
from math import isfinite, isqrt
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch.nn import functional

from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.repro import canonical_json
from synthuterus_bench.weights import PICKLES, SHIPPED_AUTOENCODER, shipped

DOWNSAMPLE = 8
"""Pixels a side that become one place of the latent."""

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
_SHAPING = ("block_out_channels", "layers_per_block", "latent_channels", "in_channels", "norm_num_groups")


def make_autoencoder(
    channels: tuple[int, ...],
    layers: int = 1,
    latent_channels: int = 4,
    patch: int = 1,
    size: int = 128,
    attention: bool = False,
) -> AutoencoderKL:
    """An untrained autoencoder, one channel in and out through :func:`encode` and :func:`decode`.

    Args:
        channels: of each level, the finest first; each level but the last halves the side.
        layers: residual blocks a level (one more in the decoder).
        patch: ``patch`` x ``patch`` pixels become the channels of one position first.
        size: pixels a side of the training pictures; others work as well, the network is convolutional.
        attention: self-attention at the coarsest level.

    Raises:
        UsageError: the levels and the patch do not make 8, or a level's channels are no multiple of 8.
    """
    down = patch * 2 ** (len(channels) - 1)
    if down != DOWNSAMPLE:
        raise UsageError(
            f"{len(channels)} levels of channels and patch {patch} shrink a side by {down}, expected {DOWNSAMPLE}",
            "give four levels of channels and patch 1, three and patch 2, or two and patch 4",
        )
    if any(width % 8 for width in channels):
        raise UsageError(f"channels {channels}, expected multiples of 8")
    levels = len(channels)
    return AutoencoderKL(
        in_channels=patch * patch,
        out_channels=patch * patch,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=tuple(channels),
        layers_per_block=layers,
        latent_channels=latent_channels,
        norm_num_groups=min(32, *(width & -width for width in channels)),
        sample_size=size // patch,
        scaling_factor=1.0,
        force_upcast=False,
        mid_block_add_attention=attention,
    )


def patch_of(vae: AutoencoderKL) -> int:
    """Pixels a side that are folded into channels."""
    return isqrt(vae.config["in_channels"])


def posterior(vae: AutoencoderKL, z: torch.Tensor) -> Any:
    """diffusers' diagonal Gaussian over raw latents (B, C, H / 8, W / 8) of z-scored pictures (B, 1, H, W).

    Raises:
        ValueError: a side is no multiple of 8.
    """
    if z.ndim != 4 or z.shape[1] != 1 or z.shape[2] % DOWNSAMPLE or z.shape[3] % DOWNSAMPLE:
        raise ValueError(f"pictures {tuple(z.shape)}, expected (B, 1, H, W), H and W multiples of {DOWNSAMPLE}")
    return vae.encode(functional.pixel_unshuffle(z, patch_of(vae))).latent_dist


def picture(vae: AutoencoderKL, raw: torch.Tensor) -> torch.Tensor:
    """z-scored pictures (B, 1, 8 h, 8 w) of raw latents (B, C, h, w)."""
    return functional.pixel_shuffle(vae.decode(raw).sample, patch_of(vae))


def encode(vae: AutoencoderKL, z: torch.Tensor) -> torch.Tensor:
    """Latents (B, C, H / 8, W / 8) of z-scored pictures (B, 1, H, W): the mode of the posterior, nothing drawn.

    Each channel has about mean 0 and deviation 1 over the training pictures, once :func:`standardise` was told them.
    As with every convolution, the batch size changes the last bits: for equal bytes use equal chunks.
    """
    mean, std = _scale(vae, z)
    return (posterior(vae, z).mode() - mean) / std


def decode(vae: AutoencoderKL, latents: torch.Tensor) -> torch.Tensor:
    """z-scored pictures (B, 1, 8 h, 8 w) of latents (B, C, h, w) as :func:`encode` gives them."""
    mean, std = _scale(vae, latents)
    return picture(vae, latents * std + mean)


def standardise(vae: AutoencoderKL, mean: torch.Tensor, std: torch.Tensor) -> None:
    """Keep mean and deviation (C,) of each raw latent channel in the network's configuration."""
    vae.register_to_config(latents_mean=mean.tolist(), latents_std=std.tolist())


def _scale(vae: AutoencoderKL, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    channels = vae.config["latent_channels"]
    mean = vae.config["latents_mean"] or [0.0] * channels
    std = vae.config["latents_std"] or [1.0] * channels
    make = lambda values: torch.tensor(values, device=like.device, dtype=like.dtype).view(1, -1, 1, 1)
    return make(mean), make(std)


def autoencoder_digest(vae: AutoencoderKL) -> str:
    """SHA-256 over what decides a reconstruction: shape, scale, and every weight as float32, wherever it was loaded."""
    facts = {key: vae.config[key] for key in (*_SHAPING, "latents_mean", "latents_std", "mid_block_add_attention")}
    total = hashlib.sha256(canonical_json(facts).encode())
    for name, value in sorted(vae.state_dict().items()):
        total.update(f"{name}{tuple(value.shape)}".encode())
        total.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return total.hexdigest()


def save_autoencoder(folder: Path, vae: AutoencoderKL) -> None:
    """Write ``config.json`` and the weights, in half precision; ``vae`` itself is left as it is."""
    from copy import deepcopy

    deepcopy(vae).cpu().half().save_pretrained(folder, safe_serialization=True)
    (folder / WEIGHTS).chmod(0o644)


def find_autoencoder(given: Path) -> Path:
    """The folder that is meant: ``given``, or what the package brings along under that name where there is none.

    Raises:
        WeightsError: this build of the package does not hold it.
    """
    named = str(given) == SHIPPED_AUTOENCODER and not given.exists()
    return shipped(SHIPPED_AUTOENCODER) if named else given


def load_autoencoder(folder: Path) -> AutoencoderKL:
    """Load an autoencoder's folder in single precision, frozen, without running anything that lies in it.

    Raises:
        WeightsError: a file is missing, pickled, damaged, of another network, or holds numbers that are not finite.
    """
    _check_files(folder)
    try:
        with torch.device("meta"):
            vae = AutoencoderKL.from_config(_config(folder))
        state = {name: value.float() for name, value in load_file(folder / WEIGHTS).items()}
        vae.load_state_dict(state, strict=True, assign=True)
    except (SafetensorError, KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{folder}: not a loadable autoencoder ({reason})") from None
    bad = [name for name, value in state.items() if not value.isfinite().all()]
    if bad:
        raise WeightsError(f"{folder / WEIGHTS}: found numbers in {bad[0]} that are not finite")
    return vae.eval().requires_grad_(False)


def _check_files(folder: Path) -> None:
    if not folder.is_dir():
        raise WeightsError(f"{folder}: no such folder", "train one with: synthbench train vae2d --cohort DIR --out DIR")
    pickled = sorted(path.name for path in folder.rglob("*") if path.suffix in PICKLES)
    if pickled:
        raise WeightsError(f"{folder}: found pickled weights ({pickled[0]}), expected safetensors only")
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise WeightsError(f"{folder}: no {name} in it, expected a folder that `synthbench train vae2d` packs")


def _config(folder: Path) -> dict[str, Any]:
    """``config.json`` after its facts are checked."""
    file = folder / CONFIG
    try:
        config = json.loads(file.read_bytes())
        kind = config["_class_name"]
        patch = isqrt(config["in_channels"])
        down = patch * 2 ** (len(config["block_out_channels"]) - 1)
        scales = [config.get(key) or [] for key in ("latents_mean", "latents_std")]
        channels = config["latent_channels"]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{file}: not an autoencoder's configuration ({type(error).__name__}: {error})") from None
    if kind != "AutoencoderKL":
        raise WeightsError(f"{file}: found a {kind}, expected an AutoencoderKL")
    if down != DOWNSAMPLE or patch**2 != config["in_channels"] or config["in_channels"] != config["out_channels"]:
        raise WeightsError(f"{file}: found a side shrunk by {down} and {config['in_channels']} channels in, expected 8")
    fits = all(len(scale) in (0, channels) and all(map(isfinite, scale)) for scale in scales)
    if not fits or any(std <= 0 for std in scales[1]):
        raise WeightsError(f"{file}: found a scale of latents that does not fit {channels} channels")
    return config
