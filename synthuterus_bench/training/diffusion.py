"""Training a 2D conditional denoiser on a prepared cohort: ``ddpm2d-ct``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray

from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError
from synthuterus_bench.nets.condition import NULL_CLASS, Told, class_index, make_text_encoder, make_tokenizer, tell
from synthuterus_bench.nets.denoiser import DenoiserSize, denoise, make_denoiser
from synthuterus_bench.nets.schedule import diffuse, loss_weight, make_schedule, target
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_json, stream, stream_seed
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.loop import train
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, UTERUS, Split


@dataclass(frozen=True, slots=True)
class DiffusionConfig:
    """Everything that decides the weights. ``uterus_weight`` is added to the loss of pixels inside the uterus."""

    loop: LoopConfig
    size: DenoiserSize = field(default_factory=DenoiserSize)
    batch: int = 16
    seed: int = 0
    text_layers: int = 2
    drop_class: float = 0.1
    drop_text: float = 0.1
    uterus_weight: float = 0.0
    prediction: str = "v_prediction"
    mixed_precision: str = "bf16"


@dataclass(frozen=True)
class TrainingSet:
    """The training split in memory: z-scores on demand, conditions, and where the uterus is."""

    pixels: NDArray[np.uint16]
    uterus: NDArray[np.bool_] | None
    classes: NDArray[np.int64]
    prompts: list[str]

    def batch(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Indices of a batch: classes in equal parts, images at random within their class."""
        present = [np.flatnonzero(self.classes == label) for label in np.unique(self.classes)]
        picked = rng.integers(len(present), size=count)
        return np.array([rng.choice(present[label]) for label in picked])


def training_set(cohort: Cohort) -> TrainingSet:
    """Read the training split.

    Raises:
        CohortError: no scan has a class, a field strength and a sequence.
    """
    pixels, scans = cohort.arrays(Split.TRAIN)
    conditions = {index: condition for index, scan in enumerate(scans) if (condition := _condition(scan)) is not None}
    if not conditions:
        raise CohortError(f"{cohort.root}: no training scan has a class, a sequence and one of {FIELD_STRENGTHS} T")
    chosen = [scans[index] for index in conditions]
    masks = [scan.mask for scan in chosen if scan.mask is not None]
    uterus = np.isin(np.stack(masks), UTERUS) if len(masks) == len(chosen) else None
    classes = np.array([class_index(scan.orientation) for scan in chosen])
    prompts = [render(condition) for condition in conditions.values()]
    return TrainingSet(pixels[[*conditions]].astype(np.uint16), uterus, classes, prompts)


def _condition(scan: Scan) -> Condition | None:
    if scan.orientation not in CLASSES or scan.field_strength is None or scan.sequence is None:
        return None
    field_strength = round(float(scan.field_strength), 2)
    return Condition(scan.orientation, field_strength, scan.sequence) if field_strength in FIELD_STRENGTHS else None


@dataclass
class DiffusionTask:
    """The networks, the schedule and the loss of one training run."""

    config: DiffusionConfig
    data: TrainingSet
    accelerator: Accelerator

    def __post_init__(self) -> None:
        torch.manual_seed(stream_seed(self.config.seed, "initial weights"))
        size, device = self.config.size, self.accelerator.device
        self.tokenizer = make_tokenizer()
        self.text_encoder = make_text_encoder(self.tokenizer, size.text_width, self.config.text_layers).to(device)
        self.unet = make_denoiser(size).to(device)
        self.schedule = make_schedule(size.image_size, self.config.prediction)

    @property
    def nets(self) -> Mapping[str, torch.nn.Module]:
        """The modules that learn."""
        return {"unet": self.unet, "text_encoder": self.text_encoder}

    def validate(self) -> float | None:
        """No validation."""
        return None

    def sheet(self) -> NDArray[np.uint8] | None:
        """No page."""
        return None

    def loss(self, step: int, part: int = 0) -> torch.Tensor:
        """Weighted squared error of one batch; each process takes its own streams."""
        rng = stream(self.config.seed, "train", step, self.accelerator.process_index)
        picked = self.data.batch(rng, self.config.batch)
        x0 = self._tensor(from_window(self.data.pixels[picked]))
        noise = self._tensor(rng.standard_normal(x0.shape[:1] + x0.shape[2:], dtype=np.float32))
        t = torch.from_numpy(rng.integers(self.schedule.config["num_train_timesteps"], size=len(picked)))
        t = t.to(x0.device)
        out = denoise(self.unet, diffuse(self.schedule, x0, noise, t), t, self._told(picked, rng))
        error = (out.float() - target(self.schedule, x0, noise, t)).square() * self._where(picked)
        return (error.mean((1, 2, 3)) * loss_weight(self.schedule, t)).mean()

    def _tensor(self, images: NDArray[np.float32]) -> torch.Tensor:
        return torch.from_numpy(images).unsqueeze(1).to(self.accelerator.device)

    def _told(self, picked: NDArray[np.int64], rng: np.random.Generator) -> Told:
        forget = rng.random((2, len(picked))) < [[self.config.drop_class], [self.config.drop_text]]
        classes = np.where(forget[0], NULL_CLASS, self.data.classes[picked]).tolist()
        prompts = ["" if drop else self.data.prompts[index] for index, drop in zip(picked, forget[1], strict=True)]
        return tell(classes, prompts, self.tokenizer, self.text_encoder)

    def _where(self, picked: NDArray[np.int64]) -> torch.Tensor | float:
        if not self.config.uterus_weight or self.data.uterus is None:
            return 1.0
        weight = 1 + self.config.uterus_weight * self.data.uterus[picked].astype(np.float32)
        return self._tensor(weight / weight.mean())


def train_diffusion(
    cohort: Cohort, config: DiffusionConfig, out: Path, track: Track = silent
) -> tuple[DiffusionTask, list[float]]:
    """Train or go on training in ``out``; afterwards the networks hold the averaged weights."""
    out.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(mixed_precision=config.mixed_precision)
    task = DiffusionTask(config, training_set(cohort), accelerator)
    run = run_digest(cohort, config, accelerator.num_processes)
    trained = train(task, config.loop, out, accelerator, run, track)
    return task, trained.losses


def run_digest(cohort: Cohort, config: Any, processes: int) -> str:
    """What must stay the same for a run to go on: data, settings but for its end, number of processes."""
    settings = config_dict(config)
    for end in ("steps", "decay_steps", "checkpoint_every"):
        settings["loop"].pop(end)
    return digest_json([cohort.manifest.digest, settings, processes])


def config_dict(config: DiffusionConfig) -> dict[str, Any]:
    """The configuration as plain values, for cards and digests."""
    return asdict(config) | {"loop": config.loop.model_dump(mode="json")}
