"""The task of a denoiser: it learns what it is shown, is told what it should be, and goes on where it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError, UsageError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.sampler import Wanted, chunk_size, sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.training.diffusion import check_settings
from synthuterus_bench.training.generator import make_task, train_generator
from synthuterus_bench.training.loop import train
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Sequence, Split
from tests.conftest import tiny_config
from tests.training.planted import planted_cohort, traits


def psnr(found, wanted) -> float:
    """Peak signal to noise of z-scores, the peak being the range of the wanted picture."""
    ours, theirs = from_window(found), from_window(wanted)
    return 10 * np.log10(np.ptp(theirs) ** 2 / np.mean((ours - theirs) ** 2))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_four_pictures_learned_by_heart_come_back_through_the_sampler(cohort, tmp_path):
    config = tiny_config(
        600,
        channels=(64, 64),
        prediction="sample",
        lr=2e-3,
        warmup_steps=20,
        decay_steps=300,
        average=0.99,
        drop_class=0.0,
    )
    task = make_task(parse_id("ddpm2d-class-roi"), cohort, config)
    task.data = task.data.take(np.array([np.flatnonzero(task.data.classes == k)[0] for k in range(4)]))
    task.clean = replace(task.clean, x0=task.data.pixels[:, None], uterus=None)
    train(task, config, tmp_path, task.accelerator)
    task.unet.eval()
    found = sample_chunk(task.pipeline(), [Wanted(one, None, 0) for one in CLASSES], 0, SamplerConfig(steps=20))
    assert min(map(psnr, found, task.data.pixels)) > 25


CONDITIONS = [(o, f, s) for o in CLASSES for f in FIELD_STRENGTHS for s in Sequence]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("model", ["ddpm2d-ct-roi", "ddpm2d-text-roi"])
def test_samples_follow_their_conditions_and_shuffled_ones_drop_a_classifier_to_chance(model, tmp_path):
    planted = planted_cohort(tmp_path / "cohort", each=20)
    config = tiny_config(
        1500,
        batch=12,
        patch=16,
        channels=(64, 64),
        attention=2,
        text_width=64,
        text_layers=1,
        prediction="sample",
        lr=1.5e-3,
        warmup_steps=50,
        decay_steps=600,
        average=0.98,
    )
    train_generator(parse_id(model), planted, config, tmp_path / "run")
    pipeline = load_pipeline(tmp_path / "run" / "pipeline")
    told = CONDITIONS * 4
    by_class = pipeline.model_id.conditioning.by_class
    wanted = [Wanted(c[0] if by_class else None, render(Condition(*c)), i) for i, c in enumerate(told)]
    size = chunk_size(pipeline.model_id)
    config = SamplerConfig(steps=20, guidance=1.0)
    samples = np.concatenate(
        [sample_chunk(pipeline, wanted[i : i + size], 0, config) for i in range(0, len(told), size)]
    )
    seen, (pixels, scans) = traits(from_window(samples)), planted.arrays(Split.TRAIN)
    shuffled = [told[i] for i in np.random.default_rng(0).permutation(len(told))]
    for k, chance in enumerate((1 / 4, 1 / 3, 1 / 2)):
        real = [(scan.orientation, round(float(scan.field_strength), 2), scan.sequence)[k] for scan in scans]
        judge = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        answers = judge.fit(traits(from_window(pixels)), list(map(str, real))).predict(seen)
        right = np.mean([answer == str(one[k]) for answer, one in zip(answers, told, strict=True)])
        wrong = np.mean([answer == str(one[k]) for answer, one in zip(answers, shuffled, strict=True)])
        assert right > 0.9, (k, right)
        assert abs(wrong - chance) < 3 * (chance * (1 - chance) / len(told)) ** 0.5


def test_validation_repeats_itself_and_sees_the_weights(cohort):
    task = make_task(parse_id("ddpm2d-ct-roi"), cohort, tiny_config(evaluate_every=1))
    assert make_task(parse_id("ddpm2d-ct-roi"), cohort, tiny_config()).validate() is None
    first = task.validate()
    assert first == task.validate()
    with torch.no_grad():
        task.unet.conv_out.weight.add_(0.1)
    assert task.validate() != first


def test_a_sheet_repeats_itself(cohort):
    task = make_task(parse_id("ddpm2d-uncond-roi"), cohort, tiny_config())
    assert np.array_equal(task.sheet(), task.sheet())


def test_settings_that_say_what_is_not_so_are_refused(cohort):
    ldm, volumes = parse_id("ldm2d-ct-roi"), parse_id("ddpm3d-ct-roi")
    cases = [
        (ldm, {"patch": 1}, "prediction=v_prediction"),
        (ldm, {"patch": 4, "prediction": "sample"}, "patch=4"),
        (ldm, {"patch": 1, "prediction": "sample", "perceptual": "embedder"}, "perceptual=embedder"),
        (volumes, {"slices": "central3"}, "slices=central3"),
    ]
    for model, changes, message in cases:
        with pytest.raises(UsageError, match=message):
            train_generator(model, cohort, tiny_config(**changes), cohort.root / "nowhere")
    with pytest.raises(UsageError, match="no autoencoder"):
        make_task(ldm, cohort, tiny_config(patch=1, prediction="sample"))
    with pytest.raises(UsageError, match="only models of latents"):
        make_task(parse_id("ddpm2d-ct-roi"), cohort, tiny_config(), autoencoder=cohort.root)


def test_a_uterus_that_is_not_drawn_cannot_weigh_more(tmp_path):
    planted = planted_cohort(tmp_path / "cohort", each=1)
    with pytest.raises(CohortError, match="scans without a mask"):
        make_task(parse_id("ddpm2d-ct-roi"), planted, tiny_config(uterus_weight=2.0))


def test_the_uterus_weighs_more(cohort):
    plain, weighted = (
        make_task(parse_id("ddpm2d-ct-roi"), cohort, tiny_config(uterus_weight=weight)) for weight in (0.0, 2.0)
    )
    _, weight = weighted._tensors(weighted.clean, np.arange(4))
    inside = torch.from_numpy(weighted.data.uterus[:4][:, None])
    assert (weight[inside].mean() / weight[~inside].mean()).item() == pytest.approx(3, rel=1e-5)
    assert weight.mean().item() == pytest.approx(1, rel=1e-5)
    assert plain._tensors(plain.clean, np.arange(4))[1] == 1.0


def test_conditions_are_left_out_together(cohort, monkeypatch):
    task = make_task(parse_id("ddpm2d-ct-roi"), cohort, tiny_config(batch=64, drop_class=0.3, drop_text=0.3))
    seen = []
    monkeypatch.setattr(task, "_told", lambda data, rows, forget: seen.append(forget))
    monkeypatch.setattr(task.objective.__class__, "losses", lambda *_: torch.zeros(64))
    for step in range(20):
        task.loss(step)
    left_out = np.concatenate(seen, 1)
    assert np.array_equal(left_out[0], left_out[1])
    assert left_out.mean() == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("model", ["ddpm2d-ct-roi", "ddpm2d-uncond-roi"])
def test_layers_are_learned_beside_the_picture_and_left_out_of_samples(model, cohort, tmp_path):
    config = tiny_config(uterus_weight=2.0, layers_plane=True)
    task = make_task(parse_id(model), cohort, config)
    z = task.clean.z(np.arange(4))
    assert z.shape == (4, 2, 128, 128)
    assert np.array_equal(z[:, 0], from_window(task.data.pixels[:4]))
    assert np.array_equal(z[:, 1] > 0, task.data.layers[:4] > 0)
    assert set(np.unique(task.data.layers)) == {0, 1, 2, 3, 4}
    train_generator(parse_id(model), cohort, config, tmp_path)
    pipeline = load_pipeline(tmp_path / "pipeline")
    assert pipeline.noise_shape == (2, 128, 128)
    asked = [one if pipeline.model_id.conditioning.by_class else None for one in CLASSES]
    prompts = [render(Condition(one, 3.0, Sequence.TSE)) if pipeline.text_encoder else None for one in CLASSES]
    wanted = [Wanted(one, prompt, index) for index, (one, prompt) in enumerate(zip(asked, prompts, strict=True))]
    assert sample_chunk(pipeline, wanted, 0, SamplerConfig(steps=2)).shape == (4, 128, 128)


def test_the_validation_loss_is_that_of_the_picture_with_layers_or_without(cohort):
    task = make_task(parse_id("ddpm2d-ct-roi"), cohort, tiny_config(layers_plane=True, evaluate_every=1))
    task.unet.forward = lambda x, *_, **__: type("Out", (), {"sample": 0 * x})
    both = task.validate()
    task._held_out[1].layers[:] = 0
    assert task.validate() == both


def test_layers_need_masks_and_pixels(cohort, tmp_path):
    with pytest.raises(CohortError, match="layers_plane"):
        make_task(
            parse_id("ddpm2d-ct-roi"), planted_cohort(tmp_path, 1), tiny_config(layers_plane=True, evaluate_every=1)
        )
    with pytest.raises(UsageError, match="layers_plane=true, expected false"):
        check_settings(parse_id("ldm2d-ct-roi"), tiny_config(layers_plane=True, patch=1, prediction="sample"))
