"""Drawing and judging candidates in chunks, each kept in a file, so that a killed run goes on where it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from synthuterus_bench.generators.pipeline import SynthUterusPipeline, load_pipeline
from synthuterus_bench.generators.sampler import CHUNK, SamplerConfig, Wanted, sample_chunk
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import Bound, PrivacyFilter, Verdict
from synthuterus_bench.privacy.index import load_index
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_json, write_atomic
from synthuterus_bench.workers import map_in_order


@dataclass(frozen=True, slots=True)
class Engine:
    """What a worker needs to draw and judge: where the weights and the index are, and how to sample."""

    model: Path
    index: Path
    embedder: Path | None
    tau: float
    seed: int
    sampler: SamplerConfig


@dataclass(frozen=True)
class Drawn:
    """One chunk of candidates: images (n, H, W) and a verdict each."""

    pixels: NDArray[np.uint16]
    verdicts: list[Verdict]


def sampling_device() -> str:
    """Where samples are drawn: ``cuda`` where there is one, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


_BOUNDS = (None, Bound.TAU, Bound.BLANK)
_engine: list[tuple[SynthUterusPipeline, PrivacyFilter, Engine]] = []


def prepare(engine: Engine) -> None:
    """Load networks and index into this process, single-threaded on a CPU."""
    torch.set_num_threads(1)
    pipeline = load_pipeline(engine.model)
    pipeline.to(sampling_device())
    judge = PrivacyFilter(load_embedder(engine.embedder), load_index(engine.index), engine.tau)
    _engine[:] = [(pipeline, judge, engine)]


def draw_all(
    wanted: list[Wanted], engine: Engine, work: Path, workers: int, track: Track = silent, label: str = ""
) -> list[Path]:
    """Chunk files of all ``wanted``, in order; those that are there already are not drawn again."""
    chunks = [wanted[i : i + CHUNK] for i in range(0, len(wanted), CHUNK)]
    jobs = [(work / f"{digest_json([_name(one) for one in chunk])[:24]}.safetensors", chunk) for chunk in chunks]
    missing = [job for job in jobs if read_chunk(job[0]) is None]
    for _ in track(_run(missing, engine, workers), label or "drawing chunks of 16", len(missing)):
        pass
    return [path for path, _ in jobs]


def _run(jobs: list[tuple[Path, list[Wanted]]], engine: Engine, workers: int) -> Iterator[None]:
    if workers > 1 and len(jobs) > 1 and sampling_device() == "cpu":
        yield from map_in_order(draw_chunk, jobs, min(workers, len(jobs)), prepare, (engine,))
        return
    threads = torch.get_num_threads()
    prepare(engine)
    try:
        yield from map(draw_chunk, jobs)
    finally:
        torch.set_num_threads(threads)


def _name(one: Wanted) -> list[str | int]:
    return [one.orientation, one.prompt, one.index]


def draw_chunk(job: tuple[Path, list[Wanted]]) -> None:
    """Sample one chunk, judge it, keep it in its file."""
    path, wanted = job
    pipeline, judge, engine = _engine[0]
    pixels = sample_chunk(pipeline, wanted, engine.seed, engine.sampler)
    verdicts = judge.judge(pixels)
    tensors = {
        "pixels": pixels,
        "similarity": np.array([verdict.max_similarity for verdict in verdicts]),
        "neighbour": np.array([int(verdict.neighbour, 16) for verdict in verdicts], np.uint64),
        "bound": np.array([_BOUNDS.index(verdict.bound) for verdict in verdicts], np.uint8),
    }
    write_atomic(path, save(tensors))


def read_chunk(path: Path) -> Drawn | None:
    """A chunk file; None where there is none or it is damaged."""
    try:
        with safe_open(path, "numpy") as file:
            tensors = {key: file.get_tensor(key) for key in ("pixels", "similarity", "neighbour", "bound")}
    except (OSError, SafetensorError):
        return None
    rows = zip(tensors["similarity"], tensors["neighbour"], tensors["bound"], strict=True)
    verdicts = [Verdict(float(s), f"{int(n):016x}", _BOUNDS[b]) for s, n, b in rows]
    return Drawn(tensors["pixels"], verdicts)
