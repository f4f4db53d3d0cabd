from dataclasses import replace

import pytest

from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import ModelId, every_id, parse_id
from synthuterus_bench.nets.autoencoder import DOWNSAMPLE
from synthuterus_bench.training.config import EmbedderConfig, LocaliserConfig
from synthuterus_bench.training.diffusion import check_settings
from synthuterus_bench.training.presets import preset, settle
from synthuterus_bench.training.settings import Layer
from synthuterus_bench.training.targets import Helper, example_count, parse_target
from synthuterus_bench.vocab import VIEW_SIZE, AutoencoderId, Family, Scale, SliceChoice

TARGETS = [*every_id(), *AutoencoderId, *Helper]


@pytest.mark.parametrize("scale", [*Scale])
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_every_preset_is_a_training_that_can_be(target, scale):
    config = settle(target, scale, [], lambda _: 2970)
    assert parse_target(str(target)) == target
    if isinstance(target, ModelId):
        check_settings(target, config)
        side = VIEW_SIZE[target.view] // (DOWNSAMPLE if target.family is Family.LDM2D else 1)
        assert side % (config.patch * 2 ** (len(config.channels) - 1)) == 0
        assert (side // config.patch) >> (len(config.channels) - 1) >= 2, "something is left at the coarsest level"
        assert all(width % config.heads == 0 for width in config.channels[-config.attention :])
    if isinstance(target, AutoencoderId):
        assert config.patch * 2 ** (len(config.channels) - 1) == DOWNSAMPLE
    if scale is Scale.SMALL:
        assert 0 < config.decay_steps < config.steps


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_the_paper_stays_in_its_ranges(target):
    config = settle(target, Scale.PAPER, [], lambda _: 2970)
    assert 1e-5 <= config.lr <= 1e-3
    latent = isinstance(target, ModelId) and target.family is Family.LDM2D
    assert config.batch == 126 if latent else 1 <= config.batch <= 64
    epoch = -(-2970 // config.batch)
    assert (config.steps, config.evaluate_every, config.patience) == (2000 * epoch, epoch, 50)
    if isinstance(target, ModelId):
        assert 0 <= config.drop_class <= 0.2
        assert 0 <= config.drop_text <= 0.2
        assert config.patch == 1
        assert config.balance
        assert config.text_encoder == ("clip" if target.conditioning.by_text else "own")
        assert config.prediction == ("sample" if latent else "epsilon")
    if not latent and not isinstance(target, Helper):
        assert config.perceptual == "lpips"
        assert 0.1 <= config.perceptual_weight <= 1


def test_lengths_follow_from_what_is_given():
    target = parse_id("ddpm2d-ct-roi")
    layers = [Layer("--set", {"batch": 10, "accumulate": 2})]
    config = settle(target, Scale.PAPER, layers, lambda _: 1001, processes=5)
    assert (config.steps, config.evaluate_every) == (2000 * 11, 11)
    fixed = settle(target, Scale.PAPER, [*layers, Layer("--set", {"steps": 7, "evaluate_every": 3})])
    assert (fixed.steps, fixed.evaluate_every, fixed.decay_steps) == (7, 3, 0)
    assert settle(target, Scale.SMALL, [Layer("--set", {"steps": 100})]).decay_steps == 20
    assert settle(target, Scale.SMALL, [Layer("--set", {"steps": 100, "decay_steps": 5})]).decay_steps == 5
    with pytest.raises(UsageError, match="found no cohort"):
        settle(target, Scale.PAPER, [])


def test_what_ships_was_trained_by_the_small_presets():
    assert settle(Helper.EMBEDDER, Scale.SMALL, []) == EmbedderConfig()
    assert settle(Helper.LOCALISER, Scale.SMALL, []) == LocaliserConfig()
    config = settle(parse_id("ddpm2d-ct-roi"), Scale.SMALL, [])
    assert (config.steps, config.decay_steps, config.batch, config.lr) == (20_000, 4_000, 16, 8e-4)
    assert preset(Helper.EMBEDDER, Scale.SMALL) == {}


def test_examples_of_an_epoch(cohort):
    config = settle(parse_id("ddpm2d-ct-roi"), Scale.SMALL, [])
    train = cohort.manifest.splits["train"]
    assert example_count(parse_id("ddpm2d-ct-roi"), cohort, config) == train
    manifest = cohort.manifest.model_copy(update={"dims": 3})
    volumes = replace(cohort, manifest=manifest)
    assert example_count(parse_id("ddpm3d-ct-roi"), volumes, config) == train
    assert example_count(parse_id("ddpm2d-ct-roi"), volumes, config) == 24 * train
    central = config.model_copy(update={"slices": SliceChoice.CENTRAL3})
    assert example_count(AutoencoderId.VAE2D, volumes, central) == 3 * train
    with pytest.raises(UsageError, match="unknown model id 'ddpm4d'"):
        parse_target("ddpm4d")
