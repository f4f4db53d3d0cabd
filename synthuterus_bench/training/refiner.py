"""From a latent model to one with a refiner: read pictures, train, write."""

import shutil
from pathlib import Path

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError, UsageError
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.pipeline import SynthUterusPipeline, load_pipeline, save_pipeline
from synthuterus_bench.generators.trained import Refinement, TrainingRecord, load_record
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import staged_folder, write_atomic
from synthuterus_bench.training.card import model_card
from synthuterus_bench.training.config import RefinerConfig
from synthuterus_bench.training.loop import Trained, make_accelerator, run_digest, train
from synthuterus_bench.training.pack import parameters_of
from synthuterus_bench.training.pictures import Pictures, read_pictures
from synthuterus_bench.training.residual import RefinerTask
from synthuterus_bench.vocab import Split


def train_refiner(
    generator: Path, cohort: Cohort, config: RefinerConfig, out: Path, track: Track = silent
) -> TrainingRecord:
    """Train or go on training in ``out``; ``out/pipeline`` is the model of ``generator`` with its refiner.

    Args:
        generator: pipeline folder of a latent model; a refiner that it has is replaced.
        cohort: the one that the model was trained on, whose patients its filter knows.

    Raises:
        UsageError: the generator is no model of latents.
        CohortError: another cohort.
        WeightsError: the generator cannot be loaded, or a checkpoint in ``out`` is of another run.
    """
    model, record = load_pipeline(generator), load_record(generator)
    if model.vae is None:
        raise UsageError(f"{generator}: found a {record.model_id}, expected a model of latents")
    if record.cohort_digest != cohort.manifest.digest:
        found, expected = cohort.manifest.digest[:16], record.cohort_digest[:16]
        raise CohortError(f"{cohort.root}: found cohort {found}, expected {expected}, which the model was trained on")
    accelerator = make_accelerator(config)
    splits = (Split.TRAIN, Split.VALIDATION)
    data, held = (_pictures(cohort, split, model, config) for split in splits)
    assert data is not None
    task = RefinerTask(model, config, data, held, accelerator)
    digest = weights_digest(generator)
    run = run_digest(cohort, config, accelerator.num_processes, generator=digest)
    trained = train(task, config, out, accelerator, run, track)
    known = record.model_copy(update={"refiner": _refinement(task, trained, digest)})
    if accelerator.is_main_process:
        _pack(task, known, out / "pipeline")
    accelerator.wait_for_everyone()
    return known


def _pictures(cohort: Cohort, split: Split, model: SynthUterusPipeline, config: RefinerConfig) -> Pictures | None:
    if split is Split.VALIDATION and not (config.evaluate_every and cohort.manifest.splits.get(split)):
        return None
    return read_pictures(cohort, split, model.model_id, config.slices)


def _refinement(task: RefinerTask, trained: Trained, generator: str) -> Refinement:
    config = task.config
    return Refinement(
        generator=generator,
        images_seen=trained.step * config.batch * config.accumulate * task.accelerator.num_processes,
        config=config.model_dump(mode="json"),
        losses=[round(loss, 5) for loss in trained.losses],
        validation=[(step, round(loss, 5)) for step, loss in trained.validation],
        best_step=trained.best_step,
        device=task.accelerator.device.type,
    )


def _pack(task: RefinerTask, record: TrainingRecord, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with staged_folder(folder) as staged:
        save_pipeline(staged, task.refined(), record)
        write_atomic(staged / "README.md", model_card(record, parameters_of(load_pipeline(staged))))
