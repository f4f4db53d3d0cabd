"""Training by recipe: skipped where it is done, resumed where it was stopped."""

from pathlib import Path
from typing import Any

from synthuterus_bench.bench.shipping.begun import note_initial, noted
from synthuterus_bench.bench.shipping.cost import note_machine
from synthuterus_bench.bench.shipping.recipes import begins_with, read_recipe, same_training
from synthuterus_bench.bench.shipping.yard import PIPELINE, Yard, cohort_of
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.generators.catalogue import ModelId, parse_id
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.trained import INITIAL, Refinement, load_record
from synthuterus_bench.nets.autoencoder_record import load_autoencoder_record
from synthuterus_bench.training.start import Inputs, start
from synthuterus_bench.training.targets import Helper, Target
from synthuterus_bench.vocab import AutoencoderId, Family, View


def train_target(target: Target, yard: Yard, view: View = View.ROI) -> Path:
    """Train by the recipe, or go on; of a model of latents, its autoencoder first. Returns the folder it is in.

    Raises:
        UsageError: the model that it begins with is not there.
    """
    view = target.view if isinstance(target, ModelId) else view
    volumes = isinstance(target, ModelId) and target.family is Family.DDPM3D
    cohort, out = cohort_of(yard, view, 3 if volumes else 2), yard.out(target, view)
    config = read_recipe(target, yard.recipes, yard.until if isinstance(target, ModelId) else None)
    autoencoder = _autoencoder(target, yard)
    initial = _initial(target, yard)
    if (settings := _trained(target, out, cohort, initial)) and same_training(config, settings):
        yard.say(f"{target}: trained already, in {out}")
        return out
    yard.say(f"{target}: training in {out}, {config.steps:,} steps of {config.batch * config.accumulate}")
    out.mkdir(parents=True, exist_ok=True)
    note_machine(out)
    if initial:
        note_initial(out, initial)
    yard.say(start(target, cohort, config, out, Inputs(autoencoder, initial=initial), yard.track).sentence)
    return out


def train_refiner_of(model: ModelId, yard: Yard) -> Path:
    """Train a latent model's refiner by the recipe, or go on. Returns the folder it is in."""
    out, generator = yard.refiner(model), yard.out(model) / PIPELINE
    config = read_recipe(Helper.REFINER, yard.recipes)
    known = _refinement(out)
    if known and known.generator == weights_digest(generator) and same_training(config, known.config):
        yard.say(f"{Helper.REFINER} of {model}: trained already, in {out}")
        return out
    yard.say(f"{Helper.REFINER} of {model}: training in {out}, {config.steps:,} steps of {config.batch}")
    inputs = Inputs(generator=generator)
    yard.say(start(Helper.REFINER, cohort_of(yard, model.view, 2), config, out, inputs, yard.track).sentence)
    return out


def _refinement(out: Path) -> Refinement | None:
    try:
        return load_record(out / PIPELINE).refiner
    except WeightsError:
        return None


def _initial(target: Target, yard: Yard) -> Path | None:
    """The pipeline folder to begin with: the one asked for, else the recipe's: what the training began with when that
    is there still, else the one made here or shipped."""
    if not isinstance(target, ModelId):
        return None
    if yard.initial or not (first := begins_with(target, yard.recipes)):
        return yard.initial
    homes = yard.pipeline(parse_id(first)), yard.ship / first
    there = [home for home in homes if home.is_dir()]
    if not there:
        found = f"found neither {homes[0]} nor {homes[1]}"
        raise UsageError(f"{target} begins with {first}, {found}", f"give {first} first")
    begun = noted(yard.out(target))
    return next((home for home in there if begun and weights_digest(home) == begun.weights_sha256), there[0])


def _autoencoder(target: Target, yard: Yard) -> Path | None:
    if not isinstance(target, ModelId) or target.family is not Family.LDM2D:
        return None
    return train_target(AutoencoderId.VAE2D, yard, target.view) / "autoencoder"


def _trained(target: Target, out: Path, cohort: Cohort, initial: Path | None) -> dict[str, Any] | None:
    """Settings of what was trained on ``cohort`` from ``initial`` in ``out``; None where nothing was finished."""
    try:
        if isinstance(target, ModelId):
            record = load_record(out / PIPELINE)
            begun = weights_digest(initial) if initial else None
            same = record.cohort_digest == cohort.manifest.digest and record.digests.get(INITIAL) == begun
            return record.config if same else None
        if isinstance(target, AutoencoderId):
            made = load_autoencoder_record(out / "autoencoder")
            return made.config if made.cohort_digest == cohort.manifest.digest else None
    except WeightsError:
        return None
    return None
