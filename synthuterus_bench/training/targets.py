"""What ``synthbench train`` can train: generators, autoencoders, the embedder, the localiser; and their settings."""

from enum import StrEnum

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import ModelId, every_id
from synthuterus_bench.prep.spatial import SLICES
from synthuterus_bench.training.config import (
    AutoencoderConfig,
    EmbedderConfig,
    GeneratorConfig,
    LocaliserConfig,
    LoopConfig,
    RefinerConfig,
)
from synthuterus_bench.vocab import AutoencoderId, Family, SliceChoice, Split

CENTRAL = 3


class Helper(StrEnum):
    """Networks that judge, prepare and refine."""

    EMBEDDER = "embedder"
    LOCALISER = "localiser"
    REFINER = "refiner"


_HELPERS: dict[Helper, type[LoopConfig]] = {
    Helper.EMBEDDER: EmbedderConfig,
    Helper.LOCALISER: LocaliserConfig,
    Helper.REFINER: RefinerConfig,
}

Target = ModelId | AutoencoderId | Helper


def parse_target(text: str) -> Target:
    """What ``text`` names.

    Raises:
        UsageError: nothing that can be trained.
    """
    known: dict[str, Target] = {str(one): one for one in (*every_id(), *AutoencoderId, *Helper)}
    if text not in known:
        raise UsageError(
            f"unknown model id {text!r}",
            "expected {ddpm2d,ldm2d,ddpm3d}-{uncond,class,text,ct}-{full,roi}, ae2d, vae2d, refiner, embedder "
            "or localiser",
        )
    return known[text]


def config_class(target: Target) -> type[LoopConfig]:
    """The settings that a target has."""
    if isinstance(target, ModelId):
        return GeneratorConfig
    if isinstance(target, AutoencoderId):
        return AutoencoderConfig
    return _HELPERS[target]


def example_count(target: Target, cohort: Cohort, config: LoopConfig) -> int:
    """Training examples in an epoch: volumes of a 3D model, else images, of volumes their slices."""
    scans = cohort.manifest.splits.get(Split.TRAIN, 0)
    if cohort.manifest.dims == 2 or (isinstance(target, ModelId) and target.family is Family.DDPM3D):
        return scans
    central = getattr(config, "slices", SliceChoice.ALL) is SliceChoice.CENTRAL3
    return scans * (CENTRAL if central else SLICES)
