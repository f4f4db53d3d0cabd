"""``push`` killed at any moment: a second run ends in the same remote files as an undisturbed one, none sent twice."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from synthuterus_bench.release.gate import CHECKSUMS
from synthuterus_bench.release.parcel import Kind, Parcel, checksums_of, item_of
from synthuterus_bench.repro import stream
from tests.support.hub_faults import Action
from tests.support.hub_server import WRITE, Hub

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
NAME = "org/synthuterus"
CODE = """
import sys
from pathlib import Path
from synthuterus_bench.release.hub import push
from tests.acceptance.test_killed_push import parcel
push(parcel(Path(sys.argv[1])), "org/synthuterus", tag="v1", commit_files=3)
"""
MOMENTS = 20


def parcel(folder):
    """Eleven files, large and small: four commits."""
    items = [item_of(path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*")) if path.is_file()]
    return Parcel(Kind.RELEASE, (item_of(CHECKSUMS, checksums_of(items)), *items))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("files") / "synthuterus"
    rng = stream(0, "files")
    (home / "roi").mkdir(parents=True)
    for number in range(8):
        (home / "roi" / f"train-{number:05d}-of-00008.parquet").write_bytes(rng.bytes(200_000))
    (home / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n")
    (home / "LICENSE").write_text("cc-by-4.0")
    return home


def start(hub, folder):
    told = {"HF_ENDPOINT": hub.url, "HF_TOKEN": WRITE, "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", CODE, folder]
    return subprocess.Popen(command, env={**os.environ, **told}, cwd=ROOT, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory):
    """The remote files as they should be, and how many requests it took."""
    with Hub(tmp_path_factory.mktemp("undisturbed")) as hub:
        assert start(hub, folder).wait() == 0
        repo = hub.repo("dataset", NAME)
        assert len(repo.history()) == 5
        return repo.contents("v1"), len(hub.requests)


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_at_a_random_moment(folder, undisturbed, tmp_path, moment):
    """After so many requests and some milliseconds more; every answer takes a while, so that one is under way."""
    expected, requests = undisturbed
    rng = stream(0, "kill push", moment)
    after = 1 + int(rng.integers(requests - 1))
    with Hub(tmp_path) as hub:
        hub.add_fault(".", Action.DELAY, times=100_000, seconds=0.02)
        process = start(hub, folder)
        while process.poll() is None and len(hub.requests) < after:
            time.sleep(0.001)
        time.sleep(0.03 * rng.random())
        process.kill()
        killed = process.wait() != 0
        hub.faults.clear()
        time.sleep(0.2)
        there = hub.repo("dataset", NAME).state
        commits = len(there["commits"]) if there else 0
        print(f"killed ({killed}) after {after} of {requests} requests, {commits} commits there")
        assert start(hub, folder).wait() == 0
        repo = hub.repo("dataset", NAME)
        assert repo.contents("v1") == repo.contents("main") == expected
        trees = [tuple(sorted(commit["tree"])) for commit in repo.state["commits"].values()]
        assert len(set(trees)) == len(trees)
        stored = Counter(one.path for one in hub.requests if one.method == "PUT" and "/_lfs/" in one.path)
        assert sum(stored.values()) <= 8 + 3
