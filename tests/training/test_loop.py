from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from synthuterus_bench.errors import DataError, WeightsError
from synthuterus_bench.repro import stream
from synthuterus_bench.training.checkpoint import checkpoint_path, checkpoints
from synthuterus_bench.training.config import GeneratorConfig, LoopConfig
from synthuterus_bench.training.course import learning_rate
from synthuterus_bench.training.loop import make_accelerator, run_digest, train


@dataclass
class Line:
    """A line to learn from noisy points, with a curve of validation losses of our own making."""

    batch: int = 8
    curve: list[float] = field(default_factory=list)
    dies_at: int | None = None
    seen: int = 0

    def __post_init__(self):
        torch.manual_seed(0)
        self.net = torch.nn.Linear(3, 1)

    @property
    def nets(self):
        return {"net": self.net}

    def loss(self, step, part):
        if step == self.dies_at:
            raise KeyboardInterrupt
        x = torch.from_numpy(stream(0, "line", step, part).standard_normal((self.batch, 3), dtype=np.float32))
        x = torch.nn.functional.dropout(x, 0.1)
        return (self.net(x) - x @ torch.tensor([[3.0], [-1.0], [2.0]]) - 1).square().mean()

    def validate(self):
        if not self.curve:
            return None
        self.seen += 1
        torch.rand(7)
        return self.curve[min(self.seen, len(self.curve)) - 1]

    def sheet(self):
        return np.full((8, 8), self.seen, np.uint8)


@dataclass
class Held(Line):
    """Validated on points of its own."""

    curve: list[float] = field(default_factory=lambda: [0.0])

    def validate(self):
        assert not self.net.training
        assert not torch.is_grad_enabled()
        x = torch.from_numpy(stream(0, "held").standard_normal((32, 3), dtype=np.float32))
        return float((self.net(x) - x @ torch.tensor([[3.0], [-1.0], [2.0]]) - 1).square().mean())


def config(**changes):
    usual = {"steps": 40, "lr": 0.05, "warmup_steps": 1, "average": 0.9, "checkpoint_every": 10, "keep": 0}
    return LoopConfig(**usual | changes)


def go(task, out: Path, run="", **changes):
    return train(task, config(**changes), out, Accelerator(cpu=True), run)


def weights(task):
    return torch.cat([p.detach().flatten() for p in task.net.parameters()])


def test_the_learning_rate_warms_up_stays_and_decays():
    config = LoopConfig(steps=100, lr=1.0, warmup_steps=10, decay_steps=20)
    assert learning_rate(config, 0) == pytest.approx(0.1)
    assert learning_rate(config, 50) == 1.0
    assert learning_rate(config, 90) == pytest.approx(0.5)
    assert learning_rate(config, 99) == pytest.approx(0.05)


def test_a_line_is_learned(tmp_path):
    task = Line()
    trained = go(task, tmp_path, steps=400, weight_decay=0, checkpoint_every=100)
    assert task.net.bias.item() == pytest.approx(1, abs=0.2)
    assert len(trained.losses) == 4
    assert trained.losses[-1] < 0.5 < trained.losses[0]
    assert (trained.step, trained.best_step, trained.validation) == (400, 400, [])


@pytest.mark.parametrize("start", [10, 20, 30, 40])
def test_from_every_kept_checkpoint_a_run_ends_in_the_same_weights(tmp_path, start):
    options = {"evaluate_every": 8, "decay_steps": 15}
    whole, pieces = Held(), Held()
    undisturbed = go(whole, tmp_path, **options)
    assert [path.stem for path in checkpoints(tmp_path)] == [f"step-000000{step}" for step in (40, 30, 20, 10)]
    last = checkpoint_path(tmp_path, 40).read_bytes()
    for path in checkpoints(tmp_path):
        if path > checkpoint_path(tmp_path, start):
            path.unlink()
    assert go(pieces, tmp_path, **options) == undisturbed
    assert torch.equal(weights(whole), weights(pieces))
    assert checkpoint_path(tmp_path, 40).read_bytes() == last, "averages and optimizer too"


def test_a_killed_run_ends_in_the_same_weights(tmp_path):
    whole, pieces = Line(), Line(dies_at=27)
    undisturbed = go(whole, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        go(pieces, tmp_path / "pieces")
    assert [path.stem for path in checkpoints(tmp_path / "pieces")] == ["step-00000020", "step-00000010"]
    pieces = Line()
    assert go(pieces, tmp_path / "pieces") == undisturbed
    assert torch.equal(weights(whole), weights(pieces))


def test_evaluations_change_nothing_of_the_training(tmp_path):
    plain, watched = Line(), Line(curve=[4.0, 3.0, 2.0, 1.0])
    go(plain, tmp_path / "plain")
    go(watched, tmp_path / "watched", evaluate_every=10)
    assert torch.equal(weights(plain), weights(watched))


def test_early_stopping_takes_the_best_of_a_planted_curve(tmp_path):
    short, task = Line(), Line(curve=[5.0, 3.0, 4.0, 3.0, 9.0, 1.0])
    go(short, tmp_path / "short", steps=8)
    trained = go(task, tmp_path / "whole", evaluate_every=4, patience=3)
    assert trained.validation == [(4, 5.0), (8, 3.0), (12, 4.0), (16, 3.0), (20, 9.0)]
    assert (trained.step, trained.best_step) == (20, 8)
    assert torch.equal(weights(short), weights(task)), "the averages after 8 steps"


@pytest.mark.parametrize("dies_at", [7, 11, 15, 19])
def test_a_killed_run_stops_early_where_an_undisturbed_one_does(tmp_path, dies_at):
    curve, options = [5.0, 3.0, 4.0, 3.0, 9.0, 1.0], {"evaluate_every": 4, "patience": 3, "checkpoint_every": 6}
    whole, pieces = Line(curve=curve), Line(curve=curve, dies_at=dies_at)
    undisturbed = go(whole, tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        go(pieces, tmp_path / "pieces", **options)
    newest = checkpoints(tmp_path / "pieces")[0]
    pieces = Line(curve=curve, seen=int(newest.stem[-8:]) // 4)
    assert go(pieces, tmp_path / "pieces", **options) == undisturbed
    assert torch.equal(weights(whole), weights(pieces))
    again = Line(curve=curve, dies_at=0)
    for _ in range(2):
        assert go(again, tmp_path / "pieces", **options) == undisturbed, "a finished run trains nothing"
        assert torch.equal(weights(whole), weights(again))


def test_the_end_is_evaluated_too_but_a_longer_run_does_not_remember(tmp_path):
    whole, pieces = Held(), Held()
    undisturbed = go(whole, tmp_path / "whole", steps=30, evaluate_every=8)
    assert [step for step, _ in undisturbed.validation] == [8, 16, 24, 30]
    go(pieces, tmp_path / "pieces", steps=20, evaluate_every=8)
    assert go(pieces, tmp_path / "pieces", steps=30, evaluate_every=8).validation == undisturbed.validation
    assert torch.equal(weights(whole), weights(pieces))


def test_the_end_may_change_as_long_as_it_changed_nothing_yet(tmp_path):
    go(Line(), tmp_path, steps=20, decay_steps=5)
    longer = Line()
    go(longer, tmp_path, steps=40)
    undisturbed = Line()
    go(undisturbed, tmp_path / "other", steps=40)
    assert torch.equal(weights(longer), weights(undisturbed)), "went on from step 10, before the decay"
    checkpoint_path(tmp_path, 10).unlink()
    with pytest.raises(WeightsError, match="40 steps are done, 15 wanted"):
        go(Line(), tmp_path, steps=15)
    with pytest.raises(WeightsError, match="another learning rate from step 17 on"):
        go(Line(), tmp_path, steps=40, decay_steps=24)


def test_more_patience_goes_on_and_less_goes_back(tmp_path):
    curve, options = [3.0, 4.0, 4.0, 2.0, 4.0], {"evaluate_every": 4, "checkpoint_every": 4, "steps": 20}
    assert go(Line(curve=curve), tmp_path, patience=2, **options).step == 12
    assert go(Line(curve=curve, seen=3), tmp_path, patience=3, **options).best_step == 16
    less = go(Line(curve=curve, dies_at=0), tmp_path, patience=2, **options)
    assert (less.step, less.best_step) == (12, 4)


def test_what_a_killed_run_had_half_written_is_removed(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / ".step-00000010.safetensors.abc.partial").write_bytes(b"half")
    go(Line(), tmp_path, steps=10)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00000010.safetensors"]


def test_only_the_newest_stay(tmp_path):
    go(Line(), tmp_path, keep=2)
    assert [path.stem for path in checkpoints(tmp_path)] == ["step-00000040", "step-00000030"]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    go(Line(), tmp_path, run="one")
    with pytest.raises(WeightsError, match="other data or settings"):
        go(Line(), tmp_path, run="two")


def test_a_loss_that_is_no_number_ends_the_run_before_it_is_saved(tmp_path):
    task = Line()
    task.loss = lambda step, part: Line.loss(task, step, part) * (float("nan") if step == 25 else 1)
    with pytest.raises(DataError, match="loss is nan after 26 steps"):
        go(task, tmp_path)
    assert checkpoints(tmp_path)[0] == checkpoint_path(tmp_path, 20)


def test_each_training_has_its_own_precision(tmp_path):
    seen = {0: [], 1: [], "validation": []}
    for precision in ("no", "bf16", "no"):
        task = Held()
        task.loss = lambda step, part, task=task: (
            seen[step].append(task.net(torch.zeros(1, 3)).dtype) or Line.loss(task, step, part)
        )
        task.validate = lambda task=task: seen["validation"].append(task.net(torch.zeros(1, 3)).dtype)
        settings = config(steps=2, precision=precision, evaluate_every=2)
        train(task, settings, tmp_path / str(len(seen["validation"])), make_accelerator(settings))
    assert seen[0] == seen["validation"] == [torch.float32, torch.bfloat16, torch.float32]


class Halves(Line):
    """The points of a step in as many micro-batches as asked for."""

    def loss(self, step, part):
        x = torch.from_numpy(stream(0, "line", step).standard_normal((16, 3), dtype=np.float32))
        x = x[part * self.batch : (part + 1) * self.batch]
        return (self.net(x) - x @ torch.tensor([[3.0], [-1.0], [2.0]]) - 1).square().mean()


def test_processes_wait_as_long_as_the_main_one_needs_between_two_trials():
    assert make_accelerator(LoopConfig()).init_handler.timeout.days >= 1


def test_two_micro_batches_of_8_are_one_of_16(tmp_path):
    joint, halves = Halves(16), Halves(8)
    a = go(joint, tmp_path / "joint", batch=16)
    b = go(halves, tmp_path / "halves", batch=8, accumulate=2)
    assert weights(halves).numpy() == pytest.approx(weights(joint).numpy(), abs=1e-5)
    assert b.losses == pytest.approx(a.losses, rel=1e-4)


def test_the_first_steps_are_those_of_torch(tmp_path):
    ours, theirs = Halves(16), Halves(16)
    go(ours, tmp_path, steps=3, average=0.0, warmup_steps=0, clip=1e9, checkpoint_every=3)
    optimizer = torch.optim.AdamW(theirs.net.parameters(), lr=0.05, weight_decay=0.01, betas=(0.9, 0.99))
    for step in range(3):
        optimizer.zero_grad()
        theirs.loss(step, 0).backward()
        optimizer.step()
    assert torch.equal(weights(ours), weights(theirs))


def test_what_a_run_is_known_by(cohort):
    ours = run_digest(cohort, GeneratorConfig(), 1)
    ends = {"steps": 7, "decay_steps": 2, "checkpoint_every": 3, "keep": 9, "patience": 4, "quality_samples": 0}
    assert run_digest(cohort, GeneratorConfig(**ends), 1) == ours
    others = [
        run_digest(cohort, GeneratorConfig(), 2),
        run_digest(cohort, GeneratorConfig(), 1, autoencoder="x"),
        *(
            run_digest(cohort, GeneratorConfig(**{name: value}), 1)
            for name, value in {"lr": 1e-4, "seed": 1, "batch": 4, "warmup_steps": 3, "evaluate_every": 5}.items()
        ),
    ]
    assert len({ours, *others}) == 8
