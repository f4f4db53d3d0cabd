import pytest
import torch

from synthuterus_bench.bench.shipping.samplers import counted_calls
from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.guidance import Limit, guidance_of, guided
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.sampler import Wanted, sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig, times
from synthuterus_bench.vocab import CLASSES, Sequence

PROMPTS = [render(Condition(one, 1.5, Sequence.TSE)) for one in CLASSES]


@pytest.fixture(scope="module")
def pipeline(tiny_model):
    return load_pipeline(tiny_model)


def noisy(time: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(4, 1, 128, 128, generator=torch.Generator().manual_seed(0)), torch.full((4,), time)


def level(pipeline, time: int) -> float:
    alpha_bar = float(pipeline.scheduler.alphas_cumprod[time].double())
    return ((1 - alpha_bar) / alpha_bar) ** 0.5


def test_guidance_is_the_line_through_both_outputs(pipeline):
    told, nothing, (x, t) = pipeline.tell([*CLASSES], PROMPTS), pipeline.tell_nothing(4), noisy(500)
    with torch.inference_mode():
        null, one, three = (guided(pipeline.predict, told, nothing, scale)(x, t) for scale in (0.0, 1.0, 3.0))
        assert torch.equal(null, pipeline.predict(x, t, nothing))
        assert torch.equal(one, pipeline.predict(x, t, told))
    assert torch.allclose(three, null + 3 * (one - null), atol=1e-5)


@torch.inference_mode()
def test_above_its_level_of_noise_conditions_are_told_without_guidance(pipeline):
    told, nothing = pipeline.tell([*CLASSES], PROMPTS), pipeline.tell_nothing(4)
    limit = Limit((level(pipeline, 500) + level(pipeline, 501)) / 2, pipeline.scheduler.alphas_cumprod)
    everywhere, limited = (guided(pipeline.predict, told, nothing, 3.0, one) for one in (None, limit))
    assert torch.equal(limited(*noisy(500)), everywhere(*noisy(500)))
    assert torch.equal(limited(*noisy(501)), pipeline.predict(*noisy(501), told))
    assert not torch.equal(limited(*noisy(501)), everywhere(*noisy(501)))


@pytest.mark.parametrize("below", [None, 6.0, 1e-6])
def test_the_network_is_called_twice_a_guided_step_only(pipeline, below):
    config = SamplerConfig(steps=16, spacing=2.0, guidance_below=below)
    with counted_calls(pipeline) as calls:
        sample_chunk(pipeline, [Wanted(CLASSES[0], PROMPTS[0], 0)], 0, config)
    steps = [level(pipeline, int(time)) for time in times(16, 2.0)]
    assert calls[0] == len(steps) + sum(below is None or one <= below for one in steps)


def test_guidance_of_a_model_that_has_nothing_to_be_guided_by_is_refused(pipeline, monkeypatch):
    assert guidance_of(pipeline, None) == 3.5
    monkeypatch.setattr(type(pipeline), "model_id", parse_id("ddpm2d-uncond-roi"))
    assert guidance_of(pipeline, None) == guidance_of(pipeline, 1) == 1
    with pytest.raises(UsageError, match="told nothing"):
        guidance_of(pipeline, 2.0)


@pytest.mark.parametrize("below", [0.0, -1.0, float("nan")])
def test_a_level_that_is_none_is_refused(below):
    with pytest.raises(UsageError, match="expected a level of noise above 0"):
        SamplerConfig(guidance_below=below)
