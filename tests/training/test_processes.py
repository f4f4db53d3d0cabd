import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.joint import main

ROOT = Path(__file__).parents[2]


def launch(*arguments, processes=2, timeout=240):
    """Processes on one CPU machine; accelerate's own launcher starts such ones through mpirun alone."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true"}
    return subprocess.run(
        [*command, *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout
    )


def flat(weights):
    return np.concatenate([np.ravel(value) for value in weights])


def told(folder, process):
    return json.loads((folder / f"process-{process}.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_two_processes_learn_what_one_does_from_the_joint_batch_and_resume(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    main(tmp_path / "one" / "out", 40)
    for steps in (20, 40):
        done = launch("tests.training.joint", tmp_path / "two" / "out", steps)
        assert done.returncode == 0, done.stderr[-3000:]
    one, first, second = told(tmp_path / "one", 0), told(tmp_path / "two", 0), told(tmp_path / "two", 1)
    assert first == second, "all processes hold the same weights, losses and evaluations"
    for name, weights in one["weights"].items():
        assert flat(first["weights"][name]) == pytest.approx(flat(weights), abs=1e-5)
    assert first["losses"] == pytest.approx(one["losses"], rel=1e-4)
    assert np.array(first["validation"]) == pytest.approx(np.array(one["validation"]), rel=1e-4, abs=1e-6)
    assert len((tmp_path / "two" / "out" / "log.jsonl").read_text(encoding="utf-8").splitlines()) == 40 + 8


@pytest.mark.slow
def test_only_the_main_process_speaks(cohort, tmp_path):
    settings = ["steps=2", "batch=4", "warmup_steps=1", "evaluate_every=1"]
    options = [f"--set={one}" for one in settings]
    done = launch(
        "synthuterus_bench", "--json", "train", "embedder", "--cohort", cohort.root, "--out", tmp_path / "net", *options
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["steps"] == 2
    assert (tmp_path / "net" / "embedder.safetensors").is_file()
    wrong = launch("synthuterus_bench", "train", "embedder", "--set", "batch=0", "--show-config")
    assert wrong.returncode != 0
    assert wrong.stderr.count("batch is 0") == 1
