import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synthuterus_bench.workers import available_cores, map_in_order


def test_answers_come_in_the_order_of_the_jobs():
    assert list(map_in_order(abs, range(-20, 0), 2)) == list(range(20, 0, -1))


def test_workers_are_other_processes():
    assert os.getpid() not in set(map_in_order(_process, range(4), 1))


def test_there_is_a_core():
    assert available_cores() >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")
def test_a_worker_busy_without_letting_threads_run_dies_with_its_parent(tmp_path):
    code = (
        "import sys; from synthuterus_bench.workers import map_in_order; from tests.test_workers import hold\n"
        "list(map_in_order(hold, [sys.argv[1]], 1))\n"
    )
    note = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", code, note], cwd=Path(__file__).parents[1])
    while not note.exists() or not note.read_text(encoding="utf-8"):
        assert parent.poll() is None
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    time.sleep(2)
    state = Path(f"/proc/{note.read_text(encoding='utf-8')}/stat")
    assert not state.exists() or state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


def hold(note):
    Path(note).write_text(str(os.getpid()))
    ctypes.PyDLL(None).sleep(30)


def _process(_: int) -> int:
    return os.getpid()
