"""The autoencoder that ships: as its training packed it, weights, record, card and pictures."""

from pathlib import Path

from synthuterus_bench.bench.shipping.parcel import replace_folder
from synthuterus_bench.bench.shipping.yard import Yard
from synthuterus_bench.nets.autoencoder import load_autoencoder
from synthuterus_bench.vocab import AutoencoderId
from synthuterus_bench.weights import SHIPPED_AUTOENCODER


def pack_autoencoder(yard: Yard) -> Path:
    """Copy what was trained in ``WORK/w-vae2d``. Returns the folder that ships.

    Raises:
        WeightsError: nothing was trained, or what is there cannot be loaded.
    """
    home, target = yard.out(AutoencoderId.VAE2D) / "autoencoder", yard.ship / SHIPPED_AUTOENCODER
    load_autoencoder(home)
    replace_folder(home, target)
    yard.say(f"{SHIPPED_AUTOENCODER}: in {target}")
    return target
