"""Training the localiser with weak supervision, as in Mueller et al. 2025: few annotated scans, then pseudo-labels.

Round 1 learns from the annotated scans alone. Its network then draws the other training scans; those in which it finds
a plausible uterus with enough confidence become pseudo-labels. Round 2 goes on from the weights of round 1, half of its
examples annotated, half pseudo-labelled. A share of all examples are :mod:`~synthuterus_bench.training.negatives` with
nothing to find. The loss is Dice (over the batch, since parts may be absent) plus focal cross-entropy, by MONAI.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.nets.segmenter import Localiser, load_localiser, make_segmenter, parts_of, save_localiser
from synthuterus_bench.prep.localise import locate
from synthuterus_bench.prep.spatial import SLICES
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import canonical_json, stream, stream_seed, write_atomic
from synthuterus_bench.training.annotated import Picture, choose, masked, pictures, read, slices
from synthuterus_bench.training.config import LocaliserConfig
from synthuterus_bench.training.examples import Example, draw_example
from synthuterus_bench.training.loop import make_accelerator, run_digest, train, watches
from synthuterus_bench.vocab import VIEW_SIZE, Split, View

CROP = VIEW_SIZE[View.ROI]
RECORD, LAST_ROUND = "training.json", "round-2"
WHOLE_SHARE, WHOLE_COST = 0.25, 4
VALIDATION_BATCHES = 8


class TrainingRecord(BaseModel):
    """``training.json``: what a localiser was trained on, in numbers alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cohort: str
    cohort_digest: str
    annotated_patients: int
    annotated_pictures: int
    pseudo_offered: int
    pseudo_kept: int
    steps_a_round: int
    batch: int
    seed: int


def load_record(folder: Path) -> TrainingRecord:
    """The record beside a localiser.

    Raises:
        WeightsError: it is missing or malformed.
    """
    try:
        return TrainingRecord.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{folder / RECORD}: no record of a localiser's training ({reason})") from None


@dataclass
class LocaliserTask:
    """The network and the loss of one round. Each of ``sets`` is drawn from equally often; ``held`` are annotated
    pictures of the validation split."""

    config: LocaliserConfig
    number: int
    sets: list[list[Picture]]
    accelerator: Accelerator
    held: list[Picture] = field(default_factory=list)

    def __post_init__(self) -> None:
        from monai.losses import DiceFocalLoss

        torch.manual_seed(stream_seed(self.config.seed, "initial localiser"))
        self.net = make_segmenter().to(self.accelerator.device)
        self.criterion = DiceFocalLoss(sigmoid=True, batch=True, gamma=1.0)

    @property
    def nets(self) -> Mapping[str, torch.nn.Module]:
        """The module that learns."""
        return {"net": self.net}

    def loss(self, step: int, part: int = 0) -> torch.Tensor:
        """Loss of a micro-batch: crops of 128, or a quarter as many whole pictures where those are larger."""
        more = (part,) if part else ()
        rng = stream(self.config.seed, "localiser batch", self.number, step, self.accelerator.process_index, *more)
        return self._loss(self.sets, rng)

    def validate(self) -> float | None:
        """Mean loss of batches from the validation split, the same every time; None without masks in it."""
        if not self.held:
            return None
        streams = [stream(self.config.seed, "localiser validation", number) for number in range(VALIDATION_BATCHES)]
        return float(np.mean([float(self._loss([self.held], rng)) for rng in streams]))

    def sheet(self) -> None:
        """No page: `synthbench prep --report` shows what a localiser draws."""

    def _loss(self, sets: list[list[Picture]], rng: np.random.Generator) -> torch.Tensor:
        side, count = CROP, self.config.batch
        whole = max(sets[0][0].z.shape)
        if whole > CROP and rng.random() < WHOLE_SHARE:
            side, count = whole, max(1, count // WHOLE_COST)
        examples = [self._example(sets, rng, side) for _ in range(count)]
        x = torch.stack([image for image, _ in examples]).to(self.accelerator.device)
        target = torch.from_numpy(parts_of(np.stack([mask for _, mask in examples]))).float().to(x.device)
        loss: torch.Tensor = self.criterion(self.net(x), target)
        return loss

    def _example(self, sets: list[list[Picture]], rng: np.random.Generator, side: int) -> Example:
        chosen = sets[rng.integers(len(sets))]
        return draw_example(chosen[rng.integers(len(chosen))], side, self.config.negatives, rng)


def train_localiser(cohort: Cohort, config: LocaliserConfig, out: Path, track: Track = silent) -> Localiser:
    """Train both rounds, or go on in ``out``; writes ``localiser.safetensors``, that of round 1 under ``round-1``.

    Raises:
        CohortError: not prepared, or too few patients with masks.
        WeightsError: a checkpoint in ``out`` is damaged or of other data or settings.
    """
    pool = config.pseudo // (SLICES if cohort.manifest.dims == 3 else 1)
    places, waiting = choose(cohort, config.annotated, pool, config.seed)
    out.mkdir(parents=True, exist_ok=True)
    annotated = pictures(read(cohort, places))
    first = LocaliserTask(config, 1, [annotated], make_accelerator(config), _held(cohort, config))
    teacher = _round(cohort, first, out / "round-1", track)
    offered = [slices(scan) for scan in read(cohort, waiting)]
    labelled = pseudo_labels(offered, teacher, config.confident, track)
    second = LocaliserTask(config, 2, [annotated, labelled] if labelled else [annotated], first.accelerator, first.held)
    second.net.load_state_dict(first.net.state_dict())
    student = _round(cohort, second, out / LAST_ROUND, track)
    if first.accelerator.is_main_process:
        save_localiser(out, second.net)
        record = TrainingRecord(
            cohort=cohort.manifest.name,
            cohort_digest=cohort.manifest.digest,
            annotated_patients=config.annotated,
            annotated_pictures=len(annotated),
            pseudo_offered=sum(map(len, offered)),
            pseudo_kept=len(labelled),
            steps_a_round=config.steps,
            batch=config.batch,
            seed=config.seed,
        )
        write_atomic(out / RECORD, canonical_json(record.model_dump()) + "\n")
    first.accelerator.wait_for_everyone()
    return student


def _held(cohort: Cohort, config: LocaliserConfig) -> list[Picture]:
    """Annotated pictures of the validation split, where evaluations are wanted and there are any."""
    places = masked(cohort, Split.VALIDATION) if watches(cohort, config) else []
    return pictures(read(cohort, places)) if places else []


def _round(cohort: Cohort, task: LocaliserTask, out: Path, track: Track) -> Localiser:
    """Train one round; afterwards the task's network holds the averaged weights."""
    run = round_digest(cohort, task.config, task.number, task.accelerator.num_processes)
    train(task, task.config, out, task.accelerator, run, track)
    if task.accelerator.is_main_process:
        save_localiser(out, task.net)
    task.accelerator.wait_for_everyone()
    load_localiser.cache_clear()
    return load_localiser(out)


def round_digest(cohort: Cohort, config: LocaliserConfig, number: int, processes: int) -> str:
    """What must stay the same for a round to go on. The first knows nothing of pseudo-labels; the second starts
    from the end of the first, so that its steps count too."""
    if number == 1:
        config = config.model_copy(update={"pseudo": 0, "confident": 0.0})
        return run_digest(cohort, config, processes, round="1")
    ends = {name: str(getattr(config, name)) for name in ("steps", "decay_steps", "patience")}
    return run_digest(cohort, config, processes, round="2", **ends)


def pseudo_labels(
    scans: list[NDArray[np.float32]], teacher: Localiser, confident: float, track: Track = silent
) -> list[Picture]:
    """Scans (S, H, W) drawn by ``teacher``, slice by slice; only those with a plausible uterus and confidence."""
    kept = []
    for z in track(scans, "pseudo-labels", len(scans)):
        found = locate(z, teacher)
        if found is not None and found.confidence >= confident:
            kept += [Picture(*pair) for pair in zip(z, found.mask, strict=True)]
    return kept
