"""The demo suite's own reference, drawn once, and cohorts made from others."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from synthuterus_bench.bench.reference import phantom_cohort
from synthuterus_bench.bench.run import Evaluation
from synthuterus_bench.bench.suite import DEMO
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.entry import Result

DISTANCES = ("fd-embedder", "kid-embedder")
PER_CLASS = 96


@pytest.fixture(scope="session")
def reference(tmp_path_factory) -> Cohort:
    """640 phantom images: what ``--suite demo`` compares with."""
    return phantom_cohort(DEMO, tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="session")
def distances():
    """The demo suite's two distances of our own encoder, without its downstream part."""
    return DEMO.model_copy(update={"metrics": DISTANCES, "regimes": ()})


@pytest.fixture(scope="session")
def pooled() -> Callable[[Evaluation, str], Result]:
    """The result of a metric over all orientations."""

    def find(done: Evaluation, metric: str) -> Result:
        return next(one for one in done.entry.results if (one.metric, one.scope) == (metric, "pooled"))

    return find


def write_cohort(like: Cohort, scans: Iterable[Scan], out: Path) -> Cohort:
    """A cohort of ``scans`` with the manifest of another."""
    writer = CohortWriter(out, like.manifest)
    for scan in scans:
        writer.add(scan)
    return writer.close()


@pytest.fixture
def disk(tmp_path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk with the options given, for as long as the test runs."""
    place = tmp_path / "disk"

    def mount(options: str) -> Path:
        place.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
        if done.returncode:
            place.rmdir()
            pytest.skip(f"cannot mount a tmpfs here: {done.stderr.decode().strip()}")
        return place

    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("mounting a disk needs root on Linux")
    yield mount
    if place.is_dir():
        subprocess.run(["umount", place], check=True)
