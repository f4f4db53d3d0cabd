"""A generator of this package handed in as its weights: a release is drawn first, through its filter, and kept."""

from pathlib import Path

from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.folder import check_folder
from synthuterus_bench.generators.trained import RECORD, TrainingRecord, load_record
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.build import ReleasePlan, facts_of, generate
from synthuterus_bench.repro import digest_json
from synthuterus_bench.vocab import CLASSES
from synthuterus_bench.workers import available_cores, process_count

PIPELINE = "model_index.json"


def is_pipeline(path: Path) -> bool:
    """Whether a folder is a diffusers pipeline."""
    return (path / PIPELINE).is_file()


def check_drawn(path: Path, suite: Suite) -> TrainingRecord:
    """The record of a pipeline that can be drawn from, looked at before anything in it is loaded.

    Raises:
        SubmissionError: it was not trained by this package, or draws another view than the suite's.
        WeightsError: it holds another class, pickled weights or code.
    """
    if not (path / RECORD).is_file():
        raise SubmissionError(
            f"{path}: found a pipeline without {RECORD}, expected one that `synthbench train` made",
            "stock DDPMPipeline and DDIMPipeline folders will do too; of others, draw images with their own library "
            "and evaluate the folder of images",
        )
    record = load_record(path)
    if parse_id(record.model_id).view is not suite.view:
        raise SubmissionError(f"{path}: found a generator {record.model_id}, expected one of view {suite.view}")
    check_folder(path)
    return record


def drawn_release(path: Path, suite: Suite, cache: Path, track: Track = silent) -> Path:
    """The release of the suite's size drawn from the pipeline at ``path``, seed 0; drawn once by each set of versions
    and kind of device, then kept in ``cache``.

    Raises:
        SubmissionError: the pipeline was not trained by this package, or draws another view than the suite's.
        WeightsError: weights, index or embedder cannot be read.
    """
    record = check_drawn(path, suite)
    scans = suite.n_per_class * len(CLASSES)
    out = cache / "drawn" / f"{record.model_id}-{digest_json(facts_of(path))[:16]}-{scans}"
    workers = available_cores() if process_count() == 1 else 1
    generate(ReleasePlan(record.model_id, path, scans), out, workers, track)
    return out
