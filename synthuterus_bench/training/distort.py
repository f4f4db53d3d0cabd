"""What may happen to an annotated picture while the localiser learns: MONAI transforms, one seed an example.

Never a flip: anterior stays left and superior stays up, as in every cohort.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

MARGIN = 64
"""Pixels a side that an example is larger than what is cut from it, for turns and shifts."""


def distort(
    z: NDArray[np.float32], mask: NDArray[np.uint8], side: int, seed: int
) -> tuple[torch.Tensor, NDArray[np.uint8]]:
    """A changed copy of z-scores and labels (H, W), cut to ``side``: z (1, side, side), labels (side, side)."""
    chain = _chain(side)
    chain.set_random_state(seed=seed)
    changed = chain({"image": torch.from_numpy(z)[None], "mask": torch.from_numpy(mask)[None]})
    return changed["image"].as_tensor(), changed["mask"][0].numpy().astype(np.uint8)


@cache
def _chain(side: int) -> Any:
    """Rotation to 15 degrees, zoom to 15 %, shift to 8 mm; bias field and gamma on positive values; blur and noise;
    at last a little scale and offset, as z-scores of one anatomy differ between views."""
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
