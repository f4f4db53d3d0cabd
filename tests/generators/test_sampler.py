import numpy as np
import pytest

from synthuterus_bench.bench.shipping.samplers import counted_calls
from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.sampler import Wanted, chunk_size, resolve, sample_chunk, sample_seed
from synthuterus_bench.generators.solve import SamplerConfig, Solver
from synthuterus_bench.vocab import CLASSES, Orientation, Sequence

FAST = SamplerConfig(steps=3, guidance=1.0)
WANTED = [Wanted(o, render(Condition(o, 1.5, Sequence.TSE)), index) for index, o in enumerate(CLASSES * 2)]


@pytest.fixture(scope="module")
def pipeline(tiny_model):
    return load_pipeline(tiny_model)


def test_a_sample_is_the_same_whatever_follows_it_in_its_chunk(pipeline):
    whole = sample_chunk(pipeline, WANTED, 0, FAST)
    assert whole.shape == (8, 128, 128)
    assert whole.dtype == np.uint16
    assert np.array_equal(sample_chunk(pipeline, WANTED[:3], 0, FAST), whole[:3])


def test_seed_and_index_alone_name_the_noise(pipeline):
    images = sample_chunk(pipeline, WANTED, 0, FAST)
    assert len({image.tobytes() for image in images}) == 8
    assert not np.array_equal(images, sample_chunk(pipeline, WANTED, 1, FAST))
    assert sample_seed(0, WANTED[3]) == sample_seed(0, Wanted(None, None, 3)) != sample_seed(1, WANTED[3])


@pytest.mark.parametrize("scheduler", list(Solver))
def test_every_scheduler_repeats_itself(pipeline, scheduler):
    config = SamplerConfig(scheduler, steps=3, dtype="float32")
    first, again = (sample_chunk(pipeline, WANTED[:2], 0, config) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.ptp(first) > 0


def test_the_ancestral_noise_of_a_sample_is_its_own(pipeline):
    config = SamplerConfig("ddpm", steps=3, dtype="float32")
    both, other = (sample_chunk(pipeline, pair, 0, config) for pair in (WANTED[:2], [WANTED[1], WANTED[0]]))
    assert np.abs(both[0].astype(int) - other[1].astype(int)).max() <= 2


def test_guidance_changes_the_picture_and_guidance_one_is_none(pipeline):
    plain = sample_chunk(pipeline, WANTED[:2], 0, FAST)
    stronger = sample_chunk(pipeline, WANTED[:2], 0, SamplerConfig(steps=3, guidance=3.0, dtype="float32"))
    assert not np.array_equal(plain, stronger)
    with counted_calls(pipeline) as calls:
        assert np.array_equal(sample_chunk(pipeline, WANTED[:2], 0, FAST), plain)
    assert calls == [FAST.steps]


def test_a_condition_that_a_model_does_not_know_is_refused_never_ignored(pipeline, monkeypatch):
    orientation, prompt = WANTED[0].orientation, WANTED[0].prompt
    refused = {
        "ddpm2d-uncond-roi": [(orientation, None), (None, prompt)],
        "ddpm2d-class-roi": [(orientation, prompt), (None, None), (Orientation.AMBIGUOUS, None)],
        "ddpm2d-text-roi": [(orientation, prompt), (None, None), (None, "")],
        "ddpm2d-ct-roi": [(orientation, None), (None, prompt)],
    }
    for model, cases in refused.items():
        monkeypatch.setattr(type(pipeline), "model_id", parse_id(model))
        for told in cases:
            with pytest.raises(UsageError, match=r"told (a|no) (class|prompt)"):
                sample_chunk(pipeline, [Wanted(*told, 0)], 0, FAST)


def test_steps_are_spaced_towards_the_picture_in_pixels_and_evenly_elsewhere(pipeline, monkeypatch):
    assert resolve(pipeline, SamplerConfig()) == SamplerConfig(guidance=3.5, spacing=2.0)
    assert resolve(pipeline, SamplerConfig(spacing=2, guidance=1)) == SamplerConfig(guidance=1, spacing=2)
    assert resolve(pipeline, SamplerConfig(guidance=1, guidance_below=6)).guidance_below is None
    assert {resolve(pipeline, SamplerConfig(one)).spacing for one in Solver if one is not Solver.DPM} == {1.0}
    monkeypatch.setattr(pipeline, "vae", "an autoencoder")
    assert resolve(pipeline, SamplerConfig()) == SamplerConfig(guidance=3.5, spacing=1.0, guidance_below=6.0)
    assert resolve(pipeline, SamplerConfig(guidance_below=1e4)).guidance_below == 1e4
    assert resolve(pipeline, SamplerConfig(guidance=1)).guidance_below is None


def test_spacing_changes_the_picture_and_the_default_is_one_and_a_half(pipeline):
    told = {spacing: SamplerConfig(steps=3, guidance=1.0, spacing=spacing) for spacing in (None, 1.0, 2.0)}
    drawn = {spacing: sample_chunk(pipeline, WANTED[:2], 0, config) for spacing, config in told.items()}
    assert np.array_equal(drawn[None], drawn[2.0])
    assert not np.array_equal(drawn[1.0], drawn[2.0])


@pytest.mark.parametrize("solver", [one for one in Solver if one is not Solver.DPM])
def test_a_solver_that_cannot_space_its_steps_is_refused(solver):
    with pytest.raises(UsageError, match=f"spacing 1.5 with {solver}, which takes even steps only"):
        SamplerConfig(solver, spacing=1.5)
    assert SamplerConfig(solver, spacing=1.0).spacing == 1.0


def test_bad_settings_are_usage_errors(pipeline):
    with pytest.raises(UsageError, match="unknown scheduler"):
        SamplerConfig("euler-magic")
    with pytest.raises(UsageError, match="unknown dtype"):
        SamplerConfig(dtype="float8")
    with pytest.raises(UsageError, match="steps 0"):
        SamplerConfig(steps=0)
    with pytest.raises(UsageError, match="steps 1001: expected 1 to 1000"):
        SamplerConfig(steps=1001)
    with pytest.raises(UsageError, match=r"spacing 0\.1: expected 0\.5 to 4"):
        SamplerConfig(spacing=0.1)
    many = WANTED * (chunk_size(pipeline.model_id) // 8 + 1)
    with pytest.raises(ValueError, match="chunk of 24"):
        sample_chunk(pipeline, many, 0, FAST)
