import numpy as np
import pytest
import torch

from synthuterus_bench.cohorts.window import DISPLAY_HIGH, DISPLAY_LOW
from synthuterus_bench.metrics.fidelity import LARGEST_PSNR, display, psnr, ssim

RANGE = DISPLAY_HIGH - DISPLAY_LOW


@pytest.fixture
def z():
    return torch.rand((3, 1, 32, 32), generator=torch.Generator().manual_seed(0)) * RANGE * 0.8 + DISPLAY_LOW


def test_equal_pictures(z):
    assert psnr(z, z).tolist() == [LARGEST_PSNR] * 3
    assert np.allclose(ssim(z, z), 1)


@pytest.mark.parametrize("error", [0.01, 0.1])
def test_psnr_of_an_offset_is_the_closed_form(z, error):
    assert np.allclose(psnr(z + error * RANGE, z), -20 * np.log10(error), atol=1e-3)


def test_each_picture_has_a_value_of_its_own(z):
    sizes = torch.tensor([0.0, 0.1, 1.0]).view(3, 1, 1, 1)
    noise = sizes * torch.randn(z.shape, generator=torch.Generator().manual_seed(1))
    for measure in (psnr, ssim):
        values = measure(z + noise, z)
        assert values.shape == (3,)
        assert values[0] > values[1] > values[2]
        assert np.allclose(measure((z + noise)[1:2], z[1:2]), values[1])


def test_what_the_window_clips_does_not_count():
    bright = torch.full((1, 1, 16, 16), DISPLAY_HIGH + 5)
    assert psnr(bright, bright + 3).tolist() == [LARGEST_PSNR]
    assert display(bright).max() == 1
