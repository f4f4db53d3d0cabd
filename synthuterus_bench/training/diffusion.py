"""One training of a denoiser on a prepared cohort: in pixels, in latents, or of volumes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from accelerate import Accelerator
from diffusers import AutoencoderKL
from numpy.typing import NDArray

from synthuterus_bench.cohorts.sheet import contact_sheet
from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.errors import CohortError, UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.nets.condition import NULL_CLASS, Told
from synthuterus_bench.nets.denoiser import DenoiserSize, denoise, make_denoiser
from synthuterus_bench.nets.edm import make_edm_schedule
from synthuterus_bench.nets.schedule import make_schedule
from synthuterus_bench.repro import stream, stream_seed
from synthuterus_bench.training.clean import Clean, clean_pictures
from synthuterus_bench.training.config import GeneratorConfig
from synthuterus_bench.training.objective import LatentObjective, Objective, PixelObjective, Weight
from synthuterus_bench.training.perceptual import PerceptualDistance
from synthuterus_bench.training.pictures import Pictures
from synthuterus_bench.training.reader import Reader
from synthuterus_bench.training.samples import draw, wanted_like
from synthuterus_bench.vocab import VIEW_SIZE, Family, Perceptual, Prediction, SliceChoice

_PICTURE_ALONE = torch.tensor([2.0, 0.0])
"""Weights of picture and layers in a validation loss, which is thereby that of the picture."""
VALIDATED = 256
SHOWN = 8
Forget = NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """What a denoiser is built on: the reader of prompts, the autoencoder of a latent model, a perceptual distance."""

    reader: Reader | None = None
    vae: AutoencoderKL | None = None
    distance: PerceptualDistance | None = None


@dataclass
class DiffusionTask:
    """The networks, the objective and the pictures of one training run.

    Raises:
        UsageError: settings that this kind of model has no use for.
        CohortError: the uterus is to weigh more, and not every scan has a mask.
    """

    model: ModelId
    config: GeneratorConfig
    data: Pictures
    validation: Pictures | None
    parts: Parts
    accelerator: Accelerator

    def __post_init__(self) -> None:
        check_settings(self.model, self.config)
        if self.config.uterus_weight and self.data.uterus is None:
            raise CohortError(
                f"found scans without a mask, which uterus_weight={self.config.uterus_weight:g} needs",
                "leave the weight out: --set uterus_weight=0",
            )
        if self.config.layers_plane and self.data.layers is None:
            raise CohortError("found scans without a mask, which layers_plane needs", "--set layers_plane=false")
        self.clean = clean_pictures(self.data, self.parts.vae, self.config.layers_plane)
        torch.manual_seed(stream_seed(self.config.seed, "initial weights"))
        net = make_denoiser(self.model.family, self.model.conditioning, self._size())
        self.unet = net.to(self.accelerator.device)
        if self.latent:
            self.sigma_data = float(self.clean.x0.std())
            self.schedule = make_edm_schedule(self.sigma_data)
        else:
            self.schedule = make_schedule(VIEW_SIZE[self.model.view], self.config.prediction)
        self.objective = self._objective(self.parts.distance)

    @property
    def latent(self) -> bool:
        """Whether this is a model of latents."""
        return self.model.family is Family.LDM2D

    def _objective(self, distance: PerceptualDistance | None) -> Objective:
        if self.latent:
            return LatentObjective(self.sigma_data)
        return PixelObjective(self.schedule, distance, self.config.perceptual_weight)

    @property
    def nets(self) -> Mapping[str, torch.nn.Module]:
        """The modules that learn."""
        reader = self.parts.reader
        return {"unet": self.unet} | ({"text_encoder": reader.encoder} if reader and not reader.frozen else {})

    def _size(self) -> DenoiserSize:
        config, reader = self.config, self.parts.reader
        return DenoiserSize(
            side=self.clean.x0.shape[-1],
            planes=self.clean.x0.shape[1] + self.config.layers_plane,
            patch=config.patch,
            channels=config.channels,
            layers=config.layers,
            attention=config.attention,
            text_width=reader.width if reader else config.text_width,
            heads=config.heads,
        )

    def loss(self, step: int, part: int = 0) -> torch.Tensor:
        """Loss of one micro-batch; each process takes its own streams."""
        rng = stream(self.config.seed, "train", step, part, self.accelerator.process_index)
        rows = self.data.batch(rng, self.config.batch, self.config.balance)
        forget = rng.random(len(rows)) < [[self.config.drop_class], [self.config.drop_text]]
        times = self.objective.times(rng, len(rows))
        return self._losses(self.data, self.clean, rows, forget, rng, times, self.objective).mean()

    def _losses(
        self,
        data: Pictures,
        clean: Clean,
        rows: NDArray[np.int64],
        forget: Forget,
        rng: np.random.Generator,
        times: NDArray[np.generic],
        objective: Objective,
    ) -> torch.Tensor:
        x0, weight = self._tensors(clean, rows)
        noise = torch.from_numpy(rng.standard_normal(x0.shape, dtype=np.float32)).to(x0.device)
        told = self._told(data, rows, forget)
        when = torch.from_numpy(times).to(x0.device)
        return objective.losses(lambda x, t: denoise(self.unet, x, t, told), x0, noise, when, weight)

    def _tensors(self, clean: Clean, rows: NDArray[np.int64]) -> tuple[torch.Tensor, Weight]:
        device = self.accelerator.device
        x0 = torch.from_numpy(clean.z(rows)).to(device)
        if clean.uterus is None and clean.layers is not None:
            return x0, _PICTURE_ALONE.to(device).view(1, 2, *[1] * (x0.ndim - 2))
        if clean.uterus is None or not self.config.uterus_weight:
            return x0, 1.0
        weight = 1 + self.config.uterus_weight * clean.uterus[rows].astype(np.float32)
        return x0, torch.from_numpy(weight / weight.mean()).to(device)

    def _told(self, data: Pictures, rows: NDArray[np.int64], forget: Forget) -> Told:
        told, device = self.model.conditioning, self.accelerator.device
        classes = text = mask = None
        if told.by_class:
            classes = torch.from_numpy(np.where(forget[0], NULL_CLASS, data.classes[rows])).to(device)
        if told.by_text and self.parts.reader:
            prompts = ["" if drop else data.prompts[row] for row, drop in zip(rows, forget[1], strict=True)]
            text, mask = self.parts.reader.read(prompts)
        return Told(classes, text, mask)

    @torch.no_grad()
    def validate(self) -> float | None:
        """Mean loss over at most 256 validation pictures, at times spread evenly, with the same noise every time.

        Without the perceptual term, the weight of the uterus and the plane of its layers, so that it is comparable
        whatever they are.
        """
        if self._held_out is None:
            return None
        (data, clean), total = self._held_out, 0.0
        rng, plain = stream(self.config.seed, "validation"), self._objective(None)
        times = self.objective.even_times((rng.permutation(len(data)) + 0.5) / len(data))
        self.unet.eval()
        for start in range(0, len(data), self.config.batch):
            rows = np.arange(start, min(start + self.config.batch, len(data)))
            losses = self._losses(data, clean, rows, np.zeros((2, len(rows)), bool), rng, times[rows], plain)
            total += float(losses.sum())
        self.unet.train()
        return total / len(data)

    @cached_property
    def _held_out(self) -> tuple[Pictures, Clean] | None:
        if self.validation is None:
            return None
        rows = stream(self.config.seed, "validation pictures").permutation(len(self.validation))[:VALIDATED]
        data = self.validation.take(np.sort(rows))
        clean = clean_pictures(data, self.parts.vae, self.config.layers_plane)
        return data, Clean(clean.x0, None, clean.layers)

    def sheet(self) -> NDArray[np.uint8]:
        """Samples as the release would draw them: two a class, by the default sampler; of volumes the middle slice."""
        wanted = wanted_like(self.data, self.model, SHOWN)
        self.unet.eval()
        samples = draw(self.pipeline(), wanted, self.config.seed)
        self.unet.train()
        return contact_sheet([to_display(one) for one in samples], [one.orientation or "" for one in wanted], 4)

    def pipeline(self) -> SynthUterusPipeline:
        """The networks as they are, as a pipeline."""
        reader = self.parts.reader
        return SynthUterusPipeline(
            unet=self.unet,
            scheduler=self.schedule,
            model=str(self.model),
            text_encoder=reader.encoder if reader else None,
            tokenizer=reader.tokenizer if reader else None,
            vae=self.parts.vae,
            sigma_data=self.sigma_data if self.latent else None,
            guidable=self._guidable,
            planes=1 + self.config.layers_plane,
        )

    @property
    def _guidable(self) -> bool:
        told = self.model.conditioning
        drops = [self.config.drop_class] * told.by_class + [self.config.drop_text] * told.by_text
        return bool(drops) and min(drops) > 0


def check_settings(model: ModelId, config: GeneratorConfig) -> None:
    """Refuse settings that would say something of a training that is not so.

    Raises:
        UsageError: see the messages.
    """
    if model.family is Family.DDPM3D and config.slices is not SliceChoice.ALL:
        raise UsageError(f"{model}: slices={config.slices}, expected all: it learns from whole volumes")
    if model.family is not Family.LDM2D:
        return
    if config.layers_plane:
        raise UsageError(f"{model}: layers_plane=true, expected false: layers are drawn beside pixels, not latents")
    if config.perceptual is not Perceptual.OFF:
        raise UsageError(f"{model}: perceptual={config.perceptual}, expected off: its autoencoder has that loss")
    if config.patch != 1:
        raise UsageError(f"{model}: patch={config.patch}, expected 1: latents are small already")
    if config.prediction is not Prediction.SAMPLE:
        raise UsageError(f"{model}: prediction={config.prediction}, expected sample, which EDM's networks say")
