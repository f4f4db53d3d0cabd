"""Settings that have no effect on what is trained: whoever gives one hears of it, as with conditions."""

from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.training.config import AutoencoderConfig, GeneratorConfig, LoopConfig
from synthuterus_bench.training.settings import Layer
from synthuterus_bench.training.targets import Target
from synthuterus_bench.vocab import AutoencoderId, Perceptual, TextEncoder


def refuse_idle(target: Target, config: LoopConfig, plain: LoopConfig, layers: list[Layer]) -> None:
    """Refuse what ``layers`` change to no effect; whole files of settings, as printed, may say what is so anyway.

    Args:
        config: the settings that ``layers`` make.
        plain: those of the preset alone.

    Raises:
        UsageError: the first of them.
    """
    for key, why in idle(target, config).items():
        value = getattr(config, key)
        source = next((layer.source for layer in reversed(layers) if key in layer.values), None)
        if source is not None and value != getattr(plain, key):
            raise UsageError(f"{source}: {key} is {value}, which has no effect on {target}: {why}", f"leave {key} out")


def idle(target: Target, config: LoopConfig) -> dict[str, str]:
    """Names of settings that change nothing, and why."""
    found = {}
    if isinstance(config, GeneratorConfig | AutoencoderConfig) and config.perceptual is Perceptual.OFF:
        found["perceptual_weight"] = "perceptual is off"
    if target is AutoencoderId.AE2D:
        found["kl_weight"] = "it has no such term, vae2d has"
    if isinstance(target, ModelId) and isinstance(config, GeneratorConfig):
        found |= _of_conditions(target, config)
    return found


def _of_conditions(model: ModelId, config: GeneratorConfig) -> dict[str, str]:
    told, found = model.conditioning, {}
    if not told.by_class:
        found["drop_class"] = "it is told no class"
    if not told.by_text:
        found |= dict.fromkeys(("drop_text", "text_encoder", "text_layers", "text_width"), "it is told no prompt")
    elif config.text_encoder is TextEncoder.CLIP:
        found |= dict.fromkeys(("text_width", "text_layers"), "CLIP has a size of its own")
    return found
