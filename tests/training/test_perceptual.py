import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torchvision.models import alexnet

from synthuterus_bench.cohorts.window import from_window, to_display
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.alexnet import build_lpips
from synthuterus_bench.metrics.fidelity import display
from synthuterus_bench.training.perceptual import lpips_distance, make_perceptual, unit
from synthuterus_bench.vocab import Perceptual, Split


@pytest.fixture(scope="module")
def pixels(cohort):
    return cohort.arrays(Split.TRAIN)[0][:4]


@pytest.fixture(scope="module")
def z(pixels):
    return torch.from_numpy(from_window(pixels)).unsqueeze(1)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_lpips(alexnet(weights=None).state_dict())


@pytest.fixture(scope="module", params=["embedder", "lpips"])
def distance(request, network):
    if request.param == "embedder":
        return make_perceptual(Perceptual.EMBEDDER)
    return lpips_distance(network, "0" * 64)


def test_equal_pictures_have_distance_zero(distance, z):
    assert torch.equal(distance(z, z), torch.zeros(4))
    assert distance(z, z.flip(0)).min() > 0


def test_the_distance_grows_with_blur_and_with_noise(distance, z):
    noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(0))
    blurred = [torch.from_numpy(gaussian_filter(z.numpy(), (0, 0, s, s))) for s in (0.5, 1, 2)]
    noisy = [z + s * noise for s in (0.1, 0.2, 0.4)]
    for changed in (blurred, noisy):
        values = torch.stack([distance(one, z) for one in changed])
        assert (values[0] > 0).all()
        assert (values.diff(dim=0) > 0).all()


def test_descending_it_brings_a_picture_nearer(distance, z):
    target = z[:1, :, 32:96, 32:96].contiguous()
    start = (target + 0.3 * torch.randn(target.shape, generator=torch.Generator().manual_seed(0))).requires_grad_()
    optimizer = torch.optim.Adam([start], lr=0.02)
    values = []
    for _ in range(15):
        optimizer.zero_grad()
        value = distance(start, target).sum()
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.7 * values[0]


def test_gradients_flow_into_the_first_alone(distance, z):
    first, second = z[:1].clone().requires_grad_(), z[1:2].clone().requires_grad_()
    distance(first, second).sum().backward()
    assert first.grad.abs().sum() > 0
    assert first.grad.isfinite().all()
    assert second.grad is None


def test_half_precision_around_it_changes_nothing(distance, z):
    with torch.autocast("cpu", torch.bfloat16):
        inside = distance(z, z.flip(0))
    assert torch.equal(inside, distance(z, z.flip(0)))


def test_lpips_is_the_packages_own(network, z):
    ours = lpips_distance(network, "0" * 64)(z, z.flip(0))
    with torch.no_grad():
        scaled = 2 * display(z) - 1
        theirs = network(*(x.expand(-1, 3, -1, -1) for x in (scaled, scaled.flip(0)))).flatten()
    assert torch.allclose(ours, theirs, rtol=1e-4)


def test_the_display_window_is_that_of_pictures(pixels, z):
    assert np.abs(display(z)[:, 0].numpy() * 255 - to_display(pixels)).max() <= 0.51


def test_silent_channels_have_a_zero_gradient():
    x = torch.zeros(1, 3, 2, 2, requires_grad=True)
    unit(x).sum().backward()
    assert x.grad.isfinite().all()
    unit_rows = unit(torch.randn(2, 3, 4, 4)).square().sum(1)
    assert torch.allclose(unit_rows, torch.ones_like(unit_rows))


def test_off_is_nothing_and_a_missing_alexnet_says_what_to_do(tmp_path):
    assert make_perceptual(Perceptual.OFF) is None
    with pytest.raises(WeightsError, match="perceptual: lpips cannot be had: alexnet") as caught:
        make_perceptual(Perceptual.LPIPS, tmp_path)
    assert str(tmp_path) in caught.value.hint
    assert "perceptual: off or perceptual: embedder" in caught.value.hint
