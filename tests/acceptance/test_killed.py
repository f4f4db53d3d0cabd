"""``generate`` killed at any moment: a second run ends in the same bytes, nothing is left over, no worker lives on."""

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
KILLS = 6
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
            state, _, _, of = path.read_text().rpartition(")")[2].split()[:4]
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


@pytest.mark.parametrize("number", range(KILLS))
def test_at_a_random_moment(tiny_model, undisturbed, tmp_path, number):
    """One moment in each sixth of the time that an undisturbed run takes; an earlier one where that is too late."""
    expected, seconds = undisturbed
    moment = (number + stream(0, "kill", number).random()) / KILLS * seconds
    out = tmp_path / "synthuterus"
    process = start(tiny_model, out)
    time.sleep(moment)
    while process.poll() is not None:
        shutil.rmtree(out)
        moment *= 0.8
        process = start(tiny_model, out)
        time.sleep(moment)
    workers, outlived = kill(process)
    found = left_over(out)
    print(f"killed at {moment:.1f} of {seconds:.1f} s: {workers} children lived {outlived:.2f} s, left {found}")
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
