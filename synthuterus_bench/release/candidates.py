"""Drawing and judging candidates in chunks, each kept in a file, so that a killed run goes on where it was."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from synthuterus_bench.cohorts.position.orientation import Basis
from synthuterus_bench.cohorts.record import Dims
from synthuterus_bench.errors import DataError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.pipeline import SynthUterusPipeline, load_pipeline
from synthuterus_bench.generators.sampler import Wanted, chunk_size, sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.privacy.filter import Bound, PrivacyFilter, Verdict, codes_of
from synthuterus_bench.privacy.index import load_index
from synthuterus_bench.release.position import Position, find_position
from synthuterus_bench.repro import digest_json, write_atomic
from synthuterus_bench.vocab import Conditioning, Family, Orientation

Job = tuple[Path, list[Wanted]]
"""A chunk file and the samples in it."""


def dims_of(model: ModelId) -> Dims:
    """2 for a generator of images, 3 for one of volumes."""
    return 3 if model.family is Family.DDPM3D else 2


def is_measured(conditioning: Conditioning) -> bool:
    """Whether the classes of a release are measured on its images, because no class was told."""
    return not conditioning.by_class


@dataclass(frozen=True, slots=True)
class Engine:
    """What a process needs to draw and judge: where the weights and the index are, and how to sample."""

    model: ModelId
    folder: Path
    index: Path
    embedder: Path | None
    tau: float
    seed: int
    sampler: SamplerConfig


@dataclass(frozen=True)
class Drawn:
    """One chunk of candidates: pixels (n, H, W) or (n, S, H, W), a verdict each, and measured positions or None."""

    pixels: NDArray[np.uint16]
    verdicts: list[Verdict]
    positions: list[Position] | None


def sampling_device() -> str:
    """The type of device that samples are drawn on: ``cuda`` where there is one and accelerate was not told not to."""
    forced = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    return "cuda" if torch.cuda.is_available() and not forced else "cpu"


def _own_device() -> str:
    """This process's device: a GPU of its own where several processes of a machine have several."""
    device, local = sampling_device(), int(os.environ.get("LOCAL_RANK", "0"))
    return f"cuda:{local % torch.cuda.device_count()}" if device == "cuda" else device


_BOUNDS = (None, *Bound)
_BASES = (None, *Basis)
_NONE = -1
"""No slice, no twin."""
_engine: list[tuple[SynthUterusPipeline, PrivacyFilter, Engine]] = []


def prepare(engine: Engine) -> None:
    """Load networks and index into this process, single-threaded on a CPU."""
    torch.set_num_threads(1)
    pipeline = load_pipeline(engine.folder)
    pipeline.to(_own_device())
    judge = PrivacyFilter(load_embedder(engine.embedder), load_index(engine.index), engine.tau)
    _engine[:] = [(pipeline, judge, engine)]


def chunk_jobs(wanted: list[Wanted], model: ModelId, folder: Path) -> list[Job]:
    """Samples cut into chunks in order, each with its file, whose name says what is in it."""
    size = chunk_size(model)
    chunks = [wanted[i : i + size] for i in range(0, len(wanted), size)]
    return [(folder / f"{digest_json([_name(one) for one in chunk])[:24]}.safetensors", chunk) for chunk in chunks]


def _name(one: Wanted) -> list[str | int | None]:
    return [one.orientation, one.prompt, one.index]


def draw_chunk(job: Job) -> None:
    """Sample one chunk, judge it, measure it where its class is not told, keep it in its file."""
    path, wanted = job
    pipeline, judge, engine = _engine[0]
    pixels = sample_chunk(pipeline, wanted, engine.seed, engine.sampler)
    tensors = {"pixels": pixels, **_verdict_arrays(judge.judge(pixels, [one.orientation for one in wanted]))}
    if is_measured(engine.model.conditioning):
        localiser = load_localiser()
        tensors |= _position_arrays([find_position(one, localiser) for one in pixels])
    write_atomic(path, save(tensors))


def _verdict_arrays(verdicts: list[Verdict]) -> dict[str, NDArray[Any]]:
    number = lambda value: np.nan if value is None else value
    return {
        "similarity": np.array([one.max_similarity for one in verdicts]),
        "layer": np.array([number(one.layer_similarity) for one in verdicts]),
        "volume": np.array([number(one.volume_similarity) for one in verdicts]),
        "neighbour": np.array([int(one.neighbour, 16) for one in verdicts], np.uint64),
        "bound": np.array([_BOUNDS.index(one.bound) for one in verdicts], np.uint8),
        "slice": np.array([_NONE if one.slice_index is None else one.slice_index for one in verdicts], np.int16),
        "twin": np.full(len(verdicts), _NONE, np.int64),
        "code": codes_of(verdicts),
    }


def _position_arrays(positions: list[Position]) -> dict[str, NDArray[Any]]:
    angles = [(one.version_deg, one.flexion_deg) for one in positions]
    return {
        "orientation": np.array([[*Orientation].index(one.orientation) for one in positions], np.uint8),
        "confidence": np.array([one.confidence for one in positions]),
        "angles": np.array([[np.nan if angle is None else angle for angle in pair] for pair in angles]),
        "basis": np.array([_BASES.index(one.basis) for one in positions], np.uint8),
    }


def read_chunk(path: Path) -> Drawn | None:
    """A chunk file; None where there is none or it is damaged."""
    try:
        tensors = _tensors(path)
        return Drawn(tensors["pixels"], _verdicts(tensors), _positions(tensors) if "orientation" in tensors else None)
    except (OSError, SafetensorError, KeyError):
        return None


def _tensors(path: Path) -> dict[str, NDArray[Any]]:
    with safe_open(path, "numpy") as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def mark_twins(path: Path, twins: list[int | None]) -> None:
    """Write down which earlier candidate each of a chunk repeats; None for none."""
    numbers = np.array([_NONE if twin is None else twin for twin in twins], np.int64)
    write_atomic(path, save(_tensors(path) | {"twin": numbers}))


def require_chunk(path: Path) -> Drawn:
    """A chunk file that was seen to be there.

    Raises:
        DataError: it is there no more.
    """
    chunk = read_chunk(path)
    if chunk is None:
        raise DataError(f"{path}: chunk vanished while the run was going on", "run the same command again")
    return chunk


def _verdicts(tensors: dict[str, NDArray[Any]]) -> list[Verdict]:
    names = ("similarity", "neighbour", "bound", "slice", "layer", "volume", "twin")
    rows = zip(*(tensors[name].tolist() for name in names), tensors["code"], strict=True)
    return [_verdict(*row) for row in rows]


def _verdict(
    similarity: float, key: int, bound: int, at: int, layer: float, volume: float, twin: int, code: NDArray[np.float32]
) -> Verdict:
    repeats = twin != _NONE
    return Verdict(
        similarity,
        f"{key:016x}",
        Bound.DUPLICATE if repeats else _BOUNDS[bound],
        None if at == _NONE else at,
        None if np.isnan(layer) else layer,
        None if np.isnan(volume) else volume,
        twin if repeats else None,
        code,
    )


def _positions(tensors: dict[str, NDArray[Any]]) -> list[Position]:
    rows = zip(*(tensors[key].tolist() for key in ("orientation", "confidence", "angles", "basis")), strict=True)
    return [Position([*Orientation][o], c, _angle(v), _angle(f), _BASES[b]) for o, c, (v, f), b in rows]


def _angle(stored: float) -> float | None:
    return None if np.isnan(stored) else stored
