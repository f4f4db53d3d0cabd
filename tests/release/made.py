"""Whole releases made of noise in no time, and hands to change one and sign it again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthuterus_bench.cohorts.layout import audit_file, config_of, selftest_file
from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.rows import decode_row, scan_digest, total_digest
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter, write_shard
from synthuterus_bench.errors import GateError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.prep.spatial import SPACING_MM
from synthuterus_bench.privacy.log import read_log, write_log
from synthuterus_bench.privacy.selftest_record import Cell, SelfTest
from synthuterus_bench.release.candidates import dims_of
from synthuterus_bench.release.card import write_card
from synthuterus_bench.release.checksums import write_checksums
from synthuterus_bench.release.gate import check_release
from synthuterus_bench.repro import canonical_json
from synthuterus_bench.vocab import CLASSES, VIEW_SIZE, Config, Sequence, Split

WEIGHTS, ENCODER, REFERENCE = "a" * 64, "e" * 64, "d" * 64
FIELDS = (0.55, 1.5, 3.0)


def header_of(model: str, scans: int, **changes: Any) -> dict[str, Any]:
    return {
        "versions": {"synthuterus-bench": "0.1.0"},
        "device": "cpu",
        "weights_sha256": WEIGHTS,
        "model": model,
        "encoder_sha256": ENCODER,
        "reference_digest": REFERENCE,
        "reference_scans": 100,
        "reference_is_training_data": True,
        "classes": "told",
        "localiser_sha256": None,
        "threshold": 0.95,
        "cap": 5,
        "scans": scans,
        "seed": 0,
        "sampler": {"scheduler": "dpm++", "steps": 12, "guidance": 1.5, "dtype": "float32"},
        "training_cohort": "phantom-v1",
        "training_preset": "phantom-v1",
        "licence": "cc-by-4.0",
        "floor": None,
    } | changes


def make_release(folder: Path, model: str = "ddpm2d-ct-roi", scans: int = 8, **changes: Any) -> Path:
    """A release as ``generate`` writes it, of noise; one candidate was rejected. ``changes`` go into the header."""
    named = parse_id(model)
    dims, side = dims_of(named), VIEW_SIZE[named.view]
    config = config_of(named.view, dims)
    shape = (side, side) if dims == 2 else (24, side, side)
    manifest = Manifest(
        name="synthuterus", view=named.view, dims=dims, intensity="window", splits={}, digest="", seed=0
    )
    writer, records = CohortWriter(folder / config, manifest, in_release=True), []
    for index in range(scans):
        condition = Condition(CLASSES[index % 4], FIELDS[index % 3], Sequence.TSE)
        pixels = np.random.default_rng(index).integers(0, 65536, shape).astype(np.uint16)
        facts = {"prompt": render(condition), "orientation": condition.orientation, "seed": 1000 + index}
        writer.add(
            Scan(
                f"synth-{config}-{index:05d}",
                pixels,
                SPACING_MM[dims],
                Split.TRAIN,
                "synthetic",
                named.view,
                field_strength=condition.field_strength,
                sequence=condition.sequence,
                generator=f"{model}@{WEIGHTS[:12]}",
                max_similarity=0.5 + 0.01 * index,
                **facts,
            )
        )
        records.append(_record(index, 0.5 + 0.01 * index, "accepted", **facts))
    records.append(_record(scans, 0.97, "rejected", prompt=None, orientation="av-af", seed=1000 + scans))
    writer.close()
    write_log(audit_file(folder, config), header_of(model, scans, **changes), records)
    return sign(folder, card=True)


def _record(index: int, similarity: float, decision: str, **facts: Any) -> dict[str, Any]:
    bound = "tau" if decision == "rejected" else None
    return {
        "index": index,
        "max_similarity": similarity,
        "neighbour": f"{index:016x}",
        "decision": decision,
        "bound": bound,
    } | facts


def sign(folder: Path, card: bool = False) -> Path:
    """Write card, if asked for, and checksums again."""
    if card:
        write_card(folder)
    write_checksums(folder)
    return folder


def change_log(folder: Path, change: Callable[[list[dict[str, Any]]], None], config: Config = Config.ROI) -> None:
    """Let ``change`` alter header and candidates of an audit log, and chain and sign it again."""
    path = audit_file(folder, config)
    records = [
        {name: value for name, value in record.items() if name not in ("previous", "kind", "version")}
        for record in read_log(path)[:-1]
    ]
    change(records)
    write_log(path, records[0], records[1:])
    sign(folder)


def change_rows(
    folder: Path, change: Callable[[list[dict[str, Any]]], None], config: Config = Config.ROI, said: bool = True
) -> None:
    """Let ``change`` alter the stored rows of the one shard, and sign it again; ``said`` in ``cohort.json`` too."""
    cohort = load_cohort(folder / config)
    (path,) = cohort.files()
    rows = list(cohort.rows())
    change(rows)
    write_shard(path, rows, cohort.manifest.dims)
    if said:
        digest = total_digest(scan_digest(decode_row(row, cohort.manifest.dims)) for row in rows)
        update = {"splits": {Split.TRAIN: len(rows)}, "digest": digest}
        manifest = cohort.manifest.model_copy(update=update)
        (folder / config / "cohort.json").write_text(canonical_json(manifest.model_dump(mode="json")) + "\n")
    sign(folder)


def refused(folder: Path, match: str) -> None:
    with pytest.raises(GateError, match=match):
        check_release(folder)


def add_selftest(folder: Path, config: Config = Config.ROI, **changes: Any) -> None:
    """A self-test that caught 99 of 100 in one cell."""
    facts: dict[str, Any] = {
        "encoder_sha256": ENCODER,
        "reference_digest": REFERENCE,
        "cells": [Cell(transform="flip", strength=1, plants=100, caught=99)],
        "negatives": 1000,
        "false_positives": 3,
    }
    selftest_file(folder, config).write_text(SelfTest(**facts | changes).model_dump_json())
