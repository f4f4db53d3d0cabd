"""Any list of ids, in order: train, then pack."""

from typing import TypeGuard

from synthuterus_bench.bench.shipping.autoencoder import pack_autoencoder
from synthuterus_bench.bench.shipping.embedder import pack_embedder
from synthuterus_bench.bench.shipping.pack import pack_model
from synthuterus_bench.bench.shipping.train import train_refiner_of, train_target
from synthuterus_bench.bench.shipping.yard import Yard
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.training.targets import Helper, Target, parse_target
from synthuterus_bench.vocab import AutoencoderId, Family
from synthuterus_bench.workers import process_count


def _refined(target: Target, yard: Yard) -> TypeGuard[ModelId]:
    """Whether a target gets a refiner: latent models do, where there is a recipe for it."""
    latent = isinstance(target, ModelId) and target.family is Family.LDM2D
    return latent and (yard.recipes / f"{Helper.REFINER}.yaml").is_file()


def make(ids: list[str], yard: Yard, training: bool = True, packing: bool = True) -> None:
    """Train and pack every id; ``ae2d`` and the localiser are trained only.

    Raises:
        UsageError: an id has no recipe, or several processes were launched to pack.
        DataError: what is there already is not what it should be.
    """
    targets = [parse_target(text) for text in ids]
    packing = packing and yard.until is None
    if Helper.REFINER in targets:
        raise UsageError(f"{Helper.REFINER}: is made with its latent model", "give that one's id")
    if lacking := [one for one in targets if not (yard.recipes / f"{one}.yaml").is_file()]:
        known = ", ".join(sorted(path.stem for path in yard.recipes.glob("*.yaml")))
        raise UsageError(f"{lacking[0]}: no {yard.recipes / f'{lacking[0]}.yaml'}, expected one of: {known}")
    if packing and process_count() > 1:
        raise UsageError(f"found {process_count()} processes, expected one to pack", "give --train-only, then pack")
    for target in targets:
        if training:
            train_target(target, yard)
        if training and yard.until is None and _refined(target, yard):
            train_refiner_of(target, yard)
        if packing and isinstance(target, ModelId):
            pack_model(target, yard)
        if packing and target is Helper.EMBEDDER:
            pack_embedder(yard)
        if packing and target is AutoencoderId.VAE2D:
            pack_autoencoder(yard)
