import pytest
import torch

from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.training import precision
from synthuterus_bench.training.presets import settle
from synthuterus_bench.training.settings import Layer
from synthuterus_bench.training.targets import Helper
from synthuterus_bench.vocab import Precision, Scale

TARGET = parse_id("ddpm2d-ct-roi")


def machine(monkeypatch, avx512=False, amx=False, cuda=None):
    monkeypatch.setattr(precision.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda is not None)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bool(cuda) or including_emulation)


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        ({}, Precision.NO),
        ({"avx512": True}, Precision.BF16),
        ({"amx": True}, Precision.BF16),
        ({"avx512": True, "cuda": False}, Precision.NO),
        ({"cuda": True}, Precision.BF16),
    ],
)
def test_a_preset_computes_as_the_machine_does(monkeypatch, has, expected):
    machine(monkeypatch, **has)
    for scale in Scale:
        settled = settle(TARGET, scale, [Layer("--set", {"steps": 9, "evaluate_every": 3})])
        assert settled.precision is expected


def test_what_is_asked_for_stands_whatever_the_machine(monkeypatch):
    machine(monkeypatch)
    assert settle(TARGET, Scale.SMALL, [Layer("--set", {"precision": "bf16"})]).precision is Precision.BF16
    machine(monkeypatch, avx512=True)
    assert settle(TARGET, Scale.SMALL, [Layer("--set", {"precision": "no"})]).precision is Precision.NO
    assert settle(Helper.EMBEDDER, Scale.SMALL, []).precision is Precision.NO
