"""``prep`` killed at any moment: a second run ends in the same bytes, nothing is left over, no worker lives on."""

import subprocess
import sys
import time

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.repro import stream
from tests.acceptance.test_killed import PATIENCE, contents, kill, left_over
from tests.prep.made import make_scan, write

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="finds left-over processes in /proc"),
]
SCANS = 6


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    scans = (make_scan(number, mask=number % 2 == 0) for number in range(SCANS))
    return write(tmp_path_factory.mktemp("source") / "in", *scans).root


def arguments(source, out, workers):
    fixed = ["--quiet", "prep", str(source), "--out", str(out), "--view", "both", "--slices", "all", "--roi", "middle"]
    return [*fixed, "--workers", str(workers)]


def start(source, out):
    """The command with two workers, in a session of its own, so that its workers can be found."""
    command = [sys.executable, "-m", "synthuterus_bench", *arguments(source, out, 2)]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def undisturbed(source, tmp_path_factory):
    """What the files should be."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert start(source, out).wait() == 0
    assert left_over(out) == []
    return contents(out)


def done(out):
    return len(list((out.parent / ".out.work").rglob("*.json")))


@pytest.mark.parametrize("scans", [0, 1, 3, 5, SCANS])
def test_at_a_random_moment(source, undisturbed, tmp_path, scans, request):
    """Before the first scan, between two of them, or while the cohorts are written, which may be too late."""
    out = tmp_path / "out"
    process = start(source, out)
    while process.poll() is None and done(out) < scans:
        time.sleep(0.005)
    time.sleep(stream(0, "kill", request.node.name).random() * (1.0 if scans == 0 else 0.2))
    workers, outlived = kill(process)
    print(f"{scans} scans: {workers} children lived {outlived:.2f} s, left {left_over(out)}")
    assert outlived < PATIENCE
    assert not out.exists() or contents(out) == undisturbed
    assert run(arguments(source, out, 1)) == 0
    assert contents(out) == undisturbed
    assert left_over(out) == []


def test_while_the_cohorts_are_written(source, undisturbed, tmp_path):
    out = tmp_path / "out"
    process = start(source, out)
    while process.poll() is None and not any(tmp_path.glob(".out.*.partial/*/*")):
        time.sleep(0.001)
    kill(process)
    assert not out.exists() or contents(out) == undisturbed
    assert run(arguments(source, out, 1)) == 0
    assert contents(out) == undisturbed
    assert left_over(out) == []
