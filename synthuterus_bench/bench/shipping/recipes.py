"""``recipes/<id>.yaml``: the settings of what ships, over the small preset."""

from pathlib import Path
from typing import Any

from synthuterus_bench.errors import UsageError
from synthuterus_bench.repro import digest_json
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.presets import settle
from synthuterus_bench.training.settings import INIT, Layer, read_mapping
from synthuterus_bench.training.targets import Target
from synthuterus_bench.vocab import Scale

BYSTANDERS = ("checkpoint_every", "keep", "sheet_every", "quality_samples", "precision")
"""Settings that change no weight, or only its rounding, as another machine does."""


def read_recipe(target: Target, recipes: Path, until: int | None = None) -> LoopConfig:
    """The settings of ``target``.

    Args:
        until: a step to pause at; the rate of learning must not have begun to fall, for a run to that step alone would
            have another one.

    Raises:
        UsageError: there is no recipe, it has a setting that ``target`` has not, or the pause would change the run.
    """
    path = recipes / f"{target}.yaml"
    layers = [Layer(str(path), {key: value for key, value in read_mapping(path).items() if key != INIT})]
    whole = settle(target, Scale.SMALL, layers)
    if until is None or until >= whole.steps:
        return whole
    constant = whole.steps - whole.decay_steps
    if not 0 < until <= constant:
        raise UsageError(
            f"--until {until}: {target} learns at a constant rate up to step {constant:,} of {whole.steps:,}",
            f"give at most {constant}, or no --until",
        )
    return settle(target, Scale.SMALL, [*layers, Layer("--until", {"steps": until, "decay_steps": 0})])


def begins_with(target: Target, recipes: Path) -> str | None:
    """The model whose weights the training of ``target`` begins with, as its recipe says; None for random ones."""
    found = read_mapping(recipes / f"{target}.yaml").get(INIT)
    return None if found is None else str(found)


def same_training(config: LoopConfig, recorded: dict[str, Any]) -> bool:
    """Whether weights with these recorded settings are those of ``config``."""
    return _deciding(config.model_dump(mode="json")) == _deciding(recorded)


def recipe_digest(settings: dict[str, Any]) -> str:
    """SHA-256 of the settings that decide the weights."""
    return digest_json(_deciding(settings))


def _deciding(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in BYSTANDERS}
