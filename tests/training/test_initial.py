"""Weights to begin with: those of a trained generator, of the same networks, or none."""

import copy
from dataclasses import replace

import pytest
import torch

from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.nets.condition import every_prompt
from synthuterus_bench.nets.denoiser import denoise
from synthuterus_bench.training.generator import make_task, train_generator
from synthuterus_bench.training.initial import begin_with
from synthuterus_bench.training.start import Inputs, start
from synthuterus_bench.training.targets import Helper
from synthuterus_bench.vocab import Orientation, View
from tests.conftest import tiny_config

MODEL = parse_id("ddpm2d-ct-roi")


@pytest.fixture(scope="module")
def first(cohort, tmp_path_factory):
    out = tmp_path_factory.mktemp("first")
    train_generator(MODEL, cohort, tiny_config(steps=2, quality_samples=0), out)
    return out / "pipeline"


def test_networks_begin_with_the_weights_of_the_folder(cohort, first):
    task, found = make_task(MODEL, cohort, tiny_config(seed=5)), load_pipeline(first)
    assert begin_with(task, first) == weights_digest(first)
    for name in ("unet", "text_encoder"):
        for key, value in getattr(found, name).state_dict().items():
            assert torch.equal(task.nets[name].state_dict()[key], value), key


def test_a_step_of_almost_no_length_leaves_them_there_and_the_record_names_them(cohort, first, tmp_path):
    config = tiny_config(steps=1, lr=1e-12, weight_decay=0, quality_samples=0)
    record = train_generator(MODEL, cohort, config, tmp_path, initial=first)
    assert record.digests["initial"] == weights_digest(first)
    assert load_record(tmp_path / "pipeline").digests == record.digests
    before, after = (load_pipeline(folder).unet.state_dict() for folder in (first, tmp_path / "pipeline"))
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_a_run_does_not_go_on_from_other_weights_than_it_began_with(cohort, first, tmp_path):
    config = tiny_config(steps=1, quality_samples=0)
    train_generator(MODEL, cohort, config, tmp_path, initial=first)
    with pytest.raises(WeightsError):
        train_generator(MODEL, cohort, config.model_copy(update={"steps": 2}), tmp_path)


def test_weights_of_one_view_begin_those_of_the_other(first, tmp_path):
    full = draw_cohort(tmp_path / "full", scans=24, view=View.FULL, seed=5, workers=1)
    task = make_task(parse_id("ddpm2d-ct-full"), full, tiny_config())
    begin_with(task, first)
    learned = load_pipeline(first).unet.state_dict()
    assert all(torch.equal(value, learned[key]) for key, value in task.unet.state_dict().items())


def test_weights_of_pictures_begin_volumes_whose_slices_are_then_drawn_alone(first, tmp_path):
    volumes = draw_cohort(tmp_path / "volumes", scans=24, dims=3, seed=5, workers=1)
    task = make_task(parse_id("ddpm3d-ct-roi"), volumes, tiny_config())
    begin_with(task, first)
    pictures, x = load_pipeline(first), torch.randn(1, 1, 3, 128, 128)
    told = pictures.tell([Orientation.AV_AF], [every_prompt()[0]])
    with torch.no_grad():
        whole = denoise(task.unet.eval(), x, torch.tensor([300]), told)
        alone = [denoise(pictures.unet, x[:, :, k], torch.tensor([300]), told) for k in range(3)]
    torch.testing.assert_close(whole, torch.stack(alone, 2))


@pytest.mark.parametrize(
    ("model", "settings", "named"),
    [
        ("ddpm2d-ct-roi", {"channels": (8, 16)}, "another network"),
        ("ddpm2d-ct-roi", {"prediction": "sample"}, "prediction_type"),
        ("ddpm2d-ct-roi", {"layers_plane": True}, "planes"),
        ("ddpm2d-class-roi", {"drop_text": 0.0}, "vocabulary"),
    ],
)
def test_weights_that_mean_something_else_are_refused(cohort, first, model, settings, named):
    task = make_task(parse_id(model), cohort, tiny_config(**settings))
    before = copy.deepcopy(task.unet.state_dict())
    with pytest.raises(WeightsError, match=named):
        begin_with(task, first)
    assert all(torch.equal(value, task.unet.state_dict()[key]) for key, value in before.items())


def test_only_generators_take_them(cohort, first, tmp_path):
    from synthuterus_bench.training.config import EmbedderConfig

    with pytest.raises(UsageError, match="only generators"):
        start(Helper.EMBEDDER, cohort, EmbedderConfig(), tmp_path, replace(Inputs(), initial=first))
