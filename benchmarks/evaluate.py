"""Our evaluation against the usual libraries one after the other: time on one core, the same numbers, and memory.

    python benchmarks/evaluate.py --work DIR [--images 800 267] [--timed-images 64] [--timed-pairs 400]
    python benchmarks/evaluate.py --work DIR --grow 267 1067 4000 10000

Real networks of the published architectures with random weights; phantom images of 128 x 128 in four classes, moved by
some pixels to make as many. Ours is what ``evaluate`` does with the metrics below, with floors, permutations and
intervals, in every class and pooled, but for learning from images and for anatomy, which others lack:

- same images: the synthetic and held-out ones through Inception, as on the other side
- from nothing: the training images as well, which the floors need
- reference kept: only the synthetic images, as for every submission but the first

The other side is what a user would script: torch-fidelity's extractor, FID and KID, lpips in batches over all pairs
within a class, nearest training images one by one for the IRS. Both Inceptions are timed on ``--timed-images`` and
lpips on ``--timed-pairs``, and extrapolated, for an image and a pair always cost the same; distances
read random features.

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

from synthuterus_bench import weights
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reference import Part, Reference
from synthuterus_bench.bench.scoring import score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.suite import ROI
from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import from_window, to_display
from synthuterus_bench.entry import Generator
from synthuterus_bench.metrics import alexnet, features, inception
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.frechet import frechet_distance
from synthuterus_bench.metrics.kid import squared_mmd
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.repro import digest_file, stream
from synthuterus_bench.vocab import CLASSES

METRICS = ("fid-2048", "fid-64", "kid-2048", "lpips", "lpips-nearest", "lpips-diversity", "fd-embedder")
METRICS += ("kid-embedder", "irs-adjusted", "irs-infinity", "authpct-embedder", "ct-embedder")
METRICS += ("precision-embedder", "recall-embedder", "density-embedder", "coverage-embedder")
INCEPTION = (Need.INCEPTION_64, Need.INCEPTION_192, Need.INCEPTION_768, Need.INCEPTION_2048)
LAYERS = ["64", "192", "768", "2048"]
BATCH, DRAWN = 50, 96


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of one call, and its answer."""
    start = time.process_time()
    answer = work()
    return time.process_time() - start, answer


def peak_gb() -> float:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def random_networks(folder: Path) -> Any:
    """Write AlexNet and Inception files with random weights, let them pass as published; torch-fidelity's network."""
    import torchvision
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    class Bare(FeatureExtractorInceptionV3):
        def load_state_dict(self, *_: Any) -> None:
            return None

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({}, folder / "empty.pth")
    network = Bare("bare", LAYERS, feature_extractor_weights_path=folder / "empty.pth")
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    torch.save(dict(network.state_dict()), folder / weights.INCEPTION.file)
    torch.save(torchvision.models.alexnet().state_dict(), folder / weights.ALEXNET.file)
    for name, modules in {"INCEPTION": (inception,), "ALEXNET": (alexnet, features)}.items():
        known = getattr(weights, name)
        digest = digest_file(folder / known.file)
        for module in modules:
            setattr(module, name, weights.Pretrained(known.file, known.url, digest, known.purpose))
    return network


def make_sets(work: Path, n_fake: int, n_train: int, n_test: int) -> Sets:
    """As many images as wanted from a small phantom cohort; one image of each patient."""
    folder = work / "phantom"
    cohort = load_cohort(folder) if folder.exists() else draw_cohort(folder, scans=DRAWN, seed=1, workers=1)
    drawn = np.stack([scan.pixels for scan in cohort.scans()])
    fake, train, test = (_part(drawn, count, place) for place, count in enumerate((n_fake, n_train, n_test)))
    facts: tuple[Any, ...] = ((), {}, "0" * 64, "window", Generator(name="timed"), Provenance())
    return Sets(Submission(fake.pixels, fake.labels, fake.units, *facts), Reference("timed", "0" * 64, train, test, {}))


def _part(drawn: NDArray[np.uint16], count: int, place: int) -> Part:
    rng = stream(0, "timed", place)
    moved = [
        np.roll(drawn[row], tuple(rng.integers(-9, 10, 2)), (0, 1)) for row in rng.integers(len(drawn), size=count)
    ]
    return Part(np.stack(moved), np.sort(np.arange(count) % len(CLASSES)), np.arange(count))


@dataclass
class Ours:
    """Seconds of each part of our evaluation without Inception, and how many synthetic images it compared."""

    took: dict[str, float]
    compared: int


def ours(sets: Sets, work: Path) -> Ours:
    """Everything but Inception, for whose features random numbers stand."""
    embedding, own = timed(lambda: extract(sets.pixels, {Need.EMBEDDER, Need.CODES}, load_embedder()))
    dealing, (rows, scopes) = timed(lambda: compact(sets.scopes(ROI.permutations, ROI.pooled_permutations)))
    settings: dict[str, Any] = {"weights_dir": work / "weights", "groups": scopes[0].strata, "into": own.take(rows)}
    lpips, bank = timed(lambda: extract(sets.pixels[rows], [Need.LPIPS], load_embedder(), **settings))
    for need, width in ((Need.INCEPTION_2048, 2048), (Need.INCEPTION_64, 64)):
        made = stream(0, "features", width).standard_normal((len(rows), width)).astype(np.float32)
        bank.add(need, made, extractor="random")
    metrics, _ = timed(lambda: score_metrics(METRICS, scopes, bank))
    took = {"embedder": embedding, "lpips of all sets": lpips, "dealing and metrics": dealing + metrics}
    return Ours(took, len(scopes[0].fake))


def compare(work: Path, n_fake: int, n_real: int, images: int, pairs: int) -> dict[str, Any]:
    """Everything at one size."""
    network = random_networks(work / "weights")
    sets = make_sets(work, n_fake, n_fake, n_real)
    mine = ours(sets, work)
    fake, test = sets.submission, sets.real.test
    pixels, labels = np.concatenate([fake.pixels, test.pixels]), np.concatenate([fake.labels, test.labels])
    seconds, agreement = {}, {}
    seconds["inception"], agreement["features"] = _inception(network, work, pixels, images)
    seconds["frechet"], seconds["kid"], agreement["distances"] = _distances(n_fake, n_real)
    seconds["lpips"], agreement["lpips"] = _lpips(n_fake, work, pixels, labels, pairs)
    seconds["irs with embedder"] = None, timed(lambda: _plain_irs(sets))[0]
    usual = sum(theirs for _, theirs in seconds.values())
    an_image = seconds["inception"][0] / len(pixels)
    rest = sum(mine.took.values())
    wholes = {
        "same images": rest + an_image * (n_fake + n_real),
        "from nothing": rest + an_image * len(sets.pixels),
        "reference kept": rest + an_image * n_fake,
    }
    parts = {name: {"ours": a, "theirs": b, "times": b / a if a else None} for name, (a, b) in seconds.items()}
    whole = {name: {"ours": one, "theirs": usual, "times": usual / one} for name, one in wholes.items()}
    return {"parts": parts, "whole": whole, "rest of ours": mine.took, "agreement": agreement, "peak_gb": peak_gb()}


Pair = tuple[float | None, float]


def _inception(network: Any, work: Path, pixels: Any, images: int) -> tuple[Pair, dict[str, float]]:
    """Of all images from some, by ours and by torch-fidelity's own; the last layer and FID at the first of both."""
    chosen = pixels[np.linspace(0, len(pixels) - 1, images).round().astype(int)]
    shown = torch.from_numpy(to_display(chosen))[:, None].expand(-1, 3, -1, -1)
    theirs, layers = timed(lambda: [torch.cat(layer) for layer in zip(*map(network, shown.split(BATCH)), strict=True)])
    look = lambda some: extract(some, INCEPTION, load_embedder(), weights_dir=work / "weights")
    start, _ = timed(lambda: look(chosen[:8]))
    mine, bank = timed(lambda: look(np.concatenate([chosen[:8], chosen])))
    an_image = (mine - start) / images
    last, first = (
        layers[-1].numpy(),
        [np.array_split(rows, 2) for rows in (bank.arrays[INCEPTION[0]][8:], layers[0].numpy())],
    )
    ours_64 = frechet_distance(*first[0])
    agreement = {
        "largest difference of the last layer, of its largest": float(
            abs(bank.arrays[INCEPTION[-1]][8:] - last).max() / abs(last).max()
        ),
        "fid-64, ours": ours_64,
        "fid-64, theirs": _fid(*map(torch.from_numpy, first[1])),
    }
    return (start + an_image * (len(pixels) - 8), theirs / images * len(pixels)), agreement


def _distances(n_fake: int, n_real: int) -> tuple[Pair, Pair, dict[str, float]]:
    """Fréchet distance and KID of 2048 random features."""
    deep = stream(0, "deep").standard_normal((n_fake + n_real, 2048)).astype(np.float32)
    deep[:n_fake] *= 1.1
    fake, real = np.arange(n_fake), np.arange(n_fake, n_fake + n_real)
    halves = [torch.from_numpy(deep[rows]) for rows in (fake, real)]
    fid, mine = timed(lambda: frechet_distance(deep[fake], deep[real]))
    kid, _ = timed(lambda: squared_mmd(deep[fake], deep[real]))
    their_fid, theirs = timed(lambda: _fid(*halves))
    their_kid, _ = timed(lambda: _kid(*halves))
    same = [rows[:n_real] for rows in halves]
    agreement = {"fid-2048, ours": mine, "fid-2048, theirs": theirs, "kid, theirs": _kid(*same, 1)}
    return (fid, their_fid), (kid, their_kid), agreement | {"kid, ours": squared_mmd(*(rows.numpy() for rows in same))}


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


def _lpips(n_fake: int, work: Path, pixels: Any, labels: Any, pairs: int) -> tuple[Pair, dict[str, float]]:
    """All pairs within a class: ours whole, the package's from some; the largest difference of those."""
    settings: dict[str, Any] = {"weights_dir": work / "weights", "groups": labels}
    seconds, bank = timed(lambda: extract(pixels, [Need.LPIPS], load_embedder(), **settings))
    network = alexnet.build_lpips(torch.load(work / "weights" / weights.ALEXNET.file, weights_only=True))
    shown = torch.from_numpy(to_display(pixels))[:, None].expand(-1, 3, -1, -1).float() / 127.5 - 1
    rng = stream(0, "pairs")
    left = rng.integers(0, n_fake, pairs)
    right = np.array([rng.choice(np.flatnonzero(labels[n_fake:] == labels[row])) + n_fake for row in left])
    batches = [(left[i : i + BATCH], right[i : i + BATCH]) for i in range(0, pairs, BATCH)]
    with torch.inference_mode():
        theirs, made = timed(lambda: [network(shown[a], shown[b]).flatten() for a, b in batches])
    apart = abs(torch.cat(made).numpy() - bank.arrays[Need.LPIPS][left, right]).max()
    every = sum(int(np.sum(labels[:n_fake] == k) * np.sum(labels[n_fake:] == k)) for k in range(len(CLASSES)))
    return (seconds, theirs / pairs * every), {"largest difference": float(apart), "pairs": every}


def _plain_irs(sets: Sets) -> float:
    """Nearest training image of each synthetic one, one by one, and the likeliest of all numbers of learned images."""
    from math import lgamma, log

    fake, train, _ = np.split(load_embedder()(from_window(sets.pixels)).codes, np.cumsum(sets.sizes)[:2])
    hits = len({int(((train - one) ** 2).sum(1).argmin()) for one in fake})
    likelihood = lambda s: lgamma(s + 1) - lgamma(s - hits + 1) - len(fake) * log(s)
    return max(range(hits, len(train) + 1), key=likelihood) / len(train)


def grown(count: int, work: Path) -> dict[str, Any]:
    """Our evaluation of ``count`` images of one submission, without Inception; memory with one pass of it."""
    random_networks(work / "weights")
    sets = make_sets(work, count, 800, 267)
    mine = ours(sets, work)
    extract(sets.pixels[:8], INCEPTION, load_embedder(), weights_dir=work / "weights")
    return {"images": count, "compared": mine.compared} | mine.took | {"peak_gb": peak_gb()}


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    if args.one:
        found: Any = grown(args.one, args.work)
    elif args.grow:
        again = [sys.executable, __file__, "--work", str(args.work), "--one"]
        found = [json.loads(subprocess.check_output([*again, str(count)])) for count in args.grow]
    else:
        found = compare(args.work, *args.images, args.timed_images, args.timed_pairs)
        found["machine"] = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
    print(json.dumps(found, indent=1, default=float))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for weights and images")
    parser.add_argument("--images", type=int, nargs=2, default=[800, 267], help="synthetic and held-out real images")
    parser.add_argument("--timed-images", type=int, default=64)
    parser.add_argument("--timed-pairs", type=int, default=400)
    parser.add_argument("--grow", type=int, nargs="+", help="measure how our cost grows with the submission")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    main()
