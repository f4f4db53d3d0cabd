"""One training of a refiner: what an autoencoder leaves out of a picture, told what the latent model is told.

Loss: that of diffusion in pixels (Ho et al. 2020), of residuals in units of their deviation. The autoencoder, the
latents' denoiser and the text encoder stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from diffusers import AutoencoderKL
from numpy.typing import NDArray

from synthuterus_bench.cohorts.sheet import contact_sheet
from synthuterus_bench.cohorts.window import from_window, to_display, to_window
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.generators.refiner import refine, residual_schedule
from synthuterus_bench.nets.autoencoder import decode, encode
from synthuterus_bench.nets.condition import Told
from synthuterus_bench.nets.denoiser import DenoiserSize, denoise, make_denoiser
from synthuterus_bench.repro import stream, stream_seed
from synthuterus_bench.training.config import RefinerConfig
from synthuterus_bench.training.objective import PixelObjective
from synthuterus_bench.training.pictures import Pictures
from synthuterus_bench.vocab import CLASSES, Family

CHUNK, VALIDATED, SHOWN = 16, 256, 6
Ints = NDArray[np.int64]


@dataclass
class RefinerTask:
    """The refiner, the model it belongs to, and the pictures of one run."""

    model: SynthUterusPipeline
    config: RefinerConfig
    data: Pictures
    validation: Pictures | None
    accelerator: Accelerator

    def __post_init__(self) -> None:
        self.model.to(self.accelerator.device)
        self.means = decoded(self.model.vae, self.data.pixels)
        self.residual_std = residual_std(self.data.pixels, self.means)
        self._held_out = self._decoded_held_out()
        self.objective = PixelObjective(residual_schedule())
        torch.manual_seed(stream_seed(self.config.seed, "initial refiner"))
        net = make_denoiser(Family.DDPM2D, self.model.model_id.conditioning, self._size())
        self.net = net.to(self.accelerator.device)

    @property
    def nets(self) -> Mapping[str, torch.nn.Module]:
        """The one network that learns."""
        return {"refiner": self.net}

    def loss(self, step: int, part: int = 0) -> torch.Tensor:
        """Mean loss of one micro-batch; each process takes its own streams."""
        rng = stream(self.config.seed, "refiner", step, part, self.accelerator.process_index)
        rows = self.data.batch(rng, self.config.batch, self.config.balance)
        told = self._told(self.data, rows, rng.random(len(rows)) < self.config.drop)
        times = self.objective.times(rng, len(rows))
        return self._losses(self.data, self.means, rows, told, rng, times).mean()

    @torch.no_grad()
    def validate(self) -> float | None:
        """Mean loss over at most 256 validation pictures, times spread evenly, with the same noise every time."""
        if self._held_out is None:
            return None
        (data, means), total = self._held_out, 0.0
        rng = stream(self.config.seed, "refiner validation")
        times = self.objective.even_times((rng.permutation(len(data)) + 0.5) / len(data))
        for start in range(0, len(data), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(data)))
            told = self._told(data, rows, np.zeros(len(rows), bool))
            total += float(self._losses(data, means, rows, told, rng, times[rows]).sum())
        return total / len(data)

    @torch.no_grad()
    def sheet(self) -> NDArray[np.uint8]:
        """Pictures, what the autoencoder gives back of them, and that refined; held-out ones where there are any."""
        data, means = self._held_out or (self.data, self.means)
        rows = np.unique(np.linspace(0, len(data) - 1, SHOWN).round().astype(int))
        given = torch.from_numpy(means[rows].astype(np.float32))[:, 0].to(self.accelerator.device)
        told, nothing = self._told(data, rows, np.zeros(len(rows), bool)), self.model.tell_nothing(len(rows))
        finer = refine(self.refined(), given, told, nothing, [*range(len(rows))])
        shown = (data.pixels[rows], *(to_window(one.float().cpu().numpy()) for one in (given, finer)))
        names = [name for name in ("real", "decoded", "refined") for _ in rows]
        pictures = [*to_display(np.concatenate(shown))]
        return contact_sheet(pictures, names, len(rows), self.data.pixels.shape[-1])

    def refined(self) -> SynthUterusPipeline:
        """The model with the refiner as it is."""
        self.model.register_modules(refiner=self.net)
        self.model.register_to_config(residual_std=self.residual_std)
        return self.model

    def _size(self) -> DenoiserSize:
        encoder = self.model.text_encoder
        text = {"text_width": encoder.config.hidden_size} if encoder is not None else {}
        return DenoiserSize(
            side=self.model.image_size,
            shown=1,
            patch=self.config.patch,
            channels=self.config.channels,
            layers=self.config.layers,
            attention=self.config.attention,
            heads=self.config.heads,
            **text,
        )

    def _told(self, data: Pictures, rows: Ints, forget: NDArray[np.bool_]) -> Told:
        told, kept = self.model.model_id.conditioning, [*zip(rows, ~forget, strict=True)]
        classes = [CLASSES[data.classes[row]] if told.by_class and keep else None for row, keep in kept]
        return self.model.tell_some(classes, [data.prompts[row] if keep else "" for row, keep in kept])

    def _losses(
        self,
        data: Pictures,
        means: NDArray[np.float16],
        rows: Ints,
        told: Told,
        rng: np.random.Generator,
        times: NDArray[np.int64],
    ) -> torch.Tensor:
        device = self.accelerator.device
        shown = torch.from_numpy(means[rows].astype(np.float32)).to(device)
        z = torch.from_numpy(from_window(data.pixels[rows]))[:, None].to(device)
        noise = torch.from_numpy(rng.standard_normal(z.shape, dtype=np.float32)).to(device)
        network = lambda x, t: denoise(self.net, x, t, told, shown)
        when = torch.from_numpy(times).to(device)
        return self.objective.losses(network, (z - shown) / self.residual_std, noise, when, 1.0)

    def _decoded_held_out(self) -> tuple[Pictures, NDArray[np.float16]] | None:
        if self.validation is None:
            return None
        rows = stream(self.config.seed, "refiner pictures").permutation(len(self.validation))[:VALIDATED]
        data = self.validation.take(np.sort(rows))
        return data, decoded(self.model.vae, data.pixels)


@torch.inference_mode()
def decoded(vae: AutoencoderKL, pixels: NDArray[np.uint16]) -> NDArray[np.float16]:
    """What an autoencoder gives back of pictures (N, H, W): z-scores (N, 1, H, W)."""
    device = next(vae.parameters()).device
    pieces = (torch.from_numpy(from_window(pixels[i : i + CHUNK]))[:, None] for i in range(0, len(pixels), CHUNK))
    return torch.cat([decode(vae, encode(vae, piece.to(device))).half().cpu() for piece in pieces]).numpy()


def residual_std(pixels: NDArray[np.uint16], means: NDArray[np.float16]) -> float:
    """Root mean square of what is left out of pictures (N, H, W), over all pixels."""
    squares = [
        np.square(from_window(pixels[i : i + CHUNK]) - means[i : i + CHUNK, 0], dtype=np.float64).mean((1, 2))
        for i in range(0, len(pixels), CHUNK)
    ]
    return float(np.sqrt(np.concatenate(squares).mean()))
