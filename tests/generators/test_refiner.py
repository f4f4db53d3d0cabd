import json
import shutil

import numpy as np
import pytest
import torch

from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators import refiner
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.refiner import refine, residual_schedule
from synthuterus_bench.generators.sampler import Wanted, sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.nets.condition import Told
from synthuterus_bench.vocab import CLASSES, Sequence

FAST = SamplerConfig(steps=2, guidance=1.0)
PROMPT = render(Condition(CLASSES[0], 1.5, Sequence.TSE))
WANTED = [Wanted(CLASSES[0], PROMPT, index) for index in range(3)]


@pytest.fixture
def pipeline(tiny_refined):
    return load_pipeline(tiny_refined)


def says_residual(value: float):
    """A perfect denoiser of residuals that are ``value`` everywhere."""
    alpha_bar = residual_schedule().alphas_cumprod.double()

    def denoise(net, x, t, told, shown):
        a = alpha_bar[t].view(-1, 1, 1, 1)
        epsilon = (x - a.sqrt() * value) / (1 - a).sqrt()
        return a.sqrt() * epsilon - (1 - a).sqrt() * value

    return denoise


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_perfect_refiner_adds_the_residual_in_units_of_its_deviation(pipeline, monkeypatch, value):
    monkeypatch.setattr(refiner, "denoise", says_residual(value))
    mean = torch.randn(2, 128, 128, generator=torch.Generator().manual_seed(0))
    told = pipeline.tell([CLASSES[0]] * 2, [PROMPT] * 2)
    with torch.inference_mode():
        finer = refine(pipeline, mean, told, pipeline.tell_nothing(2), [0, 1])
    expected = mean + value * pipeline.config["residual_std"]
    assert torch.allclose(finer.float(), expected, atol=0.02 * pipeline.config["residual_std"])


def test_a_sample_is_its_latent_decoded_and_a_residual_of_noise_of_its_own(pipeline):
    finer = sample_chunk(pipeline, WANTED, 0, FAST)
    assert np.array_equal(sample_chunk(pipeline, WANTED[:1], 0, FAST), finer[:1])
    pipeline.register_modules(refiner=None)
    plain = sample_chunk(pipeline, WANTED, 0, FAST)
    residual = from_window(finer) - from_window(plain)
    assert (residual.std((1, 2)) > 0).all()
    assert abs(np.corrcoef(residual[0].ravel(), residual[1].ravel())[0, 1]) < 0.9


def test_a_guided_chunk_asks_the_refiner_twice_a_step(pipeline):
    calls = []
    pipeline.refiner.register_forward_hook(lambda *_: calls.append(1))
    sample_chunk(pipeline, WANTED, 0, FAST)
    assert len(calls) == 2 * refiner.SAMPLER.steps


def test_what_is_told_nothing_asks_it_once(pipeline, monkeypatch):
    calls = []
    monkeypatch.setattr(refiner, "denoise", lambda net, x, *_: calls.append(1) or torch.zeros_like(x))
    monkeypatch.setattr(type(pipeline), "model_id", parse_id("ldm2d-uncond-roi"))
    with torch.inference_mode():
        refine(pipeline, torch.zeros(1, 128, 128), Told(), Told(), [0])
    assert len(calls) == refiner.SAMPLER.steps


@pytest.mark.parametrize("std", [None, 0.0, float("nan"), -1.0])
def test_a_refiner_without_a_scale_is_refused(tiny_refined, tmp_path, std):
    shutil.copytree(tiny_refined, tmp_path / "model")
    file = tmp_path / "model" / "model_index.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"residual_std": std}))
    with pytest.raises(WeightsError, match="refiner"):
        load_pipeline(tmp_path / "model")


def test_a_model_in_pixels_has_none(tiny_model, tiny_refined, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "model")
    shutil.copytree(tiny_refined / "refiner", tmp_path / "model" / "refiner")
    file = tmp_path / "model" / "model_index.json"
    index = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(index | {"residual_std": 0.3, "refiner": index["unet"]}))
    with pytest.raises(WeightsError, match="of latent models only"):
        load_pipeline(tmp_path / "model")
