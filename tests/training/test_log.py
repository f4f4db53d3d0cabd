import json

import numpy as np
import pytest
from PIL import Image

from synthuterus_bench.training.log import open_log
from tests.training.test_loop import Line, go

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def events(folder):
    found = accumulator.EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    found.Reload()
    return found


def test_scalars_and_sheets_are_read_back(tmp_path):
    page = np.arange(48, dtype=np.uint8).reshape(6, 8)
    with open_log(tmp_path, 0, True) as log:
        log.scalars(10, loss=0.5, lr=1e-3)
        log.scalars(20, loss=0.25, validation=0.75)
        log.sheet(20, page)
    found = events(tmp_path)
    assert [(one.step, one.value) for one in found.Scalars("loss")] == [(10, 0.5), (20, 0.25)]
    assert [(one.step, one.value) for one in found.Scalars("validation")] == [(20, 0.75)]
    assert [one.step for one in found.Images("samples")] == [20]
    assert np.array_equal(np.array(Image.open(tmp_path / "sheets" / "step-00000020.png")), page)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == [{"step": 10, "loss": 0.5, "lr": 1e-3}, {"step": 20, "loss": 0.25, "validation": 0.75}]


def test_a_silent_log_leaves_nothing(tmp_path):
    with open_log(tmp_path / "out", 0, False) as log:
        log.scalars(1, loss=1.0)
        log.sheet(1, np.zeros((2, 2), np.uint8))
    assert not (tmp_path / "out").exists()


def test_a_resumed_run_logs_no_step_twice(tmp_path):
    options = {"checkpoint_every": 20, "evaluate_every": 8}
    with pytest.raises(KeyboardInterrupt):
        go(Line(curve=[1.0] * 9, dies_at=35), tmp_path / "pieces", **options)
    with (tmp_path / "pieces" / "log.jsonl").open("a") as file:
        file.write('{"step": 3')
    go(Line(curve=[1.0] * 9), tmp_path / "pieces", **options)
    go(Line(curve=[1.0] * 9, dies_at=0), tmp_path / "pieces", **options)
    go(Line(curve=[1.0] * 9), tmp_path / "whole", **options)
    pieces, whole = events(tmp_path / "pieces"), events(tmp_path / "whole")
    for tag in ("loss", "validation", "lr"):
        ours, theirs = ([(e.step, e.value) for e in found.Scalars(tag)] for found in (pieces, whole))
        assert ours == theirs
    assert [e.step for e in pieces.Scalars("loss")] == list(range(2, 41, 2))
    assert [e.step for e in pieces.Images("samples")] == [8, 16, 24, 32, 40]
    steps = [
        [json.loads(line)["step"] for line in (tmp_path / name / "log.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("pieces", "whole")
    ]
    assert steps[0] == steps[1]


def test_a_short_run_tells_its_loss_too(tmp_path):
    trained = go(Line(), tmp_path, steps=7, checkpoint_every=500)
    assert [(e.step, round(e.value, 4)) for e in events(tmp_path).Scalars("loss")] == [(7, round(trained.losses[0], 4))]


def test_sheets_can_be_rarer_than_evaluations(tmp_path):
    go(Line(curve=[1.0]), tmp_path / "rare", steps=44, evaluate_every=8, sheet_every=2)
    assert [p.stem for p in sorted((tmp_path / "rare" / "sheets").iterdir())] == [
        f"step-000000{n}" for n in ("16", "32", "44")
    ]
    go(Line(curve=[1.0]), tmp_path / "none", evaluate_every=8, sheet_every=0)
    assert not (tmp_path / "none" / "sheets").exists()


def test_names_of_hosts_stay_in_the_folder_of_events(tmp_path):
    import socket

    go(Line(curve=[1.0]), tmp_path, evaluate_every=20)
    host = socket.gethostname()
    named = [path for path in tmp_path.rglob("*") if host in path.name]
    assert {path.parent.name for path in named} == {"tensorboard"}
    told = [path for path in tmp_path.rglob("*") if path.is_file() and host.encode() in path.read_bytes()]
    assert {path.parent.name for path in told} <= {"tensorboard"}
