"""How many candidates a second the privacy filter embeds and searches, on one thread, and in how much memory.

    python benchmarks/privacy.py [--sizes 267 10000 1000000] [--queries 2048] [--rounds 3] [--lists]

Exact search of the nearest of N unit codes of 128 numbers: ours, a plain numpy loop, ``torch.cdist`` and bare faiss
(``IndexFlatIP``; pip install faiss-cpu), each on the same queries, by turns, the best of some rounds in processor time,
so that others may share the machine; and beside them the machine's own rate for a large matrix product, which bounds
them all. Then the filter whole: images in, verdicts of two depths out. Memory is what numpy holds at its highest while
it searches, over what it returns. Prints JSON and a Markdown table. Some minutes; 2.5 GB at a million.
"""

import argparse
import json
import platform
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import PrivacyFilter
from synthuterus_bench.privacy.reference import Level, ReferenceIndex, Space
from synthuterus_bench.privacy.search import approximate, nearest, recall, unit
from synthuterus_bench.repro import stream

WIDTH, LAYER_WIDTH, LAYER_RAW = 128, 64, 1536
"""Numbers of a code at the read-out and at the layer, and of the layer as the encoder gives it."""

LOOPED = 16
"""Queries of the plain loop, which is slow."""

LEAST_SECONDS = 0.3
"""A search is repeated until one measurement takes so long."""

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


def seconds(work: Callable[[], Any], least: float = 0.0) -> float:
    """Processor time of one call on one thread, the mean of as many calls as take ``least`` seconds together."""
    start, calls = time.process_time(), 0
    while not calls or time.process_time() - start < least:
        work()
        calls += 1
    return (time.process_time() - start) / calls


def held_mb(queries: Codes, codes: Codes) -> float:
    """What numpy holds at its highest during our search, less the cosine and the row of each query."""
    tracemalloc.start()
    found = nearest(queries, codes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - sum(part.nbytes for part in found)) / 2**20


def gemm_gflops(size: int = 1024, rounds: int = 5) -> float:
    """The rate of a square single-precision matrix product."""
    a = stream(0, "gemm").standard_normal((size, size)).astype(np.float32)
    return 2 * size**3 / min(seconds(lambda: a @ a) for _ in range(rounds)) / 1e9


def measure(size: int, queries: int, rounds: int, lists: bool) -> dict[str, Any]:
    """Queries a second of every search at one size, agreement with bare faiss, and the whole filter."""
    rng = stream(0, "privacy benchmark", size)
    codes = unit(rng.standard_normal((size, WIDTH), np.float32))
    asked = unit(rng.standard_normal((queries, WIDTH), np.float32))
    twice = np.concatenate([asked, asked])
    searches: dict[str, tuple[Search, Codes]] = {
        "ours": (nearest, asked),
        "twice as many": (nearest, twice),
        "faiss flat": (by_faiss(codes), asked),
        "torch.cdist": (by_cdist, asked[:256]),
        "numpy loop": (looped, asked[:LOOPED]),
    }
    best: dict[str, float] = dict.fromkeys(searches, float("inf"))
    for _ in range(rounds):
        for name, (search, some) in searches.items():
            took = seconds(lambda: search(some, codes), LEAST_SECONDS)  # noqa: B023
            best[name] = min(best[name], took / len(some))
    more = best.pop("twice as many")
    rates = {name: round(1 / each, 1) for name, each in best.items()}
    truth, theirs = nearest(asked, codes)[1], searches["faiss flat"][0](asked, codes)
    return {
        "queries_a_second": rates,
        "of_faiss": round(rates["ours"] / rates["faiss flat"], 3),
        "gflops": {name: round(2 * size * WIDTH * rate / 1e9, 1) for name, rate in rates.items()},
        "same_as_faiss": float((theirs == truth).mean()),
        "twice_the_queries_cost": round(2 * more / best["ours"], 3),
        "held_mb": round(held_mb(asked, codes), 2),
        "held_mb_by_twice_the_queries": round(held_mb(twice, codes), 2),
        "filter_images_a_second": round(whole(codes, rounds), 1),
    } | (inverted(asked, codes) if lists else {})


def whole(codes: Codes, rounds: int, images: int = 256) -> float:
    """Images a second through the filter: both orientations embedded, and searched at both depths."""
    embedder, rng = load_embedder(), stream(0, "privacy benchmark")
    space = Space(np.zeros(LAYER_RAW, np.float32), rng.standard_normal((LAYER_RAW, LAYER_WIDTH), np.float32))
    layer = Level(unit(codes[:, :LAYER_WIDTH]), space)
    index = ReferenceIndex(codes, ["0" * 16] * len(codes), embedder.sha256, "benchmark", layer=layer)
    pixels = rng.integers(0, 65535, (images, 128, 128)).astype(np.uint16)
    judge = PrivacyFilter(embedder, index)
    judge.judge(pixels[:32])
    return images / min(seconds(lambda: judge.judge(pixels)) for _ in range(rounds))


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


def growth(found: dict[int, dict[str, Any]]) -> dict[str, float]:
    """Cost of a query a code, at each size against the largest: 1 where cost is linear in the reference."""
    each = {size: 1 / (size * one["queries_a_second"]["ours"]) for size, one in found.items()}
    return {str(size): round(cost / each[max(each)], 3) for size, cost in each.items()}


COLUMNS = ("ours", "faiss flat", "torch.cdist", "numpy loop")
HEADINGS = ("training images", *COLUMNS, "of faiss", "of the GEMM rate", "memory, MB", "filter, images/s")


def table(found: dict[int, dict[str, Any]], rate: float) -> str:
    """Queries a second, and what they come to."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
    for size, one in found.items():
        rates = [f"{one['queries_a_second'][name]:,.0f}" for name in COLUMNS]
        share = f"{one['gflops']['ours'] / rate:.0%}"
        memory = f"{one['held_mb']:.1f}, {one['held_mb_by_twice_the_queries']:.1f}"
        cells = [f"{size:,}", *rates, f"{one['of_faiss']:.2f}", share, memory]
        lines.append(f"| {' | '.join(cells)} | {one['filter_images_a_second']:.0f} |")
    return "\n".join(lines)


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    asked = {size: args.queries if size < 10**6 else args.queries // 4 for size in args.sizes}
    rate = gemm_gflops()
    found = {size: measure(size, count, args.rounds, args.lists and size >= 1_000_000) for size, count in asked.items()}
    rate = max(rate, gemm_gflops())
    machine = {
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "faiss": version("faiss-cpu"),
    }
    whole_record = {"gemm_gflops": round(rate, 1), "by_size": found, "cost_a_code": growth(found)}
    print(json.dumps(whole_record | {"environment": machine}, indent=1))
    print(table(found, rate))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[267, 10_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lists", action="store_true", help="inverted lists as well, at a million: minutes to build")
    main(parser.parse_args())
