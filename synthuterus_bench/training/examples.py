"""What the localiser learns from: crops of annotated pictures, changed at random, and pictures without a uterus.

Changes are MONAI transforms with one seed an example. Never a flip: anterior stays left, superior stays up.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.prep.spatial import crop, middle
from synthuterus_bench.training.annotated import Picture
from synthuterus_bench.training.negatives import Negative, negative
from synthuterus_bench.vocab import Label

Example = tuple[torch.Tensor, NDArray[np.uint8]]
"""z-scores (1, side, side) and labels (side, side)."""

MARGIN = 64
"""Pixels by which a crop is larger than what is cut from it, for turns and shifts."""

AIMED_SHARE, AIMED_SD = 0.6, 14.0


def draw_example(picture: Picture, side: int, negatives: float, rng: np.random.Generator) -> Example:
    """One example from a picture; with probability ``negatives`` spoilt, with nothing to find."""
    centre, size = aim(picture, side, rng), (side + MARGIN, side + MARGIN)
    z = crop(picture.z, centre, size, fill=float(picture.z.min()))
    mask = crop(picture.mask, centre, size, fill=Label.BACKGROUND)
    if rng.random() < negatives:
        z, mask = negative([*Negative][rng.integers(len(Negative))], z, rng), np.zeros_like(mask)
    return distort(z, mask, side, int(rng.integers(2**31)))


def aim(picture: Picture, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """Centre of an example: 60 % near the uterus (SD 14 mm), else anywhere that the crop lies inside the picture."""
    places = middle(picture.z.shape)
    slack = [max(0, (length - side) // 2) for length in picture.z.shape]
    near = picture.uterus
    if near is not None and rng.random() < AIMED_SHARE:
        shifted = np.rint(rng.normal(near, AIMED_SD)).astype(int)
    else:
        shifted = rng.integers([p - s for p, s in zip(places, slack, strict=True)], np.add(places, slack) + 1)
    row, column = np.clip(shifted, np.subtract(places, slack), np.add(places, slack)).tolist()
    return row, column


def distort(z: NDArray[np.float32], mask: NDArray[np.uint8], side: int, seed: int) -> Example:
    """A changed copy of z-scores and labels (H, W), cut to ``side``: z (1, side, side), labels (side, side)."""
    chain = _chain(side)
    chain.set_random_state(seed=seed)
    changed = chain({"image": torch.from_numpy(z)[None], "mask": torch.from_numpy(mask)[None]})
    return changed["image"].as_tensor(), changed["mask"][0].numpy().astype(np.uint8)


@cache
def _chain(side: int) -> Any:
    """Rotation to 15 degrees, zoom to 15 %, shift to 8 mm; bias field and gamma on positive values; blur and noise.

    At last a little scale and offset, as z-scores of one anatomy differ between views.
    """
    from monai import transforms as monai

    turn = monai.RandAffined(
        ["image", "mask"],
        prob=1,
        rotate_range=np.deg2rad(15),
        scale_range=(0.15, 0.15),
        translate_range=(8, 8),
        spatial_size=(side, side),
        mode=["bilinear", "nearest"],
        padding_mode=["border", "zeros"],
    )
    return monai.Compose(
        [
            turn,
            monai.ScaleIntensityd("image", minv=0, maxv=1),
            monai.RandBiasFieldd("image", prob=0.5, coeff_range=(-0.3, 0.3)),
            monai.RandAdjustContrastd("image", prob=0.5, gamma=(0.7, 1.4)),
            monai.NormalizeIntensityd("image"),
            monai.RandGaussianSmoothd("image", prob=0.3, sigma_x=(0.3, 1.2), sigma_y=(0.3, 1.2)),
            monai.RandGaussianNoised("image", prob=0.5, std=0.25),
            monai.RandScaleIntensityd("image", prob=0.5, factors=0.2),
            monai.RandShiftIntensityd("image", prob=0.5, offsets=0.3),
        ]
    )
