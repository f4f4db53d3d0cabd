from contextlib import suppress

import pytest
import torch

from synthuterus_bench.training.average import averaged, start_averages, state_of, update_averages


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.register_buffer("count", torch.tensor(0))


def test_the_average_has_its_closed_form_once_the_ramp_is_over():
    net, decay, steps = Net(), 0.9, 60
    nets = {"net": net}
    averages = start_averages(nets)
    expected = 0.0
    for step in range(steps):
        net.weight.data += 1.0
        net.count += 1
        update_averages(averages, nets, decay, step)
        d = min(decay, (1 + step) / (10 + step))
        expected = d * expected + (1 - d) * (step + 1)
    assert averages["net/weight"].dtype == torch.float32
    assert averages["net/weight"].item() == pytest.approx(expected, rel=1e-5)
    assert averages["net/count"].item() == steps, "whole numbers take the newest value"
    for step in range(steps, 1000):
        net.weight.data += 1.0
        update_averages(averages, nets, decay, step)
    assert averages["net/weight"].item() == pytest.approx(1000 - decay / (1 - decay), rel=1e-4), (
        "lags d / (1 - d) steps"
    )


def test_without_decay_the_average_is_the_weight():
    nets = {"net": Net()}
    averages = start_averages(nets)
    nets["net"].weight.data += 5
    update_averages(averages, nets, 0.0, 100)
    assert averages["net/weight"].item() == 5


def test_averages_are_lent_and_taken_back_even_after_an_error():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout())
    net[1].eval()
    before = {key: value.clone() for key, value in state_of({"n": net}).items()}
    averages = {key: torch.full_like(value, 3.0) for key, value in before.items()}
    with suppress(KeyboardInterrupt), averaged({"n": net}, averages):
        assert net[0].weight.eq(3).all()
        assert not net.training
        assert not torch.is_grad_enabled()
        raise KeyboardInterrupt
    assert all(torch.equal(value, before[key]) for key, value in state_of({"n": net}).items())
    assert [module.training for module in net.modules()] == [True, True, False]
    assert torch.is_grad_enabled()
