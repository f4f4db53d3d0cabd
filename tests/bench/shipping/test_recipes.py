from pathlib import Path

import pytest
import torch

from synthuterus_bench.bench.shipping.parcel import LIMIT, TOTAL
from synthuterus_bench.bench.shipping.recipes import begins_with, read_recipe, recipe_digest, same_training
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import SHIPPED, ModelId
from synthuterus_bench.nets.denoiser import DenoiserSize, make_denoiser
from synthuterus_bench.training.course import learning_rate
from synthuterus_bench.training.diffusion import check_settings
from synthuterus_bench.training.targets import parse_target
from synthuterus_bench.vocab import VIEW_SIZE, Family

RECIPES = Path(__file__).parents[3] / "recipes"
IDS = sorted(path.stem for path in RECIPES.glob("*.yaml"))
MODELS = [name for name in IDS if "-" in name]
BESIDE = {"ldm2d": 3_300_000 + 2_730_000}
"""Bytes of an autoencoder and a refiner in the folder."""
RECORDS, TEXT = 80_000, 545_000
"""Bytes of card and records; of the text encoder."""


def test_there_is_one_for_all_that_ships_and_for_what_that_needs():
    assert {*SHIPPED, "vae2d", "embedder"} <= set(IDS)


@pytest.mark.parametrize("name", IDS)
def test_every_recipe_is_a_training_that_can_be(name):
    target, path = parse_target(name), RECIPES / f"{name}.yaml"
    config = read_recipe(target, RECIPES)
    assert path.read_text(encoding="utf-8").startswith("# About ")
    assert "core-minutes" in path.read_text(encoding="utf-8").splitlines()[0]
    assert 0 < config.decay_steps < config.steps
    if isinstance(target, ModelId):
        check_settings(target, config)
        assert config.quality_samples == 0, "scripts/weights measures"
        side = VIEW_SIZE[target.view] // (8 if target.family is Family.LDM2D else 1)
        assert (side // config.patch) >> (len(config.channels) - 1) >= 2


@pytest.mark.parametrize("name", IDS)
def test_what_a_recipe_begins_with_ships(name):
    assert begins_with(parse_target(name), RECIPES) in {None, *SHIPPED}


def denoiser_bytes(target: ModelId) -> int:
    config = read_recipe(target, RECIPES)
    latent = target.family is Family.LDM2D
    size = DenoiserSize(
        side=16 if latent else VIEW_SIZE[target.view],
        planes=4 if latent else 1,
        patch=config.patch,
        channels=config.channels,
        layers=config.layers,
        attention=config.attention,
        text_width=config.text_width,
    )
    with torch.device("meta"):
        net = make_denoiser(target.family, target.conditioning, size)
    return 2 * sum(p.numel() for p in net.parameters())


def test_what_they_make_fits_into_what_may_ship():
    sizes = {}
    for target in map(parse_target, MODELS):
        text = TEXT if target.conditioning.by_text else 0
        sizes[str(target)] = denoiser_bytes(target) + text + RECORDS + BESIDE.get(target.family, 0)
    assert max(sizes.values()) < LIMIT, sizes
    assert sum(sizes[name] for name in SHIPPED) < TOTAL, sizes


def test_a_pause_changes_no_step_that_is_taken():
    target = parse_target("ddpm2d-ct-roi")
    whole, paused = read_recipe(target, RECIPES), read_recipe(target, RECIPES, until=4000)
    assert paused.steps == 4000
    assert all(learning_rate(whole, step) == learning_rate(paused, step) for step in range(4000))
    assert read_recipe(target, RECIPES, until=whole.steps) == whole
    with pytest.raises(UsageError, match="constant rate up to step 12,800 of 16,000"):
        read_recipe(target, RECIPES, until=13_000)


def test_the_digest_is_of_what_decides_the_weights():
    config = read_recipe(parse_target("ddpm2d-ct-roi"), RECIPES)
    told = config.model_dump(mode="json")
    assert same_training(config, told | {"keep": 9, "quality_samples": 64})
    assert recipe_digest(told) == recipe_digest(told | {"checkpoint_every": 7})
    assert not same_training(config, told | {"seed": 1})
    assert recipe_digest(told) != recipe_digest(told | {"lr": 1e-3})
