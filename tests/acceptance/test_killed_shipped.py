"""``generate`` with the shipped model killed at 20 random moments: the second run ends in the same bytes.

Killed processes are forks of a server that has the libraries loaded, so that moments fall into the work itself.
"""

import os
import shutil
import sys
import time
from itertools import pairwise
from multiprocessing import get_context

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.repro import stream

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(sys.platform != "linux", reason="forks a process with torch in it"),
]
MOMENTS, CHUNKS = 20, 4
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["synthuterus_bench.release.build", "diffusers.pipelines", "transformers", "datasets"])


def arguments(out):
    return ["--quiet", "generate", "--scans", "64", "--steps", "2", "--guidance", "1", "--out", out, "--workers", "1"]


def command(out):
    """What the killed process does."""
    os._exit(run(arguments(out)))


def start(out):
    process = FORKS.Process(target=command, args=(str(out),), daemon=True)
    process.start()
    return process


def drawn(out):
    """Chunk files there are; the folder may vanish while it is looked through."""
    found = os.walk(out.parent / ".synthuterus.work")
    return sum(name.endswith(".safetensors") for _, _, names in found for name in names)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the files should be, and how long each stage takes: up to each of the four chunks, and from the last on."""
    out = tmp_path_factory.mktemp("undisturbed") / "synthuterus"
    process, times = start(out), [time.monotonic()]
    while process.is_alive():
        if len(times) <= min(drawn(out), CHUNKS):
            times.append(time.monotonic())
        time.sleep(0.002)
    times.append(time.monotonic())
    assert process.exitcode == 0
    assert len(times) == CHUNKS + 2
    return contents(out), [end - begin for begin, end in pairwise(times)]


def killed(out, stage, seconds):
    """Start and kill so many seconds into a stage; whether that was before the end."""
    process = start(out)
    while process.is_alive() and drawn(out) < stage:
        time.sleep(0.002)
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode == -9


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_at_a_random_moment(undisturbed, tmp_path, moment):
    """Each of the five stages is met four times; where that was too late, sooner."""
    expected, stages = undisturbed
    out, stage = tmp_path / "synthuterus", moment % len(stages)
    seconds = stream(0, "kill generate", moment).random() * stages[stage]
    while not killed(out, stage, seconds):
        shutil.rmtree(out)
        seconds /= 2
    left = sorted(path.name for path in tmp_path.iterdir())
    print(f"{seconds:.2f} s after {stage} of {CHUNKS} chunks, {drawn(out)} drawn, left {left}")
    assert not out.exists() or contents(out) == expected
    assert run(arguments(str(out))) == 0
    assert contents(out) == expected
    assert sorted(tmp_path.iterdir()) == [out]
