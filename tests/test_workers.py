import os

from synthuterus_bench.workers import available_cores, map_in_order


def test_answers_come_in_the_order_of_the_jobs():
    assert list(map_in_order(abs, range(-20, 0), 2)) == list(range(20, 0, -1))


def test_workers_are_other_processes():
    assert os.getpid() not in set(map_in_order(_process, range(4), 1))


def test_there_is_a_core():
    assert available_cores() >= 1


def _process(_: int) -> int:
    return os.getpid()
