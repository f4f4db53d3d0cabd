"""Writing a release: its rows from the accepted candidates, audit log, card and checksums."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.trained import TrainingRecord
from synthuterus_bench.privacy.log import AUDIT_FILE, read_log, write_log
from synthuterus_bench.release.candidates import SPACING_MM, dims_of, require_chunk
from synthuterus_bench.release.card import write_card
from synthuterus_bench.release.gate import write_checksums
from synthuterus_bench.release.quota import Accepted, Filled
from synthuterus_bench.vocab import Split


def write_release(folder: Path, filled: Filled, model: ModelId, header: dict[str, Any], record: TrainingRecord) -> None:
    """Fill the new release folder; at most one chunk and one shard are in memory at once."""
    manifest = Manifest(
        name="synthuterus",
        view=model.view,
        dims=dims_of(model),
        intensity="window",
        splits={},
        digest="",
        seed=header["seed"],
    )
    writer = CohortWriter(folder, manifest)
    for scan in _scans(filled.accepted, model, f"{model}@{header['weights_sha256'][:12]}"):
        writer.add(scan)
    cohort = writer.close()
    write_log(folder / AUDIT_FILE, header, filled.records)
    write_card(folder, cohort, read_log(folder / AUDIT_FILE), record)
    write_checksums(folder)


def _scans(accepted: list[Accepted], model: ModelId, generator: str) -> Iterator[Scan]:
    for path, group in groupby(enumerate(accepted), key=lambda item: item[1].chunk):
        chunk = require_chunk(path)
        for number, one in group:
            yield _scan(f"synth-{model.view}-{number:05d}", chunk.pixels[one.row], one, model, generator)


def _scan(name: str, pixels: NDArray[np.uint16], one: Accepted, model: ModelId, generator: str) -> Scan:
    """A row: what the generator was told, and where it was told no class, what was measured."""
    position = one.position
    measured: dict[str, Any] = {"orientation": one.place.orientation}
    if position is not None:
        measured = {
            "orientation": position.orientation,
            "version_deg": position.version_deg,
            "flexion_deg": position.flexion_deg,
            "angle_basis": position.basis,
            "orientation_confidence": position.confidence,
        }
    return Scan(
        scan_id=name,
        pixels=pixels,
        spacing_mm=SPACING_MM[dims_of(model)],
        split=Split.TRAIN,
        source="synthetic",
        view=model.view,
        field_strength=one.place.field_strength,
        sequence=one.place.sequence,
        prompt=one.place.prompt,
        seed=one.seed,
        generator=generator,
        max_similarity=one.verdict.max_similarity,
        **measured,
    )
