"""What a training that began with weights began with: noted beside it, and told on the card."""

from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.measured import Begun
from synthuterus_bench.generators.trained import INITIAL, TrainingRecord, load_record
from synthuterus_bench.repro import write_atomic

NOTE = "initial.json"


def note_initial(out: Path, folder: Path) -> None:
    """Keep in ``out`` what the record of the initial weights says."""
    write_atomic(out / NOTE, begun_of(folder).model_dump_json() + "\n")


def begun_of(folder: Path) -> Begun:
    """What a pipeline folder is, as far as its record can be read."""
    try:
        record = load_record(folder)
    except WeightsError:
        return Begun(weights_sha256=weights_digest(folder))
    return Begun(
        weights_sha256=weights_digest(folder),
        trained_on=record.preset or record.cohort,
        images_seen=record.images_seen,
    )


def noted(out: Path) -> Begun | None:
    """What the note in ``out`` says; None where there is none that can be read."""
    with suppress(OSError, ValidationError):
        return Begun.model_validate_json((out / NOTE).read_bytes())
    return None


def begun_with(record: TrainingRecord, out: Path, folder: Path | None) -> Begun | None:
    """What the weights of ``record`` began with; None where that was chance.

    Args:
        out: the folder that it was trained in, where a note may lie.
        folder: the initial pipeline folder, if it is at hand.
    """
    if INITIAL not in record.digests:
        return None
    digest = record.digests[INITIAL]
    known = [begun_of(folder) if folder and folder.is_dir() else None, noted(out)]
    return next((one for one in known if one and one.weights_sha256 == digest), Begun(weights_sha256=digest))
