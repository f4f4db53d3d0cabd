"""Any list of ids, in order: train, then pack."""

from synthuterus_bench.bench.shipping.autoencoder import pack_autoencoder
from synthuterus_bench.bench.shipping.embedder import pack_embedder
from synthuterus_bench.bench.shipping.pack import pack_model
from synthuterus_bench.bench.shipping.train import train_target
from synthuterus_bench.bench.shipping.yard import Yard
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.training.targets import Helper, parse_target
from synthuterus_bench.vocab import AutoencoderId
from synthuterus_bench.workers import process_count


def make(ids: list[str], yard: Yard, training: bool = True, packing: bool = True) -> None:
    """Train and pack every id; ``ae2d`` and the localiser are trained only.

    Raises:
        UsageError: an id has no recipe, or several processes were launched to pack.
        DataError: what is there already is not what it should be.
    """
    targets = [parse_target(text) for text in ids]
    packing = packing and yard.until is None
    if lacking := [one for one in targets if not (yard.recipes / f"{one}.yaml").is_file()]:
        known = ", ".join(sorted(path.stem for path in yard.recipes.glob("*.yaml")))
        raise UsageError(f"{lacking[0]}: no {yard.recipes / f'{lacking[0]}.yaml'}, expected one of: {known}")
    if packing and process_count() > 1:
        raise UsageError(f"found {process_count()} processes, expected one to pack", "give --train-only, then pack")
    for target in targets:
        if training:
            train_target(target, yard)
        if packing and isinstance(target, ModelId):
            pack_model(target, yard)
        if packing and target is Helper.EMBEDDER:
            pack_embedder(yard)
        if packing and target is AutoencoderId.VAE2D:
            pack_autoencoder(yard)
