"""One prepared scan in files: what a worker leaves behind, so that a killed run goes on where it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from synthuterus_bench.cohorts.record import Dims, Scan
from synthuterus_bench.cohorts.rows import decode_row, encode_row, scan_digest
from synthuterus_bench.cohorts.store import read_rows
from synthuterus_bench.cohorts.writer import write_shard
from synthuterus_bench.prep.look import Look, look_at
from synthuterus_bench.prep.pipeline import Pipeline, Prepared, native, prepare_scan
from synthuterus_bench.prep.roi import Find, Localising, Source
from synthuterus_bench.repro import write_atomic


@dataclass(frozen=True)
class Bench:
    """What a worker needs: the folder to work in, the steps, and how to read scans."""

    folder: Path
    pipeline: Pipeline
    dims: Dims
    windowed: bool
    localising: Localising | None


@dataclass(frozen=True, slots=True)
class Job:
    """A stored row of the cohort to prepare, and whether a report will show it."""

    row: dict[str, Any]
    looked_at: bool


class Outcome(BaseModel):
    """What became of a scan. ``field_sd`` is the standard deviation of its log-field in the body, if corrected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scan_id: str
    facts: str
    source: Source
    field_sd: float | None
    look: Look | None


_bench: list[tuple[Bench, Find | None]] = []


def set_up(bench: Bench) -> None:
    """Load the localiser into this process."""
    _bench[:] = [(bench, bench.localising.load() if bench.localising else None)]


def do(job: Job) -> Path:
    """Prepare one scan, unless its files are there already; the path of its rows."""
    bench, find = _bench[0]
    scan = decode_row(job.row, 3)
    path = bench.folder / f"{scan_digest(scan)[:32]}.parquet"
    done = read_outcome(path)
    if done is None or (job.looked_at and done.look is None):
        prepared = prepare_scan(scan, bench.pipeline, bench.windowed, find)
        write_shard(path, [encode_row(row) for row in prepared.scans], bench.dims)
        outcome = _outcome(scan, prepared, native(scan.pixels, bench.windowed) if job.looked_at else None)
        write_atomic(path.with_suffix(".json"), outcome.model_dump_json())
    return path


def read_outcome(path: Path) -> Outcome | None:
    """The outcome beside a scan's rows; None where there is none, or it is damaged. It is written after the rows."""
    try:
        return Outcome.model_validate_json(path.with_suffix(".json").read_bytes()) if path.is_file() else None
    except (OSError, ValidationError):
        return None


def read_prepared(path: Path, dims: Dims) -> Iterator[Scan]:
    """The rows that a worker left, of all views.

    Raises:
        CohortError: they are damaged.
    """
    yield from (decode_row(row, dims) for row in read_rows(path, batch=1))


def _outcome(scan: Scan, prepared: Prepared, original: NDArray[np.float32] | None) -> Outcome:
    strength = "field strength unknown" if scan.field_strength is None else f"{scan.field_strength:g} T"
    return Outcome(
        scan_id=scan.scan_id,
        facts=", ".join([scan.orientation, strength, *([scan.sequence] if scan.sequence else [])]),
        source=prepared.state.place.source,
        field_sd=prepared.state.field_sd,
        look=None if original is None else look_at(prepared, original, scan.spacing_mm),
    )
