"""Planted copies: training images changed as a copy may be, mildly, clearly and strongly.

A change is a pure function of a z-scored image (H, W), its strength and a random stream, so that plant ``number`` is
the same in every run. Geometry repeats the edge, as a shifted crop of a wider picture would nearly look; tone is
changed on the positive scale and standardised anew, as ``prep`` would; re-encoding passes through the 8-bit display
window, as a picture in a paper would.
"""

import io
from collections.abc import Callable
from enum import IntEnum, StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import DISPLAY_HIGH, DISPLAY_LOW, from_window, to_display, to_window
from synthuterus_bench.repro import stream

Image = NDArray[np.float32]
Rng = np.random.Generator


class Strength(IntEnum):
    """How much a copy is changed; the two milder ones count for the floor of a release."""

    MILD = 1
    CLEAR = 2
    STRONG = 3


class Transform(StrEnum):
    """What may happen to a copy."""

    FLIP = "flip"
    SHIFT = "shift"
    CROP = "crop"
    ROTATION = "rotation"
    GAMMA = "gamma"
    NOISE = "noise"
    BLUR = "blur"
    BIAS = "bias field"
    ELASTIC = "elastic warp"
    REENCODING = "re-encoding"
    VAE = "VAE round trip"


AMOUNTS: dict[Transform, tuple[float, float, float]] = {
    Transform.FLIP: (0, 2, 4),
    Transform.SHIFT: (2, 4, 8),
    Transform.CROP: (0.97, 0.94, 0.90),
    Transform.ROTATION: (1, 2.5, 5),
    Transform.GAMMA: (1.1, 1.25, 1.5),
    Transform.NOISE: (0.1, 0.2, 0.4),
    Transform.BLUR: (0.7, 1.2, 2),
    Transform.BIAS: (0.1, 0.25, 0.5),
    Transform.ELASTIC: (1, 2, 4),
    Transform.REENCODING: (0, 75, 30),
    Transform.VAE: (1, 2, 4),
}
"""Amount at each strength: flipped left to right and shifted by so many px; shift in px, any direction; side of the
crop, any place; degrees, either way; exponent or its inverse; noise in standard deviations; sigma in px; largest
logarithm of the field; largest displacement in px; JPEG quality, 0 for 8-bit PNG; passes."""

_ELASTIC_SIGMA = 10.0
_FIELD_SIGMA = 0.25
"""Smoothness of elastic warps in px, and of bias fields as a share of the side."""


def plant(z: Image, transform: Transform, strength: Strength, seed: int, number: int) -> NDArray[np.uint16]:
    """One changed copy of ``z`` in the 16-bit window; ``VAE`` is :func:`round_trips` over many."""
    rng = stream(seed, "plant", transform, int(strength), number)
    changed = _CHANGES[transform](z.astype(np.float64), AMOUNTS[transform][strength - 1], rng)
    return to_window(changed)


def round_trips(pixels: NDArray[np.uint16], folder: Path, passes: int) -> NDArray[np.uint16]:
    """Windowed images (n, H, W) after so many passes through an autoencoder's folder.

    Raises:
        WeightsError: the folder holds no autoencoder.
    """
    import torch

    from synthuterus_bench.nets.autoencoder import decode, encode, load_autoencoder

    vae, made = load_autoencoder(folder), []
    with torch.inference_mode():
        for start in range(0, len(pixels), 16):
            z = torch.from_numpy(from_window(pixels[start : start + 16]))[:, None]
            for _ in range(passes):
                z = decode(vae, encode(vae, z))
            made.append(to_window(z[:, 0].float().numpy()))
    return np.concatenate(made)


def _flip(z: Image, amount: float, rng: Rng) -> Image:
    return _shift(z[:, ::-1], amount, rng)


def _shift(z: Image, amount: float, rng: Rng) -> Image:
    from scipy.ndimage import shift

    angle = rng.uniform(0, 2 * np.pi)
    return shift(z, (amount * np.sin(angle), amount * np.cos(angle)), order=1, mode="nearest")


def _crop(z: Image, amount: float, rng: Rng) -> Image:
    from scipy.ndimage import affine_transform

    room = (1 - amount) * (np.array(z.shape) - 1)
    return affine_transform(z, np.full(2, amount), room * rng.uniform(size=2), order=1, mode="nearest")


def _rotation(z: Image, amount: float, rng: Rng) -> Image:
    from scipy.ndimage import rotate

    return rotate(z, amount * rng.choice((-1, 1)), reshape=False, order=1, mode="nearest")


def _gamma(z: Image, amount: float, rng: Rng) -> Image:
    positive = _positive(z)
    return _standardised(positive ** (amount ** rng.choice((-1, 1))), z)


def _noise(z: Image, amount: float, rng: Rng) -> Image:
    return z + np.float32(amount) * rng.standard_normal(z.shape, np.float32)


def _blur(z: Image, amount: float, rng: Rng) -> Image:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(z, amount, mode="nearest")


def _bias(z: Image, amount: float, rng: Rng) -> Image:
    field = _smooth(rng, z.shape, _FIELD_SIGMA * z.shape[0])
    return _standardised(_positive(z) * np.exp(amount * field), z)


def _elastic(z: Image, amount: float, rng: Rng) -> Image:
    from scipy.ndimage import map_coordinates

    moved = [axis + amount * _smooth(rng, z.shape, _ELASTIC_SIGMA) for axis in np.indices(z.shape)]
    return map_coordinates(z, moved, order=1, mode="nearest")


def _reencoding(z: Image, amount: float, rng: Rng) -> Image:
    """Through 8 bits by the display window, and a JPEG if it has a quality."""
    gray = to_display(to_window(z))
    if amount:
        from PIL import Image as Picture

        buffer = io.BytesIO()
        Picture.fromarray(gray).save(buffer, "JPEG", quality=int(amount))
        gray = np.asarray(Picture.open(buffer))
    return (gray / 255 * (DISPLAY_HIGH - DISPLAY_LOW) + DISPLAY_LOW).astype(np.float32)


def _positive(z: Image) -> Image:
    return z - z.min() + 1e-3


def _standardised(changed: Image, z: Image) -> Image:
    """Mean and deviation as they were."""
    return (changed - changed.mean()) / changed.std() * z.std() + z.mean()


def _smooth(rng: Rng, shape: tuple[int, ...], sigma: float) -> Image:
    """A smooth random field whose largest absolute value is 1."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(rng.standard_normal(shape), sigma, mode="reflect")
    return field / np.abs(field).max()


_CHANGES: dict[Transform, Callable[[Image, float, Rng], Image]] = {
    Transform.FLIP: _flip,
    Transform.SHIFT: _shift,
    Transform.CROP: _crop,
    Transform.ROTATION: _rotation,
    Transform.GAMMA: _gamma,
    Transform.NOISE: _noise,
    Transform.BLUR: _blur,
    Transform.BIAS: _bias,
    Transform.ELASTIC: _elastic,
    Transform.REENCODING: _reencoding,
}
