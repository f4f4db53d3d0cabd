import pytest
import torch
from accelerate import Accelerator

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.training.diffusion import train_diffusion
from synthuterus_bench.training.loop import LoopConfig, learning_rate, train
from tests.conftest import tiny_config


def test_the_learning_rate_warms_up_stays_and_decays():
    config = LoopConfig(steps=100, lr=1.0, warmup_steps=10, decay_steps=20)
    assert learning_rate(config, 0) == pytest.approx(0.1)
    assert learning_rate(config, 50) == 1.0
    assert learning_rate(config, 90) == pytest.approx(0.5)
    assert learning_rate(config, 99) == pytest.approx(0.05)


def test_a_killed_run_ends_in_the_same_weights(cohort, tmp_path):
    whole, losses = train_diffusion(cohort, tiny_config(6), tmp_path / "whole")
    train_diffusion(cohort, tiny_config(4), tmp_path / "pieces")
    pieces, again = train_diffusion(cohort, tiny_config(6), tmp_path / "pieces")
    assert losses == again
    for name, net in whole.nets.items():
        for ours, theirs in zip(net.parameters(), pieces.nets[name].parameters(), strict=True):
            assert torch.equal(ours, theirs)


def test_a_checkpoint_of_other_settings_is_not_gone_on_with(cohort, tmp_path):
    train_diffusion(cohort, tiny_config(2), tmp_path)
    with pytest.raises(WeightsError, match="other data or settings"):
        train_diffusion(cohort, tiny_config(4, seed=1), tmp_path)


def test_a_damaged_checkpoint_is_named(cohort, tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(WeightsError, match="not a checkpoint of this network"):
        train_diffusion(cohort, tiny_config(2), tmp_path)


def test_a_line_is_learned(tmp_path):
    torch.manual_seed(0)
    net, x = torch.nn.Linear(1, 1), torch.linspace(-1, 1, 32).unsqueeze(1)
    config = LoopConfig(steps=400, lr=0.05, warmup_steps=1, average=0.9, weight_decay=0, checkpoint_every=100)
    averages, losses = train(
        {"net": net}, lambda _: (net(x) - 3 * x - 1).square().mean(), config, tmp_path, Accelerator(cpu=True)
    )
    assert averages["net/weight"].item() == pytest.approx(3, abs=0.05)
    assert averages["net/bias"].item() == pytest.approx(1, abs=0.05)
    assert losses[-1] < 1e-3
