"""From trained networks to a pipeline folder with its training record, samples and model card."""

import shutil
from pathlib import Path

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.generators.pipeline import SynthUterusPipeline, load_pipeline, save_pipeline
from synthuterus_bench.generators.shares import shares_of
from synthuterus_bench.generators.trained import RECORD, Share, TrainingRecord
from synthuterus_bench.nets.embedder import Embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import atomic_path, canonical_json, staged_folder, write_atomic
from synthuterus_bench.training.card import model_card
from synthuterus_bench.training.diffusion import DiffusionTask
from synthuterus_bench.training.loop import Trained
from synthuterus_bench.training.quality import Drawn, measure_quality, sample_sheet

SAMPLES = "samples.png"


def pack(
    task: DiffusionTask,
    cohort: Cohort,
    trained: Trained,
    folder: Path,
    digests: dict[str, str],
    embedder: Embedder,
    track: Track = silent,
) -> TrainingRecord:
    """Write the pipeline folder of a finished run: weights, record, samples, card. Only the main process writes.

    Samples and their quality are those of the weights as they are stored, in half precision.

    Args:
        digests: of what the weights were built on.
    """
    record = make_record(task, cohort, trained, digests)
    if not task.accelerator.is_main_process:
        return record
    shutil.rmtree(folder, ignore_errors=True)
    with staged_folder(folder) as staged:
        save_pipeline(staged, task.pipeline(), record)
        stored = load_pipeline(staged).to(task.accelerator.device)
        drawn = _drawn(task, stored, embedder, track)
        if drawn:
            record = record.model_copy(update={"quality": drawn.values})
            _save_sheet(staged, drawn)
        write_atomic(staged / RECORD, canonical_json(record.model_dump(mode="json")) + "\n")
        write_atomic(staged / "README.md", model_card(record, parameters_of(stored), samples=drawn is not None))
    return record


def make_record(task: DiffusionTask, cohort: Cohort, trained: Trained, digests: dict[str, str]) -> TrainingRecord:
    """What is known of a finished run."""
    config = task.config
    a_step = config.batch * config.accumulate * task.accelerator.num_processes
    return TrainingRecord(
        model_id=str(task.model),
        cohort=cohort.manifest.name,
        cohort_digest=cohort.manifest.digest,
        preset=cohort.manifest.preset,
        train_scans=len(task.data),
        shares=[Share(field_strength=f, sequence=s, scans=int(n)) for (f, s), n in sorted(shares_of(cohort).items())],
        images_seen=trained.step * a_step,
        config=config.model_dump(mode="json"),
        losses=[round(loss, 5) for loss in trained.losses],
        validation=[(step, round(loss, 5)) for step, loss in trained.validation],
        best_step=trained.best_step,
        digests=digests,
        device=task.accelerator.device.type,
    )


def _drawn(task: DiffusionTask, stored: SynthUterusPipeline, embedder: Embedder, track: Track) -> Drawn | None:
    config = task.config
    if not config.quality_samples:
        return None
    return measure_quality(stored, task.data, task.validation, config.quality_samples, embedder, config.seed, track)


def _save_sheet(folder: Path, drawn: Drawn) -> None:
    from PIL import Image

    with atomic_path(folder / SAMPLES) as path:
        Image.fromarray(sample_sheet(drawn)).save(path, format="png", optimize=True)


def parameters_of(pipeline: SynthUterusPipeline) -> dict[str, int]:
    """Number of parameters of each network."""
    nets = {"denoiser": pipeline.unet, "text encoder": pipeline.text_encoder, "autoencoder": pipeline.vae}
    nets["refiner"] = pipeline.refiner
    return {name: sum(p.numel() for p in net.parameters()) for name, net in nets.items() if net is not None}
