"""How the cost of an evaluation grows with the number of images: time on one core, and memory.

    python benchmarks/growth.py --work DIR [--images 800 2000 4000 10000]

Evaluates N synthetic images against N training and N / 3 held-out ones, by every metric that ``benchmarks/evaluate.py``
times, each N in a process of its own, whose peak memory is its own. Inception's time is that of 64 images times all
that are compared, for an image always costs the same, and its features are random numbers. Times are those of the
processor on one thread: others may share the machine. Prints a line of JSON a size.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from evaluate import INCEPTION, Found, everything_else, peak_gb, timed
from timed_sets import LAYERS, make_sets, random_networks

from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.repro import stream

WARM, LOOKED_AT = 8, 64


def grown(sets: Sets, work: Path) -> Found:
    """One submission of N images, Inception extrapolated from some."""
    look = lambda pixels: extract(pixels, INCEPTION, load_embedder(), weights_dir=work / "weights")
    start, _ = timed(lambda: look(sets.pixels[:WARM]))
    more, _ = timed(lambda: look(sets.pixels[: WARM + LOOKED_AT]))
    rows = compact(sets.scopes(1))[0]
    made = {
        need: stream(0, need).standard_normal((sum(sets.sizes), int(layer)), np.float32)
        for need, layer in zip(INCEPTION, LAYERS, strict=True)
    }
    took = everything_else(sets, work, made)
    took["inception, extrapolated"] = (more - start) / LOOKED_AT * len(rows)
    return {"synthetic": len(sets.submission.labels), "compared": sets.parts(rows), "peak_gb": peak_gb()} | took


def alone(work: Path, count: int) -> Found:
    """One size in a process of its own."""
    again = [sys.executable, __file__, "--work", str(work), "--images", str(count), "--alone"]
    found: Found = json.loads(subprocess.check_output(again))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for weights and images")
    parser.add_argument("--images", type=int, nargs="+", default=[800, 2000, 4000, 10_000], help="synthetic images")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.alone:
        for count in args.images:
            print(json.dumps(alone(args.work, count)), flush=True)
        return
    torch.set_num_threads(1)
    random_networks(args.work / "weights")
    (count,) = args.images
    print(json.dumps(grown(make_sets(args.work, count, count, count // 3), args.work), default=float))


if __name__ == "__main__":
    main()
