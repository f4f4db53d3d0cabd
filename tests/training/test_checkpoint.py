import pytest
import torch
from safetensors import safe_open

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.training.checkpoint import (
    checkpoint_path,
    checkpoints,
    fresh_state,
    load_newest,
    save_checkpoint,
)
from synthuterus_bench.training.config import GeneratorConfig, LoopConfig

CONFIG = LoopConfig(steps=100, keep=0)


def state(seed=0, width=4):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(3, width), torch.nn.BatchNorm1d(width))
    return fresh_state({"net": net}, torch.optim.AdamW(net.parameters(), lr=0.01))


def stepped(seed=0, steps=1):
    made = state(seed)
    for _ in range(steps):
        made.nets["net"](torch.randn(8, 3)).square().mean().backward()
        made.optimizer.step()
        made.course.step += 1
    return made


def same(one, other):
    ours, theirs = one.optimizer.state_dict()["state"], other.optimizer.state_dict()["state"]
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[i][key], theirs[i][key]) for i in ours for key in ours[i])
    for name in ("averages", "best"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        assert a is None or all(torch.equal(a[key], b[key]) for key in a)
    a, b = one.nets["net"].state_dict(), other.nets["net"].state_dict()
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert one.course == other.course


def test_a_state_comes_back_as_it_was(tmp_path):
    made = stepped(steps=3)
    made.course.losses, made.course.validation = [0.1, 0.2], [(1, 0.30000000000000004), (3, 0.5)]
    made.best = {key: value + 1 for key, value in made.averages.items()}
    save_checkpoint(tmp_path, made, GeneratorConfig(), "run")
    found = state(seed=9)
    load_newest(tmp_path, found, GeneratorConfig(), "run")
    same(made, found)


def test_best_averages_are_stored_only_when_they_are_not_the_newest(tmp_path):
    made = stepped(steps=2)
    made.course.validation, made.best = [(2, 0.5)], dict(made.averages)
    path = save_checkpoint(tmp_path, made, CONFIG, "run")
    with safe_open(path, "pt") as file:
        assert not [key for key in file.keys() if key.startswith("best/")]  # noqa: SIM118
    found = state(seed=9)
    load_newest(tmp_path, found, CONFIG, "run")
    same(made, found)


def test_equal_states_give_equal_bytes(tmp_path):
    one, other = (save_checkpoint(tmp_path / name, stepped(), CONFIG, "run") for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".safetensors"]


def test_the_newest_readable_one_is_gone_on_with(tmp_path):
    for steps in (1, 2, 3):
        save_checkpoint(tmp_path, stepped(steps=steps), CONFIG, "run")
    newest = checkpoint_path(tmp_path, 3)
    newest.write_bytes(newest.read_bytes()[:-1000])
    checkpoint_path(tmp_path, 2).write_bytes(b"\x00" * 100)
    found = state()
    with pytest.warns(UserWarning, match="not a checkpoint"):
        load_newest(tmp_path, found, CONFIG, "run")
    assert found.course.step == 1
    checkpoint_path(tmp_path, 1).unlink()
    with (
        pytest.warns(UserWarning, match="not a checkpoint"),
        pytest.raises(WeightsError, match=r"step-00000003\.safetensors: not a checkpoint"),
    ):
        load_newest(tmp_path, found, CONFIG, "run")


def test_checkpoints_of_other_runs_and_networks_are_refused(tmp_path):
    save_checkpoint(tmp_path, stepped(), CONFIG, "run")
    with pytest.raises(WeightsError, match="other data or settings"):
        load_newest(tmp_path, state(), CONFIG, "other")
    with pytest.raises(WeightsError, match="not a checkpoint of this network"):
        load_newest(tmp_path, state(width=5), CONFIG, "run")


def test_only_the_newest_up_to_this_one_stay(tmp_path):
    two = CONFIG.model_copy(update={"keep": 2})
    save_checkpoint(tmp_path, stepped(steps=9), CONFIG, "run")
    for steps in (1, 2, 3, 4):
        save_checkpoint(tmp_path, stepped(steps=steps), two, "run")
    assert [path.stem[-1] for path in checkpoints(tmp_path)] == ["9", "4", "3"]
    assert checkpoints(tmp_path / "nowhere") == []
