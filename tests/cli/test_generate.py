import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.cli.generate import generate
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.generators.solve import SamplerConfig


def command(tiny_model, out, *more):
    fixed = ["--checkpoint", str(tiny_model), "--out", str(out), "--steps", "2", "--scans", "8", "--workers", "1"]
    return ["generate", *fixed, "--tau", "1", *more]


def test_a_release_as_json(tiny_model, tmp_path, capsys):
    assert run(["--json", *command(tiny_model, tmp_path / "synthuterus")]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["scans"], summary["generated"], summary["rejected"]) == (8, 8, 0)
    assert len(load_cohort(tmp_path / "synthuterus")) == 8


def test_what_is_not_asked_for_is_as_the_sampler_has_it():
    options = {name: one.default for name, one in inspect.signature(generate).parameters.items()}
    assert SamplerConfig(**{name: options[name] for name in SamplerConfig.__slots__}) == SamplerConfig()


BAD = {
    "unknown model id": (["--model", "gan2d-roi"], 2, "unknown model id 'gan2d-roi'"),
    "scans that do not divide": (["--scans", "10"], 2, "multiple of 4"),
    "scheduler": (["--scheduler", "magic"], 2, "unknown scheduler"),
    "missing checkpoint": (["--checkpoint", "nowhere"], 1, "no training.json"),
    "missing reference": (["--reference", "nowhere"], 1, "no such folder"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_one_clear_line(tiny_model, tmp_path, capsys, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    more, code, message = BAD[name]
    assert run(command(tiny_model, tmp_path / "synthuterus", *more)) == code
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert sum(line.startswith("error:") for line in error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_shipped_weights_says_what_to_give(capsys, tmp_path):
    assert run(["generate", "--model", "ddpm3d-uncond-full", "--out", str(tmp_path / "r")]) == 2
    assert "--checkpoint DIR or --repo" in capsys.readouterr().err


def test_an_unwritable_place_is_named(tiny_model, tmp_path, capsys):
    if os.geteuid() == 0:
        target = Path("/proc/synthuterus")
    else:
        tmp_path.chmod(0o500)
        target = tmp_path / "synthuterus"
    assert run(command(tiny_model, target)) == 1
    assert "error:" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounting a small disk needs root on Linux")
def test_a_full_disk_is_one_line_and_leaves_no_release(tiny_model, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {mounted.stderr.decode().strip()}")
    try:
        arguments = [sys.executable, "-m", "synthuterus_bench", *command(tiny_model, disk / "synthuterus")]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "disk full" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (disk / "synthuterus").exists()
        assert not list(disk.rglob("*.partial"))
    finally:
        subprocess.run(["umount", disk], check=True)
