"""``train`` killed at any moment: a second run ends in the same bytes, and nothing half-written is left."""

import os
import signal
import subprocess
import sys
import time

import pytest

from synthuterus_bench.repro import digest_file, stream

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SETTINGS = ("steps=24", "batch=6", "warmup_steps=2", "checkpoint_every=4", "evaluate_every=3", "patience=99", "keep=0")


def start(cohort, out):
    command = [sys.executable, "-m", "synthuterus_bench", "--quiet", "train", "embedder", "--cohort", str(cohort.root)]
    command += ["--out", str(out), *(f"--set={one}" for one in SETTINGS)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE, text=True)


def contents(out):
    """Digests of everything but TensorBoard's events, which hold the time."""
    kept = [path for path in sorted(out.rglob("*")) if path.is_file() and path.parent.name != "tensorboard"]
    return {str(path.relative_to(out)): digest_file(path) for path in kept if path.name != "log.jsonl"}


@pytest.fixture(scope="module")
def undisturbed(cohort, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert start(cohort, out).wait() == 0
    return contents(out)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
@pytest.mark.parametrize("checkpoints", [0, 2])
def test_at_a_random_moment(cohort, undisturbed, tmp_path, number, checkpoints, request):
    out = tmp_path / "out"
    process = start(cohort, out)
    while process.poll() is None and len(list(out.glob("checkpoints/step-*"))) < checkpoints:
        time.sleep(0.005)
    time.sleep(stream(0, "kill", request.node.name).random() * (6.0 if checkpoints == 0 else 0.5))
    process.send_signal(number)
    _, said = process.communicate()
    if number == signal.SIGINT and process.returncode == 130:
        assert "interrupted; run the same command again to go on" in said
        assert "Traceback" not in said
    assert start(cohort, out).wait() == 0
    assert contents(out) == undisturbed
