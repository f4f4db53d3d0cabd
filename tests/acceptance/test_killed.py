"""``generate`` killed at any moment: a second run ends in the same bytes, nothing is left over, no worker lives on."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.repro import stream

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(sys.platform != "linux", reason="finds left-over processes in /proc"),
]
PATIENCE = 5.0
"""Seconds that a worker may outlive its parent."""


def arguments(model, out, workers):
    fixed = ["--quiet", "generate", "--checkpoint", str(model), "--steps", "20", "--scans", "96", "--tau", "1"]
    return [*fixed, "--out", str(out), "--workers", str(workers)]


def start(model, out):
    """The command with two workers, in a session of its own, so that its workers can be found."""
    command = [sys.executable, "-m", "synthuterus_bench", *arguments(model, out, 2)]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)


def alive(session):
    """Process ids of a session, without those that only wait to be buried."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = path.read_text(encoding="utf-8").rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if state != "Z" and int(of) == session:
            found.append(int(path.parent.name))
    return found


def kill(process):
    """Kill the parent alone; how many workers it had, and how long the last of them lived on."""
    workers = len(alive(process.pid)) - 1
    process.kill()
    process.wait()
    begun = time.monotonic()
    while alive(process.pid) and time.monotonic() - begun < 2 * PATIENCE:
        time.sleep(0.05)
    return workers, time.monotonic() - begun


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def left_over(out):
    return sorted(path.name for path in out.parent.iterdir() if path != out)


@pytest.fixture(scope="module")
def undisturbed(tiny_model, tmp_path_factory):
    """What the files should be, and how long the command takes."""
    out = tmp_path_factory.mktemp("undisturbed") / "synthuterus"
    begun = time.monotonic()
    assert start(tiny_model, out).wait() == 0
    seconds = time.monotonic() - begun
    assert left_over(out) == []
    return contents(out), seconds


def drawn(work):
    """Chunk files there are; the folder may vanish while it is looked through."""
    return sum(name.endswith(".safetensors") for _, _, names in os.walk(work) for name in names)


def wait(process, out, chunks, seconds):
    """Until so many chunks are drawn, and some seconds more; whether the command is still running then."""
    work = out.parent / ".synthuterus.work"
    while process.poll() is None and drawn(work) < chunks:
        time.sleep(0.005)
    time.sleep(seconds)
    return process.poll() is None


@pytest.mark.parametrize("chunks", [0, 1, 2, 3, 5, 6])
def test_at_a_random_moment(tiny_model, undisturbed, tmp_path, chunks, request):
    """Before the first of six chunks, between two of them, or after the last, which may be too late: then sooner."""
    expected, whole = undisturbed
    out = tmp_path / "synthuterus"
    seconds = stream(0, "kill", request.node.name).random() * (whole / 3 if chunks == 0 else 0.5)
    process = start(tiny_model, out)
    while not wait(process, out, chunks, seconds):
        shutil.rmtree(out)
        seconds /= 2
        process = start(tiny_model, out)
    workers, outlived = kill(process)
    found = left_over(out)
    print(f"{chunks} chunks and {seconds:.2f} s: {workers} children lived {outlived:.2f} s, left {found}")
    assert outlived < PATIENCE
    assert not out.exists() or contents(out) == expected
    assert run(arguments(tiny_model, out, 1)) == 0
    assert contents(out) == expected
    assert left_over(out) == []


def test_while_the_release_is_written_more_than_once(tiny_model, undisturbed, tmp_path):
    expected, _ = undisturbed
    out = tmp_path / "synthuterus"
    for _ in range(2):
        process = start(tiny_model, out)
        while process.poll() is None and not any(tmp_path.glob(".synthuterus.*.partial/roi")):
            time.sleep(0.001)
        kill(process)
        assert not out.exists()
        assert len([name for name in left_over(out) if re.search("partial$", name)]) == 1
    assert run(arguments(tiny_model, out, 1)) == 0
    assert contents(out) == expected
    assert left_over(out) == []
