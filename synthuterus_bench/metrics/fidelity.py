"""How faithfully pictures are given back: PSNR and SSIM (Wang et al. 2004) by MONAI, in the display window.

Both see what eyes see: z-scores through the display window, 0 to 1, clipped at its ends, with a data range of 1.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import DISPLAY_HIGH, DISPLAY_LOW

LARGEST_PSNR = 100.0
"""Of equal pictures, whose PSNR has no bound."""


def psnr(given: torch.Tensor, target: torch.Tensor) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio in dB, at most 100, of each pair of z-scored pictures (B, 1, H, W)."""
    from monai.metrics.regression import PSNRMetric

    values: Any = PSNRMetric(max_val=1.0, reduction="none")(display(given), display(target))
    return np.minimum(values.double().numpy().reshape(-1), LARGEST_PSNR)


def ssim(given: torch.Tensor, target: torch.Tensor) -> NDArray[np.float64]:
    """Structural similarity, gaussian windows of 11 pixels, of each pair of z-scored pictures (B, 1, H, W)."""
    from monai.metrics.regression import SSIMMetric

    values: Any = SSIMMetric(spatial_dims=2, data_range=1.0, reduction="none")(display(given), display(target))
    return values.double().numpy().reshape(-1)


def display(z: torch.Tensor) -> torch.Tensor:
    """z-scores in the display window, 0 to 1, clipped at its ends, as ``cohorts.window.to_display`` shows them."""
    return ((z - DISPLAY_LOW) / (DISPLAY_HIGH - DISPLAY_LOW)).clamp(0, 1)
