"""Writing a release of one config: its rows from the accepted candidates, audit log, card and checksums."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.layout import audit_file, config_of, selftest_file
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.prep.spatial import SPACING_MM
from synthuterus_bench.privacy.log import write_log
from synthuterus_bench.release.candidates import dims_of
from synthuterus_bench.release.card import write_card
from synthuterus_bench.release.checksums import write_checksums
from synthuterus_bench.release.quota import Candidate, Filled
from synthuterus_bench.vocab import Config, Split

NAME = "synthuterus"


def write_release(
    folder: Path, filled: Filled, model: ModelId, header: dict[str, Any], selftest: Path | None = None
) -> None:
    """Fill the new release folder; a few chunks and one shard are in memory at once.

    Args:
        header: of the audit log.
        selftest: the record of the filter's self-test, to go with the audit log.
    """
    config = config_of(model.view, dims_of(model))
    manifest = Manifest(
        name=NAME,
        view=model.view,
        dims=dims_of(model),
        intensity="window",
        splits={},
        digest="",
        seed=header["seed"],
    )
    writer = CohortWriter(folder / config, manifest, in_release=True)
    for scan in _scans(filled, model, config, f"{model}@{header['weights_sha256'][:12]}"):
        writer.add(scan)
    writer.close()
    write_log(audit_file(folder, config), header, filled.records())
    if selftest is not None:
        shutil.copyfile(selftest, selftest_file(folder, config))
    write_card(folder)
    write_checksums(folder)


def _scans(filled: Filled, model: ModelId, config: Config, generator: str) -> Iterator[Scan]:
    for number, one in enumerate(filled.accepted()):
        yield _scan(f"synth-{config}-{number:05d}", one, model, generator)


def _scan(name: str, one: Candidate, model: ModelId, generator: str) -> Scan:
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
        pixels=one.pixels,
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
