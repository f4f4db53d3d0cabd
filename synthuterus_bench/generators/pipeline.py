"""A generator on disk: a diffusers pipeline folder, loaded without remote code.

Beside the parts that diffusers knows (``unet``, ``scheduler``, and where it has them ``text_encoder``, ``tokenizer``
and ``vae``, and a ``refiner`` of its pictures, :mod:`synthuterus_bench.generators.refiner`) a folder holds
``training.json`` (:mod:`synthuterus_bench.generators.trained`), and may hold ``index.safetensors`` for the privacy
filter.
"""

import json
from math import inf
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, DDPMScheduler, DiffusionPipeline, UNet2DConditionModel, UNet2DModel
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.generators.catalogue import ModelId, parse_id
from synthuterus_bench.generators.folder import check_folder
from synthuterus_bench.generators.trained import RECORD, TrainingRecord
from synthuterus_bench.nets.autoencoder import DOWNSAMPLE, decode
from synthuterus_bench.nets.condition import Told, class_index, encode
from synthuterus_bench.nets.denoiser import Net, denoise, denoiser_class
from synthuterus_bench.nets.edm import precondition, sigma_at, spread
from synthuterus_bench.prep.spatial import SLICES
from synthuterus_bench.repro import canonical_json, write_atomic
from synthuterus_bench.vocab import CLASSES, VIEW_SIZE, Family, Orientation

PLACE = "_name_or_path"
"""Under which the libraries keep the folder that a part was loaded from."""


class SynthUterusPipeline(DiffusionPipeline):
    """A generator of uterine MRI: what its id is told in, z-scored pictures out.

    Args:
        model: id of :mod:`synthuterus_bench.generators.catalogue`.
        sigma_data: standard deviation of the latents; ``None`` for models in pixels.
        guidable: whether training left every condition out at times, so that guidance means something.
        planes: of what the denoiser draws; the picture is the first, and others are left out.
        residual_std: deviation of what the autoencoder leaves out, over training pictures; with a refiner only.
    """

    _optional_components = ["text_encoder", "tokenizer", "vae", "refiner"]  # noqa: RUF012

    def __init__(
        self,
        unet: Net,
        scheduler: DDPMScheduler,
        model: str = "",
        text_encoder: CLIPTextModel | None = None,
        tokenizer: PreTrainedTokenizerFast | None = None,
        vae: AutoencoderKL | None = None,
        sigma_data: float | None = None,
        guidable: bool = True,
        planes: int = 1,
        refiner: UNet2DModel | UNet2DConditionModel | None = None,
        residual_std: float | None = None,
    ) -> None:
        super().__init__()
        self.register_modules(
            unet=unet, scheduler=scheduler, text_encoder=text_encoder, tokenizer=tokenizer, vae=vae, refiner=refiner
        )
        self.register_to_config(
            model=model, sigma_data=sigma_data, guidable=guidable, planes=planes, residual_std=residual_std
        )
        self._said: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    @property
    def model_id(self) -> ModelId:
        """Family, conditioning and view."""
        return parse_id(self.config["model"])

    @property
    def image_size(self) -> int:
        """Pixels a side."""
        return VIEW_SIZE[self.model_id.view]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample: (rows, columns), or (slices, rows, columns) of a volume."""
        sides = (self.image_size, self.image_size)
        return (SLICES, *sides) if self.model_id.family is Family.DDPM3D else sides

    @property
    def noise_shape(self) -> tuple[int, ...]:
        """Of the noise that becomes one sample."""
        if self.vae is None:
            return (self.config["planes"], *self.shape)
        side = self.image_size // DOWNSAMPLE
        return (self.vae.config["latent_channels"], side, side)

    def tell(self, orientations: list[Orientation | None], prompts: list[str | None]) -> Told:
        """Encode conditions, each prompt once and alone.

        Raises:
            UsageError: a condition is given that the model was not trained on, or one is lacking.
        """
        self._check(orientations, prompts)
        return self.tell_some(orientations, [prompt or "" for prompt in prompts])

    def tell_nothing(self, count: int) -> Told:
        """The conditions of a forward that is told nothing."""
        return self.tell_some([None] * count, [""] * count)

    def tell_some(self, orientations: list[Orientation | None], prompts: list[str]) -> Told:
        """Encode conditions of which some are left out: classes of None, and empty prompts."""
        told = self.model_id.conditioning
        classes = text = mask = None
        if told.by_class:
            classes = torch.tensor([class_index(one) for one in orientations], device=self.device)
        if told.by_text:
            said = [self._say(prompt) for prompt in prompts]
            text, mask = (torch.cat(part) for part in zip(*said, strict=True))
        return Told(classes, text, mask)

    def _say(self, prompt: str) -> tuple[torch.Tensor, torch.Tensor]:
        if prompt not in self._said or self._said[prompt][0].device != self.device:
            with torch.autocast(self.device.type, enabled=False):
                self._said[prompt] = encode([prompt], self.tokenizer, self.text_encoder)
        return self._said[prompt]

    def _check(self, orientations: list[Orientation | None], prompts: list[str | None]) -> None:
        told = self.model_id.conditioning
        checks = (
            ("class", told.by_class, [one in CLASSES for one in orientations]),
            ("prompt", told.by_text, [bool(prompt) for prompt in prompts]),
        )
        for name, wanted, given in checks:
            if any(given) and not wanted:
                raise UsageError(f"{self.model_id}: told a {name}, which it was not trained on")
            if wanted and not all(given):
                raise UsageError(f"{self.model_id}: told no {name}, which it needs")

    def predict(self, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
        """What the network says of x (B, ...) at times t (B,), of the scheduler's prediction type."""
        sigma_data = self.config["sigma_data"]
        if sigma_data is None:
            return denoise(self.unet, x, t, told).float()
        sigma = sigma_at(self.scheduler.alphas_cumprod, t)
        unscaled = x * spread((1 + sigma.square()).sqrt(), x)
        return precondition(
            lambda scaled, c_noise: denoise(self.unet, scaled, c_noise, told), unscaled, sigma, sigma_data
        )

    def pictures(self, x: torch.Tensor) -> torch.Tensor:
        """z-scores (B, *shape) of what the last step of a sampler left."""
        z = x if self.vae is None else decode(self.vae, x)
        return z[:, 0].float()


def save_pipeline(folder: Path, pipeline: SynthUterusPipeline, record: TrainingRecord) -> None:
    """Write a pipeline folder in half precision, in which the pipeline is left; it does not say where parts lay."""
    _hush()
    pipeline.to(torch.float16).save_pretrained(folder, safe_serialization=True)
    for file in folder.rglob("*.json"):
        said = json.loads(file.read_bytes())
        if isinstance(said, dict) and said.pop(PLACE, None) is not None:
            write_atomic(file, json.dumps(said, indent=2, sort_keys=True) + "\n")
    write_atomic(folder / RECORD, canonical_json(record.model_dump(mode="json")) + "\n")


def load_pipeline(folder: Path) -> SynthUterusPipeline:
    """Load a pipeline folder in single precision.

    Raises:
        WeightsError: a part is missing, pickled, damaged or of another kind.
    """
    check_folder(folder)
    _hush()
    try:
        pipeline = SynthUterusPipeline.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        _check_parts(pipeline)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, UsageError) as error:
        raise WeightsError(f"{folder}: not a loadable pipeline ({' '.join(str(error).split())[:200]})") from None
    for net in (pipeline.unet, pipeline.text_encoder, pipeline.vae, pipeline.refiner):
        if net is not None:
            net.eval().requires_grad_(False)
    return pipeline


def _check_parts(pipeline: SynthUterusPipeline) -> None:
    """Whether a pipeline has what its id needs, and nothing that its id forbids."""
    model = pipeline.model_id
    needs = {
        "text_encoder": model.conditioning.by_text,
        "tokenizer": model.conditioning.by_text,
        "vae": model.family is Family.LDM2D,
    }
    for name, needed in needs.items():
        if (getattr(pipeline, name) is not None) != needed:
            raise ValueError(f"{model} {'needs a' if needed else 'has no'} {name}")
    if type(pipeline.unet) is not denoiser_class(model.family, model.conditioning):
        raise ValueError(f"{model}: its denoiser is a {type(pipeline.unet).__name__}")
    sigma_data = pipeline.config["sigma_data"]
    if (sigma_data is not None) != needs["vae"] or not (sigma_data is None or 0 < sigma_data < inf):
        raise ValueError(f"{model}: sigma_data {sigma_data}")
    _check_refiner(pipeline)


def _check_refiner(pipeline: SynthUterusPipeline) -> None:
    refiner, std = pipeline.refiner, pipeline.config["residual_std"]
    if refiner is None and std is None:
        return
    if pipeline.vae is None or refiner is None or std is None or not 0 < std < inf:
        raise ValueError(f"{pipeline.model_id}: a refiner, with a residual_std, is of latent models only")
    if refiner.config["in_channels"] != 2 * refiner.config["out_channels"]:
        raise ValueError(f"{pipeline.model_id}: its refiner is shown no picture")
    if type(refiner) is not type(pipeline.unet):
        raise ValueError(f"{pipeline.model_id}: its refiner is a {type(refiner).__name__}")


def _hush() -> None:
    """The libraries' own progress bars, for parts that load in a second, would bury ours."""
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()


diffusers.SynthUterusPipeline = SynthUterusPipeline
"""Registered: once this module is imported, ``diffusers.DiffusionPipeline.from_pretrained`` knows its folders."""
