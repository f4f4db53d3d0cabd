import json

import pytest

from synthuterus_bench.bench.shipping import cost as costs
from synthuterus_bench.bench.shipping.cost import note_machine, this_machine, training_cost
from tests.training.test_card import record

CONFIG = {"batch": 16, "accumulate": 1, "steps": 300}


def log(out, *lines):
    (out / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_time_is_the_sum_over_intervals(tmp_path):
    log(
        tmp_path,
        {"step": 100, "loss": 1, "images_a_second": 16},
        {"step": 100, "validation": 1},
        {"step": 300, "loss": 1, "images_a_second": 8},
    )
    cost = training_cost(tmp_path, record("ddpm2d-ct-roi", config=CONFIG, images_seen=4800))
    assert cost.seconds == pytest.approx(100 + 400)


def test_several_processes_see_more_images_in_a_step(tmp_path):
    log(tmp_path, {"step": 300, "loss": 1, "images_a_second": 32})
    cost = training_cost(tmp_path, record("ddpm2d-ct-roi", config=CONFIG, images_seen=9600))
    assert cost.seconds == pytest.approx(300)


def test_steps_after_those_of_the_weights_do_not_count(tmp_path):
    log(tmp_path, {"step": 300, "images_a_second": 16}, {"step": 600, "images_a_second": 1})
    cost = training_cost(tmp_path, record("ddpm2d-ct-roi", config=CONFIG, images_seen=4800))
    assert cost.seconds == pytest.approx(300)


def test_without_a_log_nothing_is_told(tmp_path):
    assert training_cost(tmp_path, record("ddpm2d-ct-roi", config=CONFIG)) is None


def test_machines_are_named_once_and_never_by_their_host(tmp_path, monkeypatch):
    import socket

    note_machine(tmp_path), note_machine(tmp_path)
    log(tmp_path, {"step": 300, "images_a_second": 16})
    assert training_cost(tmp_path, record("ddpm2d-ct-roi", config=CONFIG)).machines == [this_machine()]
    assert socket.gethostname() not in this_machine()


@pytest.mark.parametrize(("cores", "told"), [(1, "1 core of "), (2, "2 cores of ")])
def test_a_machine_is_told_by_its_cores(cores, told, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(costs, "available_cores", lambda: cores)
    assert this_machine().startswith(told)
