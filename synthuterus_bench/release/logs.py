"""What the gate asks of an audit log and of the self-test of the filter that wrote it."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from synthuterus_bench.cohorts.layout import selftest_file
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import GateError
from synthuterus_bench.privacy.selftest import SelfTest, load_selftest
from synthuterus_bench.release.contents import Row


def check_log(cohort: Cohort, rows: Iterable[Row], log: list[dict[str, Any]]) -> None:
    """Every row has one accepted record that says the same about it, and every accepted record has a row.

    Raises:
        GateError: the first that does not.
    """
    header, *candidates, _ = log
    kept = {record["seed"]: record for record in candidates if record["decision"] == "accepted"}
    accepted = sum(record["decision"] == "accepted" for record in candidates)
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


def _check_row(row: Row, record: dict[str, Any] | None, threshold: float, place: str) -> None:
    if record is None or (record["orientation"], record["prompt"]) != (row.orientation, row.prompt):
        raise GateError(f"{place} has no accepted audit record")
    similarity = record["max_similarity"]
    if np.float32(similarity) != np.float32(row.max_similarity):
        raise GateError(f"{place} says similarity {row.max_similarity}, its audit record {similarity}")
    if not (math.isfinite(similarity) and similarity <= threshold):
        raise GateError(f"{place} has similarity {similarity} above the threshold {threshold}")


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
