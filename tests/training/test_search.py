import json
from dataclasses import replace

import pytest
import yaml
from accelerate import Accelerator

from synthuterus_bench.errors import CohortError, DivergedError, UsageError
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.loop import train
from synthuterus_bench.training.search import apart, check_search, read_grid, search
from synthuterus_bench.training.targets import Helper
from synthuterus_bench.vocab import AutoencoderId, Split
from tests.training.test_loop import Held

GRID = [{"lr": 0.05, "batch": 4}, {"lr": 0.2, "batch": 4}, {"lr": 1e-4, "batch": 4}]


def configs(**changes):
    usual = {"steps": 40, "warmup_steps": 1, "checkpoint_every": 10, "evaluate_every": 10, "average": 0.5}
    return [(values, LoopConfig(**usual | values | changes)) for values in GRID]


class Trainer:
    """Trains lines, remembers which, and can be killed."""

    def __init__(self, dies_in=None):
        self.trained, self.dies_in = [], dies_in

    def __call__(self, config, folder):
        self.trained.append(config.lr)
        task = Held(dies_at=25 if config.lr == self.dies_in else None)
        return train(task, config, folder, Accelerator(cpu=True), "line")


def test_the_best_combination_wins(tmp_path):
    trials = search(AutoencoderId.AE2D, configs(), trainer := Trainer(), tmp_path)
    assert trainer.trained == [0.05, 0.2, 1e-4]
    assert [trial.validation for trial in trials] == sorted(trial.validation for trial in trials)
    assert trials[-1].values == GRID[2], "with hardly any learning rate nothing is learned"
    table = json.loads((tmp_path / "search.json").read_text(encoding="utf-8"))
    assert [row["values"] for row in table] == [trial.values for trial in trials]
    best = LoopConfig(**yaml.safe_load((tmp_path / "best.yaml").read_text(encoding="utf-8")))
    assert best == next(config for values, config in configs() if values == trials[0].values)


def test_a_killed_search_goes_on_and_trains_nothing_twice(tmp_path):
    whole = search(AutoencoderId.AE2D, configs(), Trainer(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        search(AutoencoderId.AE2D, configs(), Trainer(dies_in=0.2), tmp_path / "pieces")
    seen = json.loads((tmp_path / "pieces" / "search.json").read_text(encoding="utf-8"))
    assert sum(row["validation"] is not None for row in seen) == 1
    again = Trainer()
    assert search(AutoencoderId.AE2D, configs(), again, tmp_path / "pieces") == whole
    assert again.trained == [0.2, 1e-4]
    assert search(AutoencoderId.AE2D, configs(), Trainer(dies_in=0.2), tmp_path / "pieces") == whole
    longer = Trainer()
    search(AutoencoderId.AE2D, configs(steps=60), longer, tmp_path / "pieces")
    assert longer.trained == [0.05, 0.2, 1e-4], "another end is trained towards, from the checkpoints there are"
    assert len(list((tmp_path / "pieces" / "search").iterdir())) == 3


def test_a_combination_that_diverges_stays_in_the_table(tmp_path):
    def trainer(config, folder):
        if config.lr == 0.2:
            raise DivergedError("the loss is nan")
        return Trainer()(config, folder)

    trials = search(AutoencoderId.AE2D, configs(), trainer, tmp_path)
    assert (trials[-1].values, trials[-1].validation, trials[-1].failed) == (GRID[1], None, "the loss is nan")


def test_a_grid_is_every_combination(tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_text("lr: [1e-4, 1e-3]\nchannels: [[32, 64], [64, 96]]\n")
    assert read_grid(path) == [
        {"lr": lr, "channels": channels} for lr in (1e-4, 1e-3) for channels in ([32, 64], [64, 96])
    ]
    for text, said in (("lr: 3\n", "lr is 3"), ("lr: []\n", "expected a list"), ("{}\n", "found no settings")):
        path.write_text(text)
        with pytest.raises(UsageError, match=said):
            read_grid(path)


def test_losses_that_measure_different_things_are_named():
    assert apart(AutoencoderId.VAE2D, [{"lr": 1, "kl_weight": 0}, {"lr": 2, "kl_weight": 1}]) == ["kl_weight"]
    assert apart(AutoencoderId.VAE2D, [{"lr": 1, "kl_weight": 0}, {"lr": 2, "kl_weight": 0}]) == []
    assert apart(Helper.EMBEDDER, [{"batch": 4}, {"batch": 8}]) == ["batch"]


def test_without_validation_there_is_no_search(cohort):
    check_search(cohort, [LoopConfig(evaluate_every=1)])
    with pytest.raises(UsageError, match="evaluate_every is 0"):
        check_search(cohort, [LoopConfig()])
    splits = {Split.TRAIN: cohort.manifest.splits[Split.TRAIN]}
    alone = replace(cohort, manifest=cohort.manifest.model_copy(update={"splits": splits}))
    with pytest.raises(CohortError, match="no validation split"):
        check_search(alone, [LoopConfig(evaluate_every=1)])
