import numpy as np
import pytest
import torch

from synthuterus_bench.nets.schedule import clean, diffuse, loss_weight, make_schedule, shifted_cosine_betas, target

T = torch.tensor([0, 10, 250, 500, 900, 999])


def test_noise_grows_from_nothing_to_everything():
    alpha_bar = make_schedule(128).alphas_cumprod
    assert (alpha_bar.diff() < 0).all()
    assert alpha_bar[0] > 0.999
    assert alpha_bar[-1] < 1e-5


def test_larger_images_get_more_noise():
    assert np.prod(1 - np.array(shifted_cosine_betas(128)[:500])) < np.prod(
        1 - np.array(shifted_cosine_betas(64)[:500])
    )


def test_size_64_is_the_plain_cosine():
    alpha_bar = np.cumprod(1 - np.array(shifted_cosine_betas(64)))
    t = np.arange(1, 1001) / 1000
    middle = slice(50, 950)
    assert np.allclose(alpha_bar[middle], np.cos(np.pi / 2 * t[middle]) ** 2, rtol=2e-3)


def test_moments_of_the_forward_process():
    schedule = make_schedule(128)
    x0, noise = (
        torch.full((6, 1, 200, 200), 2.0),
        torch.randn(6, 1, 200, 200, generator=torch.Generator().manual_seed(0)),
    )
    xt = diffuse(schedule, x0, noise, T)
    alpha_bar = schedule.alphas_cumprod[T]
    assert torch.allclose(xt.mean((1, 2, 3)), 2 * alpha_bar.sqrt(), atol=0.02)
    assert torch.allclose(xt.var((1, 2, 3)), 1 - alpha_bar, rtol=0.03)


def test_v_and_epsilon_give_back_x0():
    schedule = make_schedule(128)
    generator = torch.Generator().manual_seed(1)
    x0, noise = (torch.randn(6, 1, 8, 8, generator=generator) for _ in range(2))
    xt, v = diffuse(schedule, x0, noise, T), target(schedule, x0, noise, T)
    a = schedule.alphas_cumprod[T].sqrt().view(-1, 1, 1, 1)
    s = (1 - schedule.alphas_cumprod[T]).sqrt().view(-1, 1, 1, 1)
    assert torch.allclose(a * xt - s * v, x0, atol=1e-5)
    assert torch.allclose(s * xt + a * v, noise, atol=1e-5)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_every_prediction_gives_back_x0(kind):
    schedule, t = make_schedule(128, kind), T[:-1]
    generator = torch.Generator().manual_seed(1)
    x0, noise = (torch.randn(len(t), 1, 8, 8, generator=generator) for _ in range(2))
    xt = diffuse(schedule, x0, noise, t)
    assert torch.allclose(clean(schedule, xt, target(schedule, x0, noise, t), t), x0, atol=2e-3)


@pytest.mark.parametrize("kind", ["v_prediction", "sample"])
def test_weights_amount_to_the_same_on_x0(kind):
    schedule = make_schedule(128, kind)
    snr = schedule.alphas_cumprod[T] / (1 - schedule.alphas_cumprod[T])
    scale = {"v_prediction": snr + 1, "sample": torch.ones_like(snr)}[kind]
    assert torch.allclose(loss_weight(schedule, T) * scale, snr.clamp(max=5) + 1, rtol=1e-4)


@pytest.mark.parametrize("size", [128, 256])
def test_epsilon_is_weighted_by_min_snr_and_no_step_rules_the_others(size):
    schedule = make_schedule(size, "epsilon")
    snr = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
    weights = loss_weight(schedule, torch.arange(1000))
    assert torch.allclose(weights * snr, snr.clamp(max=5), rtol=1e-4)
    assert weights.max() <= 1
    assert weights[-10:].sum() < 0.03 * weights.sum()


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_the_noisiest_hundredth_of_the_steps_has_a_small_share_of_a_first_loss(kind):
    """That of a network that says nothing, with pictures of unit variance."""
    schedule = make_schedule(256, kind)
    share = loss_weight(schedule, torch.arange(1000))
    assert share[-10:].sum() < 0.03 * share.sum()


@pytest.mark.parametrize("size", [128, 256])
def test_the_schedule_of_epsilon_ends_where_x0_can_still_be_told(size):
    alpha_bar = make_schedule(size, "epsilon").alphas_cumprod
    assert (alpha_bar.diff() < 0).all()
    assert alpha_bar[-1].item() == pytest.approx(1 / (1 + np.exp(10)), rel=1e-3)
    assert make_schedule(size).alphas_cumprod[-1] < 1e-5
