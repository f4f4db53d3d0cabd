import pytest

from synthuterus_bench.errors import UsageError
from synthuterus_bench.training.presets import settle
from synthuterus_bench.training.settings import Layer
from synthuterus_bench.training.targets import parse_target
from synthuterus_bench.vocab import Scale


@pytest.mark.parametrize(
    ("target", "values", "why"),
    [
        ("ddpm2d-uncond-roi", {"drop_class": 0.2}, "told no class"),
        ("ddpm2d-text-roi", {"drop_class": 0.2}, "told no class"),
        ("ddpm2d-class-roi", {"drop_text": 0.2}, "told no prompt"),
        ("ldm2d-class-full", {"text_encoder": "clip"}, "told no prompt"),
        ("ddpm2d-class-roi", {"text_width": 64}, "told no prompt"),
        ("ddpm3d-class-roi", {"text_width": 64}, "told no prompt"),
        ("ddpm2d-ct-roi", {"text_encoder": "clip", "text_layers": 3}, "CLIP has a size of its own"),
        ("ddpm3d-ct-roi", {"perceptual_weight": 0.5}, "perceptual is off"),
        ("ae2d", {"kl_weight": 0.5}, "no such term"),
        ("vae2d", {"perceptual": "off", "perceptual_weight": 0.1}, "perceptual is off"),
    ],
)
def test_a_setting_without_effect_is_refused(target, values, why):
    with pytest.raises(UsageError, match=f"--set: .* has no effect on {target}: .*{why}"):
        settle(parse_target(target), Scale.SMALL, [Layer("--set", values)])


@pytest.mark.parametrize(
    ("target", "values"),
    [
        ("ddpm2d-ct-roi", {"drop_class": 0.2, "drop_text": 0.0, "text_width": 64, "text_layers": 1}),
        ("ddpm2d-uncond-roi", {"perceptual": "embedder", "perceptual_weight": 0.5}),
        ("vae2d", {"kl_weight": 0.1}),
    ],
)
def test_a_setting_with_an_effect_is_taken(target, values):
    config = settle(parse_target(target), Scale.SMALL, [Layer("--set", values)])
    assert {key: getattr(config, key) for key in values} == values


@pytest.mark.parametrize("scale", Scale)
@pytest.mark.parametrize("target", ["ddpm2d-uncond-roi", "ldm2d-class-roi", "ddpm3d-text-full", "ae2d", "embedder"])
def test_all_that_is_printed_can_be_given_again(target, scale):
    known = parse_target(target)
    config = settle(known, scale, [], lambda _: 100)
    assert settle(known, scale, [Layer("mine.yaml", config.model_dump(mode="json"))]) == config
