"""One door to every training: by target, with what it is built on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.nets.embedder import Embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.training.config import (
    AutoencoderConfig,
    EmbedderConfig,
    GeneratorConfig,
    LocaliserConfig,
    LoopConfig,
    RefinerConfig,
)
from synthuterus_bench.training.outcome import Trained, load_outcome
from synthuterus_bench.training.targets import Helper, Target
from synthuterus_bench.vocab import AutoencoderId


@dataclass(frozen=True)
class Inputs:
    """What a training may be built on: a trained autoencoder, an embedder (the shipped one), published files, the
    pipeline folder whose weights it begins with, and that of the model that a refiner is for."""

    autoencoder: Path | None = None
    embedder: Embedder | None = None
    weights_dir: Path | None = None
    initial: Path | None = None
    generator: Path | None = None


@dataclass(frozen=True)
class Done:
    """What was made: facts by name, and a sentence."""

    facts: dict[str, Any]
    sentence: str


def start(target: Target, cohort: Cohort, config: LoopConfig, out: Path, inputs: Inputs, track: Track = silent) -> Done:
    """Train ``target``, or go on training in ``out``.

    Raises:
        UsageError: settings or inputs that ``target`` has no use for.
        DataError: the cohort, a checkpoint or a file that it is built on is not as it should be.
    """
    _check_inputs(target, inputs)
    if isinstance(target, ModelId):
        return _generator(target, cohort, config, out, inputs, track)
    if isinstance(target, AutoencoderId):
        return _autoencoder(target, cohort, config, out, inputs, track)
    if target is Helper.REFINER:
        return _refiner(cohort, config, out, inputs, track)
    return (_embedder if target is Helper.EMBEDDER else _localiser)(cohort, config, out, track)


def _check_inputs(target: Target, inputs: Inputs) -> None:
    if inputs.autoencoder is not None and not isinstance(target, ModelId):
        raise UsageError(f"{target}: found --autoencoder, which only models of latents have")
    if inputs.initial is not None and not isinstance(target, ModelId):
        raise UsageError(f"{target}: found --init, which only generators take")
    if (inputs.generator is not None) != (target is Helper.REFINER):
        if inputs.generator is not None:
            raise UsageError(f"{target}: found --generator, which only the refiner takes")
        hint = "give a latent model's pipeline folder, or the id of a shipped one"
        raise UsageError(f"{target}: no --generator, expected the model that it is for", hint)
    if isinstance(target, Helper) and (inputs.embedder is not None or inputs.weights_dir is not None):
        given = "--embedder" if inputs.embedder is not None else "--weights-dir"
        raise UsageError(f"{target}: found {given}, which it is not built on")


def outcome(target: Target, out: Path) -> Trained | None:
    """How the finished training of ``target`` in ``out`` went; None where there is none."""
    from synthuterus_bench.training.localiser import LAST_ROUND

    return load_outcome(out / LAST_ROUND if target is Helper.LOCALISER else out)


def _generator(target: ModelId, cohort: Cohort, config: LoopConfig, out: Path, inputs: Inputs, track: Track) -> Done:
    from synthuterus_bench.training.generator import train_generator

    assert isinstance(config, GeneratorConfig)
    record = train_generator(
        target, cohort, config, out, inputs.autoencoder, inputs.embedder, inputs.weights_dir, track, inputs.initial
    )
    facts = {"pipeline": str(out / "pipeline"), "images_seen": record.images_seen, "loss": record.losses[-1]}
    return _told(facts, f"pipeline in {out / 'pipeline'}, {record.images_seen:,} images seen", target, out)


def _autoencoder(
    target: AutoencoderId, cohort: Cohort, config: LoopConfig, out: Path, inputs: Inputs, track: Track
) -> Done:
    from synthuterus_bench.training.autoencoder import train_autoencoder

    assert isinstance(config, AutoencoderConfig)
    record = train_autoencoder(target, cohort, config, out, inputs.weights_dir, inputs.embedder, track)
    facts = {"autoencoder": str(out / "autoencoder"), "digest": record.digest, "loss": record.losses[-1]}
    return _told(facts, f"autoencoder in {out / 'autoencoder'}", target, out)


def _refiner(cohort: Cohort, config: LoopConfig, out: Path, inputs: Inputs, track: Track) -> Done:
    from synthuterus_bench.training.refiner import train_refiner

    assert isinstance(config, RefinerConfig)
    assert inputs.generator is not None
    record = train_refiner(inputs.generator, cohort, config, out, track)
    assert record.refiner is not None
    facts = {"pipeline": str(out / "pipeline"), "images_seen": record.refiner.images_seen}
    return _told(facts, f"{record.model_id} with its refiner in {out / 'pipeline'}", Helper.REFINER, out)


def _embedder(cohort: Cohort, config: LoopConfig, out: Path, track: Track) -> Done:
    from synthuterus_bench.training.embedder import train_embedder

    assert isinstance(config, EmbedderConfig)
    trained = train_embedder(cohort, config, out, track)
    return _told({"embedder": str(out), "sha256": trained.sha256}, f"embedder in {out}", Helper.EMBEDDER, out)


def _localiser(cohort: Cohort, config: LoopConfig, out: Path, track: Track) -> Done:
    from synthuterus_bench.training.localiser import load_record, train_localiser

    assert isinstance(config, LocaliserConfig)
    trained, record = train_localiser(cohort, config, out, track), load_record(out)
    facts = {"localiser": str(out), "sha256": trained.sha256, **record.model_dump()}
    sentence = (
        f"localiser in {out}: {record.annotated_pictures} annotated pictures of {record.annotated_patients} patients, "
        f"{record.pseudo_kept} of {record.pseudo_offered} pseudo-labels kept"
    )
    return _told(facts, sentence, Helper.LOCALISER, out)


def _told(facts: dict[str, Any], sentence: str, target: Target, out: Path) -> Done:
    """With where it stopped, and the loss that was best."""
    how = outcome(target, out)
    if how is None:
        return Done(facts, sentence)
    facts |= {"steps": how.step, "best_step": how.best_step}
    sentence += f", {how.step:,} steps, loss {how.losses[-1]:.4f}"
    if how.validation:
        facts["validation"] = how.best
        sentence += f", validation {how.best:.4f} at step {how.best_step:,}"
    return Done(facts, sentence)
