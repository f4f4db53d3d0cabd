"""Settings ready made: ``small`` for two cores, ``paper`` after Mueller et al. 2025 (arXiv 2508.07903).

The paper gives ranges (AdamW, learning rate 1e-5 to 1e-3, batch 1 to 64, of the latent U-Net 126, condition dropout 0
to 0.2, LPIPS weight 0.1 to 1.0) and found its values in them by a grid search; ``paper`` stands in their middle. It
does not publish channel widths: ours are the usual ones of pixel, latent and video diffusion. Its length is the
paper's: 2000 epochs at most, an evaluation after each, and the end after 50 without improvement.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.idle import refuse_idle
from synthuterus_bench.training.precision import settled_precision
from synthuterus_bench.training.settings import Layer, merge
from synthuterus_bench.training.targets import Helper, Target, config_class
from synthuterus_bench.vocab import (
    AutoencoderId,
    Family,
    Perceptual,
    Precision,
    Prediction,
    Scale,
    TextEncoder,
    View,
)

Settings = Mapping[str, Any]
Count = Callable[[LoopConfig], int]

EPOCHS, PATIENCE = 2000, 50
SHEETS, CHECKPOINTS = 100, 200
"""How many sheets and checkpoints 2000 epochs leave: one after each of a few steps would cost more than the steps."""

SMALL_DECAY = {Helper.EMBEDDER: Fraction(150, 420), Helper.LOCALISER: Fraction(1, 2), Helper.REFINER: Fraction(1, 5)}
"""Share of the steps in which the learning rate falls to zero; of all others a fifth."""

_LATENT = {"patch": 1, "prediction": Prediction.SAMPLE}

_SMALL = {"steps": 20_000, "lr": 8e-4, "precision": Precision.BF16, "evaluate_every": 2000, "uterus_weight": 2.0}
SMALL: dict[tuple[Family, View], Settings] = {
    (Family.DDPM2D, View.ROI): _SMALL | {"batch": 16, "patch": 4},
    (Family.DDPM2D, View.FULL): _SMALL | {"batch": 16, "patch": 8, "channels": (96, 128, 160)},
    (Family.LDM2D, View.ROI): _SMALL | _LATENT | {"batch": 32},
    (Family.LDM2D, View.FULL): _SMALL | _LATENT | {"batch": 16},
    (Family.DDPM3D, View.ROI): _SMALL
    | {"steps": 6000, "lr": 5e-4, "batch": 2, "patch": 4, "channels": (32, 64, 96), "quality_samples": 16},
    (Family.DDPM3D, View.FULL): _SMALL
    | {"steps": 6000, "lr": 5e-4, "batch": 2, "patch": 8, "channels": (32, 64, 96), "quality_samples": 16},
}
SMALL_AUTOENCODER: Settings = {"steps": 2000, "lr": 1.5e-3, "batch": 4, "evaluate_every": 500}

_PAPER = {"lr": 1e-4, "patience": PATIENCE, "average": 0.9999, "precision": Precision.BF16}
_PIXELS = {"patch": 1, "prediction": Prediction.EPSILON, "perceptual": Perceptual.LPIPS, "perceptual_weight": 0.1}
_WIDE = {"layers": 2, "attention": 2, "heads": 8}
PAPER: dict[tuple[Family, View], Settings] = {
    (Family.DDPM2D, View.ROI): _PAPER | _PIXELS | _WIDE | {"batch": 64, "channels": (128, 128, 256, 256, 512)},
    (Family.DDPM2D, View.FULL): _PAPER | _PIXELS | _WIDE | {"batch": 16, "channels": (128, 128, 256, 256, 512, 512)},
    (Family.LDM2D, View.ROI): _PAPER | _LATENT | _WIDE | {"batch": 126, "channels": (192, 384, 576)},
    (Family.LDM2D, View.FULL): _PAPER | _LATENT | _WIDE | {"batch": 126, "channels": (192, 384, 576)},
    (Family.DDPM3D, View.ROI): _PAPER | _PIXELS | _WIDE | {"batch": 4, "channels": (64, 128, 256, 512)},
    (Family.DDPM3D, View.FULL): _PAPER | _PIXELS | _WIDE | {"batch": 1, "channels": (64, 128, 256, 512)},
}
PAPER_AUTOENCODER: Settings = _PAPER | {
    "batch": 16,
    "patch": 1,
    "channels": (128, 256, 512, 512),
    "layers": 2,
    "attention": True,
    "perceptual": Perceptual.LPIPS,
    "perceptual_weight": 0.5,
}
PAPER_HELPER: Settings = {"lr": 1e-3, "batch": 64, "patience": PATIENCE}


def preset(target: Target, scale: Scale) -> dict[str, Any]:
    """The settings of a preset that differ from the defaults; of ``paper`` without its length, see :func:`settle`."""
    if isinstance(target, ModelId):
        table = SMALL if scale is Scale.SMALL else PAPER
        chosen = dict(table[target.family, target.view])
        if scale is Scale.PAPER and target.conditioning.by_text:
            chosen["text_encoder"] = TextEncoder.CLIP
        return chosen
    if isinstance(target, AutoencoderId):
        return dict(SMALL_AUTOENCODER if scale is Scale.SMALL else PAPER_AUTOENCODER)
    return {} if scale is Scale.SMALL else dict(PAPER_HELPER)


def settle(
    target: Target, scale: Scale, layers: list[Layer], count: Count | None = None, processes: int = 1
) -> LoopConfig:
    """The settings of a preset with ``layers`` of changes over it, the last one strongest.

    The precision of a preset is one that this machine computes in. Lengths that no layer gives follow from the rest:
    the decay of the learning rate is a share of the steps; under ``paper`` steps, evaluations and checkpoints follow
    from the batch, the examples and the processes.

    Args:
        count: examples in an epoch, given the settings so far.

    Raises:
        UsageError: a key or value is not allowed or has no effect, or the length of ``paper`` needs ``count``.
    """
    kind, changes = config_class(target), layers
    plain = Layer(f"preset {scale}", _as_here(kind, preset(target, scale)))
    layers = [plain, *changes]
    config = merge(kind, layers)
    refuse_idle(target, config, merge(kind, [plain]), changes)
    given = {key for layer in layers for key in layer.values}
    length: dict[str, Any] = {}
    if scale is Scale.PAPER:
        length = {key: value for key, value in _epochs(config, given, count, processes).items() if key not in given}
    if "decay_steps" not in given:
        length["decay_steps"] = round(_decay(target, scale) * int(length.get("steps", config.steps)))
    config = merge(kind, [*layers, Layer("length", length)])
    if config.patience and not config.evaluate_every:
        raise UsageError(f"patience is {config.patience}, evaluate_every 0: expected evaluations to be patient about")
    return config


def _as_here(kind: type[LoopConfig], settings: Settings) -> Settings:
    """A preset with the precision in which this machine computes."""
    wanted = settings.get("precision", kind.model_fields["precision"].default)
    return {**settings, "precision": settled_precision(wanted)}


def _epochs(config: LoopConfig, given: set[str], count: Count | None, processes: int) -> dict[str, Any]:
    """The paper's length, in steps."""
    if count is None:
        if {"steps", "evaluate_every"} <= given:
            return {}
        raise UsageError("the paper's preset counts epochs, found no cohort to count them by", "give --cohort DIR")
    epoch = math.ceil(count(config) / (config.batch * config.accumulate * processes))
    return {
        "steps": EPOCHS * epoch,
        "evaluate_every": epoch,
        "sheet_every": EPOCHS // SHEETS,
        "checkpoint_every": epoch * (EPOCHS // CHECKPOINTS),
    }


def _decay(target: Target, scale: Scale) -> Fraction:
    if scale is Scale.PAPER:
        return Fraction(0)
    return SMALL_DECAY[target] if isinstance(target, Helper) else Fraction(1, 5)
