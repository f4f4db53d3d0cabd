"""The losses against closed forms: a network that knows everything has none, one that knows nothing a known one."""

import numpy as np
import pytest
import torch

from synthuterus_bench.nets.edm import draw_sigma, scalings
from synthuterus_bench.nets.schedule import STEPS, loss_weight, make_schedule, target
from synthuterus_bench.training.objective import LatentObjective, PixelObjective

GENERATOR = torch.Generator().manual_seed(0)
X0 = torch.randn(5, 1, 16, 16, generator=GENERATOR)
NOISE = torch.randn(5, 1, 16, 16, generator=GENERATOR)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_a_network_that_knows_the_answer_has_no_loss(kind):
    schedule, times = make_schedule(128, kind), torch.tensor([0, 100, 500, 800, 999])
    objective = PixelObjective(schedule)
    losses = objective.losses(lambda *_: target(schedule, X0, NOISE, times), X0, NOISE, times, 1.0)
    assert torch.allclose(losses, torch.zeros(5))


def test_a_network_that_says_nothing_pays_the_weighted_square_of_the_answer():
    schedule, times = make_schedule(128, "epsilon"), torch.tensor([0, 100, 500, 800, 999])
    losses = PixelObjective(schedule).losses(lambda x, t: torch.zeros_like(x), X0, NOISE, times, 1.0)
    assert torch.allclose(losses, loss_weight(schedule, times) * NOISE.square().mean((1, 2, 3)))


def test_the_edm_loss_of_a_network_that_says_nothing_is_that_of_its_own_target():
    objective, times = LatentObjective(1.0), torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    losses = objective.losses(lambda x, t: torch.zeros_like(x), X0, NOISE, times, 1.0)
    sigma = draw_sigma(times, 1.0)
    c_skip, c_out, _, _ = (value.view(-1, 1, 1, 1) for value in scalings(sigma, 1.0))
    noisy = X0 + sigma.view(-1, 1, 1, 1) * NOISE
    own = ((X0 - c_skip * noisy) / c_out).square().mean((1, 2, 3))
    assert torch.allclose(losses, own, rtol=1e-4)


def test_weight_moves_the_loss_to_where_it_lies():
    schedule, times = make_schedule(128), torch.full((5,), 500)
    half = torch.zeros_like(X0)
    half[..., :8] = 2.0

    def network(x, t):
        return target(schedule, X0, NOISE, times) + (torch.arange(16) >= 8).float()

    objective = PixelObjective(schedule)
    assert torch.allclose(objective.losses(network, X0, NOISE, times, half), torch.zeros(5))
    assert (objective.losses(network, X0, NOISE, times, 2.0 - half) > 0).all()


def test_the_perceptual_distance_fades_with_the_signal():
    schedule, times = make_schedule(128), torch.tensor([0, 200, 400, 600, 999])
    plain = PixelObjective(schedule)
    more = PixelObjective(schedule, lambda seen, x0: torch.ones(len(seen)), 0.5)
    network = lambda x, t: torch.zeros_like(x)
    added = more.losses(network, X0, NOISE, times, 1.0) - plain.losses(network, X0, NOISE, times, 1.0)
    assert torch.allclose(added, 0.5 * schedule.alphas_cumprod[times], atol=1e-6)


def test_the_distance_of_a_volume_is_that_of_its_slices():
    schedule, times = make_schedule(128), torch.zeros(1, dtype=torch.int64)
    volume = torch.zeros(1, 1, 24, 8, 8)
    seen: list[torch.Size] = []
    objective = PixelObjective(schedule, lambda a, b: seen.append(a.shape) or torch.ones(len(a)), 1.0)
    objective.losses(lambda x, t: torch.zeros_like(x), volume, volume, times, 1.0)
    assert seen == [(1, 1, 8, 8)] * 3


def test_even_times_are_quantiles():
    even = (np.arange(1000) + 0.5) / 1000
    assert np.array_equal(PixelObjective(make_schedule(128)).even_times(even), np.arange(STEPS))
    normal = LatentObjective(1.0).even_times(even)
    assert normal.mean() == pytest.approx(0, abs=1e-9)
    assert normal.std() == pytest.approx(1, abs=0.01)
