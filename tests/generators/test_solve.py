"""The solvers against closed forms: a perfect denoiser of a Gaussian gives that Gaussian."""

import numpy as np
import pytest
import torch

from synthuterus_bench.generators.solve import SCHEDULERS, SamplerConfig, Solver, solve, times
from synthuterus_bench.nets.edm import make_edm_schedule
from synthuterus_bench.nets.schedule import make_schedule

MU, STD = 0.7, 1.6
COUNT = 20_000


def perfect(schedule, mu=MU, std=STD):
    """E[x0 | x_t] of x0 ~ N(mu, std^2), said as the schedule wants it."""
    alpha_bar = schedule.alphas_cumprod.double()
    kind = schedule.config["prediction_type"]

    def denoiser(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        log_snr = (alpha_bar / (1 - alpha_bar)).log()
        low = t[0].double().floor().clamp(0, 998).long()
        part = t[0].double() - low
        snr = ((1 - part) * log_snr[low] + part * log_snr[low + 1]).exp()
        a, s = (snr / (1 + snr)).sqrt(), (1 / (1 + snr)).sqrt()
        x0 = mu + a * std**2 / (a**2 * std**2 + s**2) * (x.double() - a * mu)
        noise = (x.double() - a * x0) / s
        return {"sample": x0, "epsilon": noise, "v_prediction": a * noise - s * x0}[kind].float()

    return denoiser


@pytest.mark.parametrize("schedule", [make_schedule(128), make_schedule(128, "epsilon"), make_edm_schedule(1.0)])
@pytest.mark.parametrize(
    ("solver", "steps", "tolerance"),
    [("dpm++", 50, 0.03), ("unipc", 50, 0.03), ("ddim", 200, 0.03), ("heun", 40, 0.03), ("ddpm", 1000, 0.04)],
)
def test_a_perfect_denoiser_of_a_gaussian_gives_that_gaussian(schedule, solver, steps, tolerance):
    noise = torch.randn(1, COUNT, generator=torch.Generator().manual_seed(0))
    x = solve(perfect(schedule), noise, schedule.config, SamplerConfig(solver, steps), [0])
    assert x.mean().item() == pytest.approx(MU, abs=2 * tolerance)
    assert x.std().item() == pytest.approx(STD, rel=tolerance)


@pytest.mark.parametrize("schedule", [make_schedule(128), make_schedule(128, "epsilon"), make_edm_schedule(1.0)])
@pytest.mark.parametrize("spacing", [1.25, 1.5, 2.0])
def test_so_it_does_however_steps_are_spaced(schedule, spacing):
    noise = torch.randn(1, COUNT, generator=torch.Generator().manual_seed(0))
    x = solve(perfect(schedule), noise, schedule.config, SamplerConfig(steps=50, spacing=spacing), [0])
    assert x.mean().item() == pytest.approx(MU, abs=0.06)
    assert x.std().item() == pytest.approx(STD, rel=0.03)


def test_twelve_steps_keep_the_noise_of_a_picture_only_where_they_get_shorter():
    """Of x0 ~ N(0, 0.06^2), the fine residual of a picture, more is left the higher the power."""
    schedule = make_schedule(128)
    noise = torch.randn(1, COUNT, generator=torch.Generator().manual_seed(0))
    samplers = [SamplerConfig(steps=12, spacing=spacing) for spacing in (1.0, 1.5, 2.0)]
    denoiser = perfect(schedule, 0.0, 0.06)
    kept = [solve(denoiser, noise, schedule.config, sampler, [0]).std().item() for sampler in samplers]
    assert kept == sorted(kept)
    assert kept[0] < 0.25 * 0.06
    assert kept[1] > 0.5 * 0.06
    assert kept[2] == pytest.approx(0.06, rel=0.15)


@pytest.mark.parametrize("steps", [1, 2, 7, 12, 50, 333, 999, 1000])
def test_even_spacing_is_the_trailing_one_of_diffusers(steps):
    scheduler = SCHEDULERS[Solver.DPM](make_schedule(128).config)
    scheduler.set_timesteps(steps)
    assert scheduler.timesteps.tolist() == times(steps, 1.0).tolist()
    sigmas = scheduler.sigmas
    scheduler.set_timesteps(timesteps=times(steps, 1.0).tolist())
    assert torch.equal(scheduler.sigmas, sigmas)


@pytest.mark.parametrize("spacing", [0.5, 1.25, 1.5, 2.0, 4.0])
def test_times_descend_from_the_noisiest_and_stay_in_the_schedule(spacing):
    for steps in (1, 12, 50, 1000):
        found = times(steps, spacing)
        assert found[0] == 999
        assert (np.diff(found) < 0).all()
        assert found[-1] >= 0
        assert len(found) <= steps
    assert times(4, 2.0).tolist() == [999, 561, 249, 61]


@pytest.mark.parametrize("solver", [Solver.DPM, Solver.UNIPC, Solver.DDIM, Solver.HEUN])
def test_the_flow_is_the_known_map_of_noise(solver):
    """The probability flow of a Gaussian takes noise n to MU + STD n."""
    schedule = make_schedule(128)
    noise = torch.linspace(-2, 2, 41)[None]
    x = solve(perfect(schedule), noise, schedule.config, SamplerConfig(solver, 200), [0])
    assert np.allclose(x[0], MU + STD * noise[0], atol=0.06)


def test_more_steps_come_nearer():
    schedule = make_schedule(128)
    noise = torch.linspace(-2, 2, 41)[None]
    errors = [
        (solve(perfect(schedule), noise, schedule.config, SamplerConfig("ddim", steps), [0]) - MU - STD * noise)
        .abs()
        .max()
        .item()
        for steps in (10, 50, 250)
    ]
    assert errors == sorted(errors, reverse=True)


def test_ancestral_noise_is_of_the_seed():
    schedule, noise = make_schedule(128), torch.zeros(2, 100)
    config = SamplerConfig("ddpm", 20)
    one, again, other = (
        solve(perfect(schedule), noise, schedule.config, config, seeds) for seeds in ([1, 2], [1, 2], [2, 1])
    )
    assert torch.equal(one, again)
    assert torch.equal(one, other.flip(0))
    assert not torch.equal(one[0], one[1])
