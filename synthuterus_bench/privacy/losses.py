"""Losses of a generator at fixed times and noise, for the membership test of its weights."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMScheduler
from numpy.typing import NDArray

from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.pipeline import SynthUterusPipeline, load_pipeline
from synthuterus_bench.generators.refiner import residual_schedule
from synthuterus_bench.generators.solve import Denoiser
from synthuterus_bench.generators.trained import TrainingRecord, load_record
from synthuterus_bench.nets.autoencoder import decode, encode
from synthuterus_bench.nets.denoiser import denoise
from synthuterus_bench.nets.schedule import diffuse, target
from synthuterus_bench.privacy.membership import Membership
from synthuterus_bench.privacy.mentions import check_mentions
from synthuterus_bench.privacy.ranking import Losses, check_groups, judge
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream
from synthuterus_bench.training.pictures import Pictures, read_pictures
from synthuterus_bench.vocab import CLASSES, Family, SliceChoice, Split

QUANTILES = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95)
"""Where in the schedule images are noised."""

REFINER = "refiner"

CHUNK = {2: 16, 3: 2}
HELD_OUT = (Split.VALIDATION, Split.TEST)


def measure_membership(
    folder: Path, reference: Path, scans: int = 500, seed: int = 0, track: Track = silent
) -> Membership:
    """Test the weights of a pipeline folder on their training cohort.

    Args:
        reference: the prepared cohort that the weights were trained on, with held-out patients.
        scans: images (or volumes) of each group at most, of whole patients as far as they go.

    Raises:
        CohortError: another cohort, or no patients held out.
        WeightsError: the folder cannot be loaded.
        GateError: a file in it names scans or patients of the cohort.
    """
    record, cohort = load_record(folder), load_cohort(reference)
    if cohort.manifest.digest != record.cohort_digest:
        raise CohortError(
            f"{reference}: found cohort {cohort.manifest.digest[:16]}, expected {record.cohort_digest[:16]}, which "
            f"{folder.name} was trained on"
        )
    check_mentions(folder, cohort)
    pipeline = load_pipeline(folder)
    members, others = (_some(cohort, record, splits, scans, seed) for splits in ((Split.TRAIN,), HELD_OUT))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pipeline.to(device)
    ours = _losses(pipeline, members, seed, track, "training")
    theirs = _losses(pipeline, others, seed, track, "held-out")
    check_groups(ours, theirs, str(reference))
    auc, tpr, alone = judge(ours, theirs, seed)
    return Membership(
        weights_sha256=weights_digest(folder),
        cohort_digest=record.cohort_digest,
        members=len(members),
        member_patients=len(np.unique(members.patients)),
        others=len(others),
        other_patients=len(np.unique(others.patients)),
        auc=auc,
        tpr=tpr,
        auc_by_time=dict(zip(_names(pipeline), alone, strict=True)),
        seed=seed,
    )


def _some(cohort: Cohort, record: TrainingRecord, splits: tuple[Split, ...], scans: int, seed: int) -> Pictures:
    """Scans of patients in random order, the last patient's only as far as they go."""
    from synthuterus_bench.generators.catalogue import parse_id

    model, there = parse_id(record.model_id), [split for split in splits if cohort.manifest.splits.get(split)]
    if not there:
        raise CohortError(f"{cohort.root}: found no {' or '.join(splits)} split, expected patients held out")
    slices = SliceChoice(record.config.get("slices", SliceChoice.ALL))
    parts = [read_pictures(cohort, split, model, slices) for split in there]
    every = _joined(parts)
    order = stream(seed, "membership", "patients", splits[0]).permutation(int(every.patients.max()) + 1)
    place = np.argsort(order)[every.patients]
    return every.take(np.sort(np.argsort(place, kind="stable")[:scans]))


def _joined(parts: list[Pictures]) -> Pictures:
    shift = np.cumsum([0, *(int(part.patients.max()) + 1 for part in parts)])
    return Pictures(
        np.concatenate([part.pixels for part in parts]),
        None,
        np.concatenate([part.classes for part in parts]),
        [prompt for part in parts for prompt in part.prompts],
        np.concatenate([part.patients + by for part, by in zip(parts, shift, strict=False)]),
    )


def _losses(pipeline: SynthUterusPipeline, pictures: Pictures, seed: int, track: Track, label: str) -> Losses:
    size = CHUNK[3 if pipeline.model_id.family is Family.DDPM3D else 2]
    starts = range(0, len(pictures), size)
    chunks = (pictures.take(np.arange(start, min(start + size, len(pictures)))) for start in starts)
    values = [_of_chunk(pipeline, chunk, seed) for chunk in track(chunks, f"losses, {label}", len(starts))]
    return Losses(np.concatenate(values), pictures.patients)


@torch.inference_mode()
def _of_chunk(pipeline: SynthUterusPipeline, chunk: Pictures, seed: int) -> NDArray[np.float64]:
    """Mean squared errors (B, times) of what the network says, and after them of what a refiner says."""
    z = torch.from_numpy(from_window(chunk.pixels[:, None])).to(pipeline.device)
    x0 = z if pipeline.vae is None else encode(pipeline.vae, z)
    told_class, told_text = pipeline.model_id.conditioning.by_class, pipeline.model_id.conditioning.by_text
    told = pipeline.tell(
        [CLASSES[one] if told_class and one < len(CLASSES) else None for one in chunk.classes],
        [prompt if told_text else None for prompt in chunk.prompts],
    )
    errors = [*_errors(lambda x, t: pipeline.predict(x, t, told), pipeline.scheduler, x0, seed, "noise")]
    if pipeline.refiner is not None:
        mean = decode(pipeline.vae, x0)
        residual = (z - mean) / pipeline.config["residual_std"]
        says = lambda x, t: denoise(pipeline.refiner, x, t, told, mean).float()
        errors += _errors(says, residual_schedule(), residual, seed, REFINER)
    return np.stack(errors, 1)


def _errors(
    says: Denoiser, schedule: DDPMScheduler, x0: torch.Tensor, seed: int, name: str
) -> Iterator[NDArray[np.float64]]:
    """Errors (B,) at each time; its noise, of the stream ``name``, is the same for every image."""
    for quantile in QUANTILES:
        rng = stream(seed, "membership", name, f"{quantile:.2f}")
        noise = torch.from_numpy(rng.standard_normal(tuple(x0.shape[1:]), dtype=np.float32)).to(x0.device).expand_as(x0)
        t = torch.full((len(x0),), int(quantile * schedule.config["num_train_timesteps"]), device=x0.device)
        error = (says(diffuse(schedule, x0, noise, t), t) - target(schedule, x0, noise, t)).square()
        yield error.flatten(1).mean(1).double().cpu().numpy()


def _names(pipeline: SynthUterusPipeline) -> list[str]:
    """What the columns of losses are called."""
    quantiles = [f"{quantile:.2f}" for quantile in QUANTILES]
    return quantiles + ([f"{REFINER} {one}" for one in quantiles] if pipeline.refiner is not None else [])
