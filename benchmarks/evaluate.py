"""Our evaluation against the usual libraries one after the other: time on one core, the same numbers, and memory.

    python benchmarks/evaluate.py --work DIR [--images 800 267]

Real networks of the published architectures with random weights; phantom images of 128 x 128 in four classes, one a
patient, moved by some pixels to make as many. Nothing is extrapolated: each side looks at every image and every pair,
in a process of its own, whose peak memory is its own.

Ours is what ``evaluate`` does with the metrics below, with floors, permutations and intervals, in every class and
pooled, but for learning from images and for anatomy, which others lack. Its Inception looks at

- the same images: synthetic and held-out ones, as on the other side
- from nothing: the training images as well, which the floors need
- reference kept: only the synthetic images, as for every submission but the first

The other side is what a user would script: torch-fidelity's extractor with the same four layers, its FID and KID of the
last one, lpips in batches over all pairs within a class, nearest training images one by one for the IRS.

Times are those of the processor on one thread: others may share the machine. Prints JSON.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from timed_sets import LAYERS, make_sets, random_networks

from synthuterus_bench import weights
from synthuterus_bench.bench.scoring import score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.suite import ROI
from synthuterus_bench.cohorts.window import from_window, to_display
from synthuterus_bench.metrics import alexnet
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.frechet import frechet_distance
from synthuterus_bench.metrics.irs import retrieve
from synthuterus_bench.metrics.kid import squared_mmd
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.nets.embedder import load_embedder

METRICS = ("fid-2048", "fid-64", "kid-2048", "lpips", "lpips-nearest", "lpips-diversity", "fd-embedder")
METRICS += ("kid-embedder", "irs-adjusted", "irs-infinity", "authpct-embedder", "ct-embedder")
METRICS += ("precision-embedder", "recall-embedder", "density-embedder", "coverage-embedder")
INCEPTION = (Need.INCEPTION_64, Need.INCEPTION_192, Need.INCEPTION_768, Need.INCEPTION_2048)
BATCH = 50
Found = dict[str, Any]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of one call, and its answer."""
    start = time.process_time()
    answer = work()
    return time.process_time() - start, answer


def peak_gb() -> float:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@dataclass(frozen=True)
class Compared:
    """Synthetic and held-out images, which both sides look at, and the work folder."""

    pixels: NDArray[np.uint16]
    labels: NDArray[np.int64]
    n_fake: int
    work: Path

    @property
    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every synthetic image with every held-out one of its class."""
        left, right = np.nonzero(self.labels[: self.n_fake, None] == self.labels[self.n_fake :])
        return left, right + self.n_fake

    @property
    def shown(self) -> torch.Tensor:
        """As the libraries take them, (n, 3, H, W) in 8 bit."""
        return torch.from_numpy(to_display(self.pixels))[:, None].expand(-1, 3, -1, -1)

    def halves(self, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Synthetic rows, held-out rows."""
        return rows[: self.n_fake], rows[self.n_fake :]


def compared(sets: Sets, work: Path) -> Compared:
    """Of some sets."""
    fake, test = sets.submission, sets.real.test
    pixels, labels = np.concatenate([fake.pixels, test.pixels]), np.concatenate([fake.labels, test.labels])
    return Compared(pixels, labels, len(fake.labels), work)


def ours(sets: Sets, work: Path) -> Found:
    """Our evaluation, each step timed; the numbers that both sides have are kept beside the weights."""
    both, folder, known = compared(sets, work), work / "weights", load_embedder()
    look = lambda pixels: extract(pixels, INCEPTION, known, weights_dir=folder).arrays
    took, seen = {}, {}
    for name, part in (("fake", sets.submission), ("held-out", sets.real.test), ("training", sets.real.train)):
        took[f"inception, {name}"], seen[name] = timed(lambda part=part: look(part.pixels))
    whole = {
        need: np.concatenate([seen[name][need] for name in ("fake", "training", "held-out")]) for need in INCEPTION
    }
    took |= everything_else(sets, work, whole)
    deep = both.halves(np.concatenate([seen["fake"][INCEPTION[-1]], seen["held-out"][INCEPTION[-1]]]))
    took["frechet alone"], fid = timed(lambda: frechet_distance(*deep))
    took["kid alone"], kid = timed(lambda: squared_mmd(*(rows[: len(deep[1])] for rows in deep)))
    settings: Found = {"weights_dir": folder, "groups": both.labels}
    took["lpips alone"], bank = timed(lambda: extract(both.pixels, [Need.LPIPS], known, **settings))
    codes = known(from_window(np.concatenate([sets.submission.pixels, sets.real.train.pixels]))).codes
    fake, train = np.arange(both.n_fake), np.arange(both.n_fake, len(codes))
    found = {"fid-2048": fid, "kid-2048": kid, "irs-infinity": retrieve(codes, fake, train).infinity}
    layers = {
        layer: both.halves(np.concatenate([seen[n][need] for n in ("fake", "held-out")]))
        for layer, need in zip(LAYERS, INCEPTION, strict=True)
    }
    found |= {f"fid-{layer}": frechet_distance(*rows) for layer, rows in layers.items()}
    np.save(work / "ours.npy", bank.arrays[Need.LPIPS][both.pairs])
    return {"took": took, "found": found, "peak_gb": peak_gb()}


def everything_else(sets: Sets, work: Path, seen: dict[Need, NDArray[Any]]) -> dict[str, float]:
    """Seconds of all but Inception, whose features of all images are given; every metric in every scope."""
    embedding, own = timed(lambda: extract(sets.pixels, {Need.EMBEDDER, Need.CODES}, load_embedder()))
    dealing, (rows, scopes) = timed(lambda: compact(sets.scopes(ROI.permutations, ROI.pooled_permutations)))
    settings: Found = {"weights_dir": work / "weights", "groups": scopes[0].strata, "into": own.take(rows)}
    lpips, bank = timed(lambda: extract(sets.pixels[rows], [Need.LPIPS], load_embedder(), **settings))
    for need, features_of_all in seen.items():
        bank.add(need, features_of_all[rows], extractor="random")
    metrics, scored = timed(lambda: score_metrics(METRICS, scopes, bank))
    if lacking := {result.metric for result in scored.results if result.status != "ok"}:
        raise SystemExit(f"no value: {sorted(lacking)}")
    return {"embedder": embedding, "lpips of all sets": lpips, "dealing and metrics": dealing + metrics}


def theirs(sets: Sets, work: Path) -> Found:
    """What a user would script, each step timed."""
    network, both = random_networks(work / "weights"), compared(sets, work)
    took: dict[str, float] = {}
    took["inception"], layers = timed(
        lambda: [torch.cat(layer) for layer in zip(*map(network, both.shown.split(BATCH)), strict=True)]
    )
    deep = layers[-1][: both.n_fake], layers[-1][both.n_fake :]
    took["frechet"], fid = timed(lambda: _fid(*deep))
    took["kid"], _ = timed(lambda: _kid(*deep))
    took["lpips"], distances = timed(lambda: _lpips(both))
    took["irs with embedder"], irs = timed(lambda: _plain_irs(sets))
    found = {
        f"fid-{name}": _fid(rows[: both.n_fake], rows[both.n_fake :])
        for name, rows in zip(LAYERS[:-1], layers, strict=False)
    }
    found |= {"fid-2048": fid, "kid-2048": _kid(deep[0][: len(deep[1])], deep[1], 1), "irs-infinity": irs}
    np.save(work / "theirs.npy", distances)
    return {"took": took, "found": found, "peak_gb": peak_gb()}


def _fid(left: Any, right: Any) -> float:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    stats = [fid_features_to_statistics(part) for part in (left, right)]
    return float(fid_statistics_to_metric(*stats, False)["frechet_inception_distance"])


def _kid(left: Any, right: Any, subsets: int = 100) -> float:
    """The usual mean over subsets of as many as there are of the smaller set."""
    from torch_fidelity.metric_kid import kid_features_to_metric

    size = min(len(left), len(right))
    found = kid_features_to_metric(left, right, kid_subsets=subsets, kid_subset_size=size, verbose=False)
    return float(found["kernel_inception_distance_mean"])


def _lpips(both: Compared) -> NDArray[np.float32]:
    """All pairs within a class, in batches."""
    network = alexnet.build_lpips(torch.load(both.work / "weights" / weights.ALEXNET.file, weights_only=True))
    shown, (left, right) = both.shown.float() / 127.5 - 1, both.pairs
    with torch.inference_mode():
        made = [
            network(shown[left[i : i + BATCH]], shown[right[i : i + BATCH]]).flatten()
            for i in range(0, len(left), BATCH)
        ]
    return torch.cat(made).numpy()


def _plain_irs(sets: Sets) -> float:
    """Nearest training image of each synthetic one, one by one, and the likeliest of all numbers of learned images."""
    from math import lgamma, log

    fake, train = (load_embedder()(from_window(part.pixels)).codes for part in (sets.submission, sets.real.train))
    hits = len({int(((train - one) ** 2).sum(1).argmin()) for one in fake})
    likelihood = lambda s: lgamma(s + 1) - lgamma(s - hits + 1) - len(fake) * log(s)
    return max(range(hits, len(train) + 1), key=likelihood) / len(train)


def report(mine: Found, other: Found, work: Path) -> Found:
    """Both sides beside each other."""
    took, usual = mine["took"], other["took"]
    looked = took["inception, fake"] + took["inception, held-out"]
    parts = {"inception": looked, "frechet": took["frechet alone"], "kid": took["kid alone"]}
    parts |= {"lpips": took["lpips alone"]}
    rest = took["embedder"] + took["lpips of all sets"] + took["dealing and metrics"]
    wholes = {
        "same images": rest + looked,
        "from nothing": rest + looked + took["inception, training"],
        "reference kept": rest + took["inception, fake"],
    }
    every, pairs = sum(usual.values()), [np.load(work / f"{side}.npy") for side in ("ours", "theirs")]
    return {
        "parts": {name: _beside(seconds, usual[name]) for name, seconds in parts.items()},
        "whole": {name: _beside(seconds, every) for name, seconds in wholes.items()},
        "took": {"ours": took, "theirs": usual},
        "numbers": {name: [mine["found"][name], other["found"][name]] for name in other["found"]},
        "lpips": {"pairs": len(pairs[0]), "largest difference": float(abs(pairs[0] - pairs[1]).max())},
        "peak_gb": [mine["peak_gb"], other["peak_gb"]],
        "machine": {"processor": platform.processor() or platform.machine(), "torch": torch.__version__},
    }


def _beside(ours_: float, theirs_: float) -> dict[str, float]:
    return {"ours": ours_, "theirs": theirs_, "times": theirs_ / ours_}


def side(name: str, work: Path, sizes: tuple[int, int, int]) -> Found:
    """Run one side in a process of its own."""
    again = [sys.executable, __file__, "--work", str(work), "--side", name, "--sizes", *map(str, sizes)]
    found: Found = json.loads(subprocess.check_output(again))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for weights and images")
    parser.add_argument("--images", type=int, nargs=2, default=[800, 267], help="synthetic and held-out real images")
    parser.add_argument("--side", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    parser.add_argument("--sizes", type=int, nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.side:
        random_networks(args.work / "weights")
        found = {"ours": ours, "theirs": theirs}[args.side](make_sets(args.work, *args.sizes), args.work)
    else:
        sizes = (args.images[0], *args.images)
        other, mine = (side(name, args.work, sizes) for name in ("theirs", "ours"))
        found = report(mine, other, args.work)
    print(json.dumps(found, indent=1, default=float))


if __name__ == "__main__":
    main()
