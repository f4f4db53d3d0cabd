"""From a cohort to a packed generator: read pictures, build on what the settings ask for, train, measure, write."""

from pathlib import Path

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError, UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.trained import INITIAL, TrainingRecord
from synthuterus_bench.nets.autoencoder import autoencoder_digest, load_autoencoder
from synthuterus_bench.nets.embedder import Embedder, load_embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.training.config import GeneratorConfig
from synthuterus_bench.training.diffusion import DiffusionTask, Parts, check_settings
from synthuterus_bench.training.initial import begin_with
from synthuterus_bench.training.loop import make_accelerator, run_digest, train
from synthuterus_bench.training.pack import pack
from synthuterus_bench.training.perceptual import make_perceptual
from synthuterus_bench.training.pictures import Pictures, check_cohort, read_pictures
from synthuterus_bench.training.reader import make_reader
from synthuterus_bench.vocab import Family, Split


def train_generator(
    model: ModelId,
    cohort: Cohort,
    config: GeneratorConfig,
    out: Path,
    autoencoder: Path | None = None,
    embedder: Embedder | None = None,
    weights_dir: Path | None = None,
    track: Track = silent,
    initial: Path | None = None,
) -> TrainingRecord:
    """Train or go on training in ``out``; the pipeline folder is ``out/pipeline``.

    Args:
        autoencoder: folder of a trained one, for models of latents.
        embedder: of the perceptual distance and the measured quality; by default the shipped one.
        initial: pipeline folder whose weights to begin with.

    Raises:
        UsageError: settings that make no sense for ``model``, or no autoencoder.
        CohortError: the cohort holds nothing that ``model`` can learn from.
        WeightsError: a checkpoint, the autoencoder, a published file or the initial weights cannot be taken.
    """
    check_settings(model, config)
    check_cohort(cohort, model)
    task = make_task(model, cohort, config, autoencoder, embedder, weights_dir)
    digests = built_on(task) | ({INITIAL: begin_with(task, initial)} if initial else {})
    run = run_digest(cohort, config, task.accelerator.num_processes, **digests)
    trained = train(task, config, out, task.accelerator, run, track)
    return pack(task, cohort, trained, out / "pipeline", digests, embedder or load_embedder(), track)


def make_task(
    model: ModelId,
    cohort: Cohort,
    config: GeneratorConfig,
    autoencoder: Path | None = None,
    embedder: Embedder | None = None,
    weights_dir: Path | None = None,
) -> DiffusionTask:
    """The task of a training, with all that it is built on."""
    if (model.family is Family.LDM2D) != (autoencoder is not None):
        if autoencoder is None:
            hint = "train one with: synthbench train vae2d --cohort COHORT --out DIR"
            raise UsageError(f"{model}: no autoencoder, expected --autoencoder DIR/autoencoder", hint)
        raise UsageError(f"{model}: found --autoencoder, which only models of latents have")
    accelerator = make_accelerator(config)
    parts = Parts(
        make_reader(config, accelerator.device, weights_dir) if model.conditioning.by_text else None,
        load_autoencoder(autoencoder).to(accelerator.device) if autoencoder else None,
        make_perceptual(config.perceptual, weights_dir, accelerator.device, embedder),
    )
    data = read_pictures(cohort, Split.TRAIN, model, config.slices)
    return DiffusionTask(model, config, data, _validation(model, cohort, config), parts, accelerator)


def _validation(model: ModelId, cohort: Cohort, config: GeneratorConfig) -> Pictures | None:
    """Validation pictures, where training or the card looks at them.

    Raises:
        CohortError: early stopping is asked for, and there are none.
    """
    if not cohort.manifest.splits.get(Split.VALIDATION):
        if config.patience:
            raise CohortError(f"{cohort.root}: no validation split, which patience={config.patience} needs")
        return None
    if not config.evaluate_every and not config.quality_samples:
        return None
    return read_pictures(cohort, Split.VALIDATION, model, config.slices)


def built_on(task: DiffusionTask) -> dict[str, str]:
    """Digests of what the weights were built on, by name."""
    reader, vae, distance = task.parts.reader, task.parts.vae, task.parts.distance
    return (
        ({"text_encoder": reader.sha256} if reader and reader.sha256 else {})
        | ({"autoencoder": autoencoder_digest(vae)} if vae else {})
        | ({f"perceptual_{distance.kind}": distance.sha256} if distance else {})
    )
