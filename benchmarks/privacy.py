"""How many candidates a second the privacy filter embeds and searches, on one thread, and in how much memory.

    python benchmarks/privacy.py [--sizes 267 10000 1000000] [--queries 2048] [--rounds 3]

Exact search of the nearest of N unit codes of 128 numbers: ours, a plain numpy loop, ``torch.cdist`` and bare faiss
(``IndexFlatIP``; pip install faiss-cpu), each on the same queries, by turns, the best of some rounds; and beside them
the machine's own rate for a large matrix product, which bounds them all. Then the filter whole: images in, verdicts
out. Memory is what the search adds to the process at its highest. Prints JSON.
"""

import argparse
import json
import platform
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import PrivacyFilter
from synthuterus_bench.privacy.reference import ReferenceIndex
from synthuterus_bench.privacy.search import approximate, nearest, recall, unit
from synthuterus_bench.repro import stream

WIDTH = 128
LOOPED = 16
"""Queries of the plain loop, which is slow."""

Codes = NDArray[np.float32]
Search = Callable[[Codes, Codes], Any]


def looped(queries: Codes, codes: Codes) -> NDArray[np.int64]:
    """One query at a time."""
    return np.array([np.argmax(codes @ query) for query in queries])


def by_cdist(queries: Codes, codes: Codes) -> NDArray[np.int64]:
    """All distances at once, 64 queries at a time so that they fit into memory."""
    theirs, ours = torch.from_numpy(codes), torch.from_numpy(queries)
    return torch.cat([torch.cdist(part, theirs).argmin(1) for part in ours.split(64)]).numpy()


def by_faiss(codes: Codes) -> Search:
    """Bare faiss, its index made beforehand."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(codes.shape[1])
    index.add(codes)
    return lambda queries, _: index.search(queries, 1)[1][:, 0]


def seconds(work: Callable[[], Any]) -> float:
    """Processor time of one call on one thread: others may share the machine."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_mb() -> float:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def gemm_gflops(size: int = 1024, rounds: int = 5) -> float:
    """The rate of a square single-precision matrix product."""
    a = stream(0, "gemm").standard_normal((size, size)).astype(np.float32)
    return 2 * size**3 / min(seconds(lambda: a @ a) for _ in range(rounds)) / 1e9


def measure(size: int, queries: int, rounds: int) -> dict[str, Any]:
    """Queries a second of every search at one size, agreement with ours, and the whole filter."""
    rng = stream(0, "privacy benchmark", size)
    codes = unit(rng.standard_normal((size, WIDTH), np.float32))
    asked = unit(rng.standard_normal((queries, WIDTH), np.float32))
    before = peak_mb()
    nearest(asked, codes)
    added = peak_mb() - before
    searches: dict[str, tuple[Search, int]] = {
        "ours": (nearest, queries),
        "numpy loop": (looped, min(LOOPED, queries)),
        "torch.cdist": (by_cdist, min(256, queries)),
        "faiss flat": (by_faiss(codes), queries),
    }
    best: dict[str, float] = dict.fromkeys(searches, float("inf"))
    for _ in range(rounds):
        for name, (search, count) in searches.items():
            best[name] = min(best[name], seconds(lambda: search(asked[:count], codes)) / count)  # noqa: B023
    rates = {name: round(1 / each, 1) for name, each in best.items()}
    twice = seconds(lambda: nearest(np.concatenate([asked, asked]), codes)) / (2 * queries)
    truth = nearest(asked, codes)[1]
    return {
        "queries_a_second": rates,
        "of_faiss": round(rates["ours"] / rates["faiss flat"], 3),
        "gflops": {name: round(2 * size * WIDTH * rate / 1e9, 1) for name, rate in rates.items()},
        "same_as_faiss": float((searches["faiss flat"][0](asked, codes) == truth).mean()),
        "cost_of_twice_the_queries": round(twice / best["ours"], 3),
        "memory_added_mb": round(added, 1),
        "memory_added_by_twice_the_queries_mb": round(peak_mb() - before - added, 1),
        "filter_images_a_second": round(whole(codes), 1),
    } | (inverted(asked, codes) if size >= 1_000_000 else {})


def whole(codes: Codes, images: int = 128) -> float:
    """Images a second through the filter: both orientations embedded and searched."""
    embedder = load_embedder()
    index = ReferenceIndex(codes, ["0" * 16] * len(codes), embedder.sha256, "benchmark")
    pixels = stream(0, "privacy benchmark").integers(0, 65535, (images, 128, 128)).astype(np.uint16)
    judge = PrivacyFilter(embedder, index)
    judge.judge(pixels[:32])
    return images / seconds(lambda: judge.judge(pixels))


def inverted(asked: Codes, codes: Codes) -> dict[str, Any]:
    """The approximate search that takes over above ``EXACT_UP_TO``; random codes are its worst case."""
    near = unit(codes[:: len(codes) // len(asked)][: len(asked)] + 0.05 * asked)
    start = time.process_time()
    lists = approximate(codes)
    built = time.process_time() - start
    rate = len(near) / seconds(lambda: lists.nearest(near))
    return {
        "inverted lists": {
            "seconds_to_build": round(built, 1),
            "queries_a_second": round(rate, 1),
            "recall_of_copies": recall(near, codes, lists),
        }
    }


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    found = {
        str(size): measure(size, args.queries if size < 10**6 else args.queries // 8, args.rounds)
        for size in args.sizes
    }
    machine = {
        "processor": platform.processor() or platform.machine(),
        "numpy": np.__version__,
        "torch": torch.__version__,
    }
    print(json.dumps({"gemm_gflops": round(gemm_gflops(), 1), "by_size": found, "environment": machine}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[267, 10_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    main(parser.parse_args())
