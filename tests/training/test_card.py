import pytest

from synthuterus_bench.generators.catalogue import every_id
from synthuterus_bench.generators.trained import TrainingRecord
from synthuterus_bench.training.card import model_card


def record(model: str, **changes) -> TrainingRecord:
    facts = {
        "model_id": model,
        "cohort": "phantom-v1",
        "cohort_digest": "ab" * 32,
        "train_scans": 1200,
        "shares": [],
        "images_seen": 34_000,
        "config": {"perceptual": "off"},
        "losses": [0.5, 0.25],
        "device": "cpu",
    }
    return TrainingRecord(**(facts | changes))


@pytest.mark.parametrize("model", map(str, every_id()))
def test_every_id_has_a_card_that_says_what_it_is(model):
    card = model_card(record(model), {"denoiser": 5})
    told = {"uncond": "nothing", "class": "the class", "text": "a prompt", "ct": "class and prompt"}
    assert f"# {model}" in card
    assert f"told {told[model.split('-')[1]]}" in card
    assert ("24 x" in card) == model.startswith("ddpm3d")
    assert ("volumes seen" in card) == model.startswith("ddpm3d")
    assert "0.2500" in card
    assert "perceptual loss | none" in card


def test_the_card_says_which_perceptual_distance_was_used_and_what_it_was_built_on():
    facts = record(
        "ldm2d-ct-roi",
        config={"perceptual": "embedder", "perceptual_weight": 0.3},
        digests={"autoencoder": "cd" * 32, "text_encoder": "ef" * 32},
        validation=[(10, 0.7), (20, 0.6)],
        best_step=20,
    )
    card = model_card(facts, {"denoiser": 5, "autoencoder": 7})
    assert "perceptual loss | embedder, weight 0.3" in card
    assert f"built on autoencoder | `{'cd' * 8}`" in card
    assert "0.6000 after 20 steps" in card
    assert "denoiser 5, autoencoder 7" in card


def test_measured_values_stand_beside_their_interval_and_what_real_pictures_get():
    quality = {"anatomy-valid": 0.8, "anatomy-valid low": 0.7, "anatomy-valid high": 0.9}
    quality |= {"anatomy-valid floor low": 0.88, "anatomy-valid floor high": 0.97}
    card = model_card(record("ddpm2d-ct-roi", quality=quality), {"denoiser": 5}, samples=True)
    assert "| anatomy-valid | 0.8 | 0.7 to 0.9 | 0.88 to 0.97 |" in card
    assert "samples.png" in card


def test_every_setting_is_on_the_card_as_the_command_takes_it():
    config = {"channels": [8, 16], "lr": 1e-4, "prediction": "epsilon", "loop": {"steps": 7}, "perceptual": "off"}
    card = model_card(record("ddpm2d-ct-roi", config=config), {"denoiser": 5})
    assert "`channels=[8, 16]`, `lr=0.0001`, `perceptual=off`, `prediction=epsilon`, `steps=7`." in card
