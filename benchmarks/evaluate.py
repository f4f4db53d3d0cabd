"""Our evaluation against the usual libraries one after the other: time on one core, the same numbers, and memory.

    python benchmarks/evaluate.py --work DIR [--images 800 267] [--timed-images 64] [--timed-pairs 400]
    python benchmarks/evaluate.py --work DIR --grow 267 1067 4000 10000

Real networks of the published architectures with random weights; phantom images of 128 x 128, in four classes. Ours is
``evaluate`` by the suite uterus-2d-roi without downstream tasks and without the anatomy metric, which others lack:

- from nothing, which looks at the training images for the floors as well
- less the extractor's time for those: the same images as the other side sees
- less its time for the whole reference, whose features are kept: every later submission

The other side is what a user would script: torch-fidelity's extractor, FID and KID, lpips in batches over all pairs
within a class, nearest training images one by one for the IRS. Extractors are timed on ``--timed-images``, lpips on
``--timed-pairs``, and extrapolated, for they cost the same an image and a pair.

Times are those of the processor on one thread: others may share the machine. Prints JSON.
"""

import argparse
import json
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from synthuterus_bench import weights
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reference import load_reference
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.bench.scoring import score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import Submission, load_submission
from synthuterus_bench.bench.suite import ROI, Suite
from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.entry import Generator
from synthuterus_bench.metrics import alexnet, features, inception
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.frechet import between
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.irs import irs_from_counts
from synthuterus_bench.metrics.kid import squared_mmd
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.progress import silent
from synthuterus_bench.repro import digest_file, stream
from synthuterus_bench.vocab import CLASSES

METRICS = ("fid-2048", "fid-64", "kid-2048", "lpips", "lpips-nearest", "lpips-diversity", "fd-embedder")
METRICS += ("kid-embedder", "irs-adjusted", "irs-infinity", "authpct-embedder", "ct-embedder")
METRICS += ("precision-embedder", "recall-embedder", "density-embedder", "coverage-embedder")
INCEPTION = (Need.INCEPTION_64, Need.INCEPTION_192, Need.INCEPTION_768, Need.INCEPTION_2048)
LAYERS = ["64", "192", "768", "2048"]
BATCH = 50


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


def suite_of(n_fake: int, n_real: int) -> Suite:
    """The ROI suite for these numbers, all of it but learning from images and anatomy."""
    changes = {
        "n_per_class": n_fake // 4,
        "phantom_scans": 8 * round(5 * n_real / 8),
        "metrics": METRICS,
        "regimes": (),
    }
    return ROI.model_copy(update=changes)


def ours(work: Path, suite: Suite, submission: Path) -> tuple[float, dict[str, float | None]]:
    """Seconds of ``evaluate`` with nothing kept, and its values pooled over the classes."""
    shutil.rmtree(work / "cache" / "features", ignore_errors=True)
    seconds, done = timed(lambda: evaluate(submission, suite, cache=work / "cache", weights_dir=work / "weights"))
    return seconds, {one.metric: one.value for one in done.entry.results if one.scope == "pooled"}


def pieces(work: Path, sets: Sets, images: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Seconds of our parts on the synthetic and held-out images alone, and what they found.

    Features are those that ``evaluate`` kept; what they cost is timed on ``images`` of them.
    """
    n_fake, n_train, n_real = sets.sizes
    rows = np.r_[:n_fake, n_fake + n_train : sum(sets.sizes)]
    pixels, labels = sets.pixels[rows], np.concatenate([sets.submission.labels, sets.real.test.labels])
    settings: dict[str, Any] = {"weights_dir": work / "weights"}
    seconds, _ = timed(lambda: extract(pixels[:images], INCEPTION, load_embedder(), **settings))
    took = {"inception": seconds / images * len(rows)}
    kept = {"cache": work / "cache" / "features", "parts": (n_fake, n_real)}
    bank = extract(pixels, INCEPTION, load_embedder(), **settings, **kept)
    found: dict[str, Any] = {"features": bank.arrays, "labels": labels, "pixels": pixels}
    took["lpips"], of_lpips = timed(lambda: extract(pixels, [Need.LPIPS], load_embedder(), groups=labels, **settings))
    found["lpips"] = of_lpips.arrays[Need.LPIPS]
    deep = bank.arrays[Need.INCEPTION_2048]
    fake, real = np.arange(n_fake), np.arange(n_fake, len(rows))
    took["frechet"], found["fid"] = timed(lambda: between(Gram.of(deep), fake, real, exact=True))
    took["kid"], found["kid"] = timed(lambda: squared_mmd(deep[:n_fake], deep[n_fake:]))
    return took, found


def theirs(network: Any, sets: Sets, found: dict[str, Any], images: int, pairs: int, work: Path) -> dict[str, Any]:
    """The same by the libraries, and how far their numbers are from ours."""
    n_fake, _, _n_real = sets.sizes
    shown = torch.from_numpy(to_display(found["pixels"]))[:, None].expand(-1, 3, -1, -1)
    chosen = np.linspace(0, len(shown) - 1, images).round().astype(int)
    seconds, layers = timed(lambda: [network(shown[part]) for part in np.array_split(chosen, -(-images // BATCH))])
    deep = torch.from_numpy(found["features"][Need.INCEPTION_2048])
    took = {"inception": seconds / images * len(shown)}
    took["frechet"], fid = timed(lambda: _fid(deep[:n_fake], deep[n_fake:]))
    took["kid"], kid = timed(lambda: _kid(deep[:n_fake], deep[n_fake:]))
    lpips_seconds, apart = _lpips(found, n_fake, pairs, work)
    every = sum(
        int(np.sum(sets.submission.labels == k)) * int(np.sum(sets.real.test.labels == k)) for k in range(len(CLASSES))
    )
    took["lpips"] = lpips_seconds / pairs * every
    took["embedder and irs"], irs = timed(lambda: _plain_irs(sets))
    mine = found["features"][Need.INCEPTION_2048][chosen]
    own = torch.cat([part[LAYERS.index("2048")] for part in layers]).numpy()
    agree = {
        "features, largest difference of largest": float(abs(mine - own).max() / abs(own).max()),
        "fid": [found["fid"], fid],
        "fid of the timed images": [float(_fid(*np.split(torch.from_numpy(x), 2))) for x in (mine, own)],
        "kid": [found["kid"], kid],
        "lpips, largest difference": apart,
        "irs-infinity": irs,
    }
    return {"seconds": took, "agreement": agree, "pairs": every, "images": len(shown)}


def _fid(left: Any, right: Any) -> float:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    stats = [fid_features_to_statistics(part) for part in (left, right)]
    return float(fid_statistics_to_metric(*stats, False)["frechet_inception_distance"])


def _kid(left: Any, right: Any) -> float:
    """The usual mean over 100 subsets of as many as there are of the smaller set."""
    from torch_fidelity.metric_kid import kid_features_to_metric

    size = min(len(left), len(right))
    found = kid_features_to_metric(left, right, kid_subsets=100, kid_subset_size=size, verbose=False)
    return float(found["kernel_inception_distance_mean"])


def _lpips(found: dict[str, Any], n_fake: int, pairs: int, work: Path) -> tuple[float, float]:
    """Seconds of some pairs within a class by the package, and the largest difference from ours."""
    network = alexnet.build_lpips(torch.load(work / "weights" / weights.ALEXNET.file, weights_only=True))
    shown = torch.from_numpy(to_display(found["pixels"]))[:, None].expand(-1, 3, -1, -1).float() / 127.5 - 1
    labels, rng = found["labels"], stream(0, "pairs")
    left = rng.integers(0, n_fake, pairs)
    right = np.array([rng.choice(np.flatnonzero(labels[n_fake:] == labels[row])) + n_fake for row in left])
    batches = [(left[i : i + BATCH], right[i : i + BATCH]) for i in range(0, pairs, BATCH)]
    with torch.inference_mode():
        seconds, made = timed(lambda: [network(shown[a], shown[b]).flatten() for a, b in batches])
    return seconds, float(abs(torch.cat(made).numpy() - found["lpips"][left, right]).max())


def _plain_irs(sets: Sets) -> list[float]:
    """IRS by ours, and by the nearest training image of each synthetic one and the likeliest of all numbers."""
    from math import lgamma, log

    from synthuterus_bench.cohorts.window import from_window

    embedder = load_embedder()
    fake, train, _ = np.split(embedder(from_window(sets.pixels)).codes, np.cumsum(sets.sizes)[:2])
    hits = len({int(((train - one) ** 2).sum(1).argmin()) for one in fake})
    likelihood = lambda s: lgamma(s + 1) - lgamma(s - hits + 1) - len(fake) * log(s)
    best = max(range(hits, len(train) + 1), key=likelihood)
    return [irs_from_counts(len(train), len(fake), hits).infinity, best / len(train)]


def grown(count: int, work: Path) -> dict[str, Any]:
    """Our evaluation of ``count`` images by a suite that takes all, with random numbers for Inception's features."""
    random_networks(work / "weights")
    suite = suite_of(800, 267)
    real = load_reference("phantom", suite, work / "cache")
    whole = np.concatenate([real.train.pixels, real.test.pixels])
    rng = stream(0, "grown", count)
    pixels = np.roll(whole[rng.integers(len(whole), size=count)], 3, axis=2)
    labels = np.arange(count) % len(CLASSES)
    nobody = Submission(
        pixels, labels, np.arange(count), (), {}, "0" * 64, "window", Generator(name="grown"), Provenance()
    )
    return _measure_grown(Sets(nobody, real), work)


def _measure_grown(sets: Sets, work: Path) -> dict[str, Any]:
    clock = [time.process_time()]
    own = extract(sets.pixels, {Need.EMBEDDER, Need.CODES}, load_embedder())
    rows, scopes = compact(sets.scopes(ROI.permutations, ROI.pooled_permutations))
    clock.append(time.process_time())
    bank = extract(
        sets.pixels[rows],
        [Need.LPIPS],
        load_embedder(),
        weights_dir=work / "weights",
        groups=scopes[0].strata,
        into=own.take(rows),
    )
    clock.append(time.process_time())
    for need, width in ((Need.INCEPTION_2048, 2048), (Need.INCEPTION_64, 64)):
        made = stream(0, "features", width).standard_normal((len(rows), width)).astype(np.float32)
        bank.add(need, made, extractor="random")
    score_metrics(METRICS, scopes, bank, silent)
    clock.append(time.process_time())
    took = dict(zip(("embedder", "lpips", "metrics"), np.diff(clock).round(1).tolist(), strict=True))
    return {"images": len(sets.submission.labels), "compared": len(scopes[0].fake)} | took | {"peak_gb": peak_gb()}


def compare_all(work: Path, n_fake: int, n_real: int, images: int, pairs: int) -> dict[str, Any]:
    """Everything at one size."""
    network, suite = random_networks(work / "weights"), suite_of(n_fake, n_real)
    folder = work / f"submission-{n_fake}"
    if not folder.exists():
        draw_cohort(folder, scans=n_fake, seed=1, workers=1)
    sets = Sets(load_submission(folder, suite), load_reference("phantom", suite, work / "cache"))
    whole, values = ours(work, suite, folder)
    took, found = pieces(work, sets, images)
    other = theirs(network, sets, found, images, pairs, work)
    usual, an_image = sum(other["seconds"].values()), took["inception"] / other["images"]
    _, n_train, n_held_out = sets.sizes
    wholes = {
        "from nothing": whole,
        "same images": whole - n_train * an_image,
        "reference kept": whole - (n_train + n_held_out) * an_image,
    }
    ratios = {name: other["seconds"][name] / seconds for name, seconds in took.items()}
    return {
        "sizes": sets.sizes,
        "ours": {"seconds": wholes, "parts": took, "values": values},
        "theirs": other | {"whole": usual},
        "times_faster": ratios | {f"whole, {name}": usual / seconds for name, seconds in wholes.items()},
        "peak_gb": peak_gb(),
    }


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    if args.one:
        found: Any = grown(args.one, args.work)
    elif args.grow:
        again = [sys.executable, __file__, "--work", str(args.work), "--one"]
        found = [json.loads(subprocess.check_output([*again, str(count)])) for count in args.grow]
    else:
        found = compare_all(args.work, *args.images, args.timed_images, args.timed_pairs)
        found["machine"] = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
    print(json.dumps(found, indent=1, default=float))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for weights, images and kept features")
    parser.add_argument("--images", type=int, nargs=2, default=[800, 267], help="synthetic and held-out real images")
    parser.add_argument("--timed-images", type=int, default=64)
    parser.add_argument("--timed-pairs", type=int, default=400)
    parser.add_argument("--grow", type=int, nargs="+", help="measure how our cost grows with the submission")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    main()
