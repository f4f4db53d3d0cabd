"""How well ``evaluate --check`` tells near copies: ``python benchmarks/near_copies.py COHORT`` prints a table.

COHORT is ``phantom-v1`` (``synthbench cohort phantom --preset phantom-v1 --out COHORT``). The bound comes from its
test patients against 1,200 training images; fresh images are those of its validation patients; copies are 200 of the
training images, changed as ``audit self-test`` changes them.
"""

import sys

import numpy as np

from synthuterus_bench.bench.near import ALPHA, closest
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.calibration import quantile
from synthuterus_bench.privacy.plants import Strength, Transform, plant
from synthuterus_bench.vocab import Split

TRAIN, COPIES = 1200, 200


def main(folder: str) -> None:
    """Print the false positives of fresh images, and the share of copies found."""
    cohort, embedder = load_cohort(folder), load_embedder()
    train, test, fresh = (cohort.arrays(split)[0] for split in (Split.TRAIN, Split.TEST, Split.VALIDATION))
    real = embedder(from_window(train[:TRAIN])).codes
    null = (embedder(from_window(test)).codes @ real.T).max(1)

    def nearest(pixels: np.ndarray) -> np.ndarray:
        plain, mirrored = (embedder(from_window(each)).codes for each in (pixels, pixels[:, :, ::-1]))
        return closest(plain, mirrored, real)

    bound = quantile(null, ALPHA)
    print(f"bound {bound:.3f} from {len(test)} images; fresh: {(nearest(fresh) > bound).sum()} of {len(fresh)}\n")
    z = from_window(train[np.linspace(0, TRAIN - 1, COPIES).astype(int)])
    print("| copy | mild | clear | strong | lowest cosine |\n|---|---|---|---|---|")
    for change in (one for one in Transform if one is not Transform.VAE):
        found = [nearest(_copies(z, change, strength)) for strength in Strength]
        shares = " | ".join(f"{np.mean(each > bound):.1%}" for each in found)
        print(f"| {change} | {shares} | {min(each.min() for each in found):.3f} |", flush=True)


def _copies(z: np.ndarray, change: Transform, strength: Strength) -> np.ndarray:
    return np.stack([plant(image, change, strength, 0, number) for number, image in enumerate(z)])


if __name__ == "__main__":
    main(sys.argv[1])
