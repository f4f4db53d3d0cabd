"""What the gate asks of an audit log and of the self-test of the filter that wrote it."""

import math
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from synthuterus_bench.cohorts.layout import selftest_file
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import GateError
from synthuterus_bench.privacy.calibration import Calibration
from synthuterus_bench.privacy.filter import Bound, Decision
from synthuterus_bench.privacy.selftest_record import SelfTest, load_selftest
from synthuterus_bench.release.contents import Row

_FIELDS = {"kind", "previous", "index", "seed", "orientation", "prompt", "decision", "bound", "neighbour"}
_FIELDS |= {"max_similarity", "layer_similarity", "volume_similarity", "slice", "duplicate_of"}
"""All that a record of a candidate may say."""

_KEY = re.compile("[0-9a-f]{16}")
_DEPTHS = {"max_similarity": "readout", "layer_similarity": "layer", "volume_similarity": "volume"}


class _Kept(NamedTuple):
    """What an accepted record says of its row."""

    orientation: str
    prompt: str | None
    similarity: float


def check_log(cohort: Cohort, rows: Iterable[Row], log: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Every row has one accepted record that says the same about it, and every accepted record has a row.

    Of each record three values are in memory, and classes and prompts once.

    Returns:
        The header of the log.

    Raises:
        GateError: the first that does not.
    """
    header = next(log)
    kept, accepted = _accepted(log, header, str(cohort.config))
    generator, found = f"{header['model']}@{header['weights_sha256'][:12]}", 0
    for row in rows:
        _check_row(row, kept.pop(row.seed, None), header["threshold"], f"{cohort.config}: {row.scan_id}")
        if row.generator != generator:
            raise GateError(f"{cohort.config}: {row.scan_id} is of {row.generator}, its audit log of {generator}")
        found += 1
    if found != accepted or found != header["scans"]:
        raise GateError(
            f"{cohort.config}: found {accepted} accepted audit records for {header['scans']} scans, expected {found}, "
            "one a row"
        )
    return header


def _accepted(log: Iterable[dict[str, Any]], header: dict[str, Any], config: str) -> tuple[dict[int, _Kept], int]:
    """Accepted records by their seed, and how many there are; every record is looked at."""
    kept: dict[int, _Kept] = {}
    accepted, said = 0, header.get("calibration")
    calibration = None if said is None else Calibration.model_validate(said)
    told = header["classes"] != "measured"
    for record in log:
        if record["kind"] == "footer":
            continue
        _check_record(record, f"{config}: audit record {record['index']}")
        if record["decision"] == "accepted":
            _check_bounds(record, calibration, told, f"{config}: audit record {record['index']}")
            prompt = None if record["prompt"] is None else sys.intern(record["prompt"])
            kept[record["seed"]] = _Kept(sys.intern(record["orientation"]), prompt, record["max_similarity"])
            accepted += 1
    return kept, accepted


def _check_record(record: dict[str, Any], place: str) -> None:
    """Nothing but what the filter says of a candidate, and nobody's name for its neighbour."""
    if odd := sorted(record.keys() - _FIELDS):
        raise GateError(f"{place} says {odd[0]}, expected what the filter found alone")
    if not _KEY.fullmatch(record["neighbour"]):
        raise GateError(f"{place} names its neighbour, expected a salted key of 16 hex digits")
    if record["decision"] not in [*Decision] or record["bound"] not in (None, *Bound):
        raise GateError(f"{place}: found decision {record['decision']} by {record['bound']}, expected the filter's")


def _check_bounds(record: dict[str, Any], calibration: Calibration | None, told: bool, place: str) -> None:
    """An accepted candidate is within every bound of its class that the header says was calibrated."""
    if record["bound"] is not None:
        raise GateError(f"{place} is accepted and rejected by {record['bound']}")
    if calibration is None:
        return
    own = calibration.of(record["orientation"] if told else None)
    for field, depth in _DEPTHS.items():
        found, limit = record.get(field), getattr(own, depth)
        if limit is not None and (found is None or not found <= limit):
            raise GateError(f"{place} is accepted with {field} {found}, above the calibrated {limit}")


def _check_row(row: Row, record: _Kept | None, threshold: float, place: str) -> None:
    if record is None or (record.orientation, record.prompt) != (row.orientation, row.prompt):
        raise GateError(f"{place} has no accepted audit record")
    if np.float32(record.similarity) != np.float32(row.max_similarity):
        raise GateError(f"{place} says similarity {row.max_similarity}, its audit record {record.similarity}")
    if not (math.isfinite(record.similarity) and record.similarity <= threshold):
        raise GateError(f"{place} has similarity {record.similarity} above the threshold {threshold}")


def check_tested(release: Path, cohort: Cohort, header: dict[str, Any]) -> None:
    """The self-test that the release carries is of its filter and above the floor that it was made with.

    Raises:
        GateError: it is not, or a floor was asked for and there is none.
    """
    path = selftest_file(release, cohort.config)
    if path.exists():
        check_selftest(load_selftest(path), header, path.relative_to(release))
    elif header["floor"] is not None:
        raise GateError(f"{release}: no {path.name}, expected a self-test for the floor {header['floor']}")


def check_selftest(test: SelfTest, header: dict[str, Any], place: Path) -> None:
    """A self-test is of the encoder and reference of ``header``, and above its floor if it has one.

    Raises:
        GateError: it is not.
    """
    for name in ("encoder_sha256", "reference_digest"):
        if getattr(test, name) != header[name]:
            found, expected = getattr(test, name)[:12], header[name][:12]
            raise GateError(f"{place}: found a self-test of {name} {found}, expected {expected}")
    if header["floor"] is not None and not test.passes(header["floor"]):
        raise GateError(f"{place}: the self-test is below its floor {header['floor']}")
