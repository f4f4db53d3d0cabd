import numpy as np
import pytest
import torch

from synthuterus_bench.nets.edm import (
    SIGMA_MAX,
    SIGMA_MIN,
    draw_sigma,
    loss_weight,
    make_edm_schedule,
    precondition,
    scalings,
    sigma_at,
    spread,
)

SIGMA = torch.tensor([0.002, 0.1, 0.5, 1.0, 7.0, 80.0])


@pytest.mark.parametrize("sigma_data", [0.5, 1.3])
def test_what_the_network_sees_and_should_say_has_unit_variance_at_every_sigma(sigma_data):
    generator = torch.Generator().manual_seed(0)
    y, n = (torch.randn(len(SIGMA), 200_000, generator=generator) for _ in range(2))
    y, n = y * sigma_data, n * SIGMA[:, None]
    c_skip, c_out, c_in, _ = (value[:, None] if value.ndim else value for value in scalings(SIGMA, sigma_data))
    assert torch.allclose((c_in * (y + n)).var(1), torch.ones(6), rtol=0.02)
    assert torch.allclose(((y - c_skip * (y + n)) / c_out).var(1), torch.ones(6), rtol=0.02)


def test_the_loss_weight_is_that_of_the_networks_own_target():
    _, c_out, _, _ = scalings(SIGMA, 0.7)
    assert torch.allclose(loss_weight(SIGMA, 0.7) * c_out.square(), torch.ones(6), rtol=1e-5)


def test_at_half_a_deviation_the_numbers_are_the_papers():
    c_skip, c_out, c_in, c_noise = scalings(torch.tensor([0.5]), 0.5)
    assert c_skip.item() == pytest.approx(0.5)
    assert c_out.item() == pytest.approx(0.25 / 0.5**0.5)
    assert c_in.item() == pytest.approx(2**0.5)
    assert c_noise.item() == pytest.approx(np.log(0.5) / 4)


def test_noise_levels_scale_with_the_data():
    normal = torch.randn(100, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(draw_sigma(normal, 1.0), 2 * draw_sigma(normal, 0.5))
    ours, theirs = scalings(SIGMA, 0.5), scalings(2 * SIGMA, 1.0)
    for one, other, scale in zip(ours, theirs, (1, 2, 0.5, 1), strict=True):
        assert torch.allclose(scale * one, other, rtol=1e-4)


def test_the_table_spans_the_papers_levels_and_inverts():
    alpha_bar = make_edm_schedule(0.5).alphas_cumprod
    t = torch.tensor([0, 1, 500, 999])
    sigma = sigma_at(alpha_bar, t)
    assert sigma[0].item() == pytest.approx(SIGMA_MIN, rel=0.02)
    assert sigma[-1].item() == pytest.approx(SIGMA_MAX, rel=1e-3)
    assert torch.allclose(1 / (1 + sigma.square()), alpha_bar[t], rtol=1e-5)
    between = sigma_at(alpha_bar, torch.tensor([500.5])).log()
    assert torch.allclose(between, sigma_at(alpha_bar, torch.tensor([500, 501])).log().mean(), atol=1e-5)


def test_a_network_that_says_nothing_leaves_the_skip():
    x = torch.randn(6, 2, 3, 3)
    seen = {}

    def network(scaled, c_noise):
        seen["scaled"], seen["c_noise"] = scaled, c_noise
        return torch.zeros_like(scaled)

    out = precondition(network, x, SIGMA, 0.5)
    assert torch.allclose(out, spread(0.25 / (SIGMA.square() + 0.25), x) * x)
    assert torch.allclose(seen["c_noise"], SIGMA.log() / 4)
