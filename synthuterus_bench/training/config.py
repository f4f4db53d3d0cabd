"""The settings of every training: models with checked ranges, flat, so that a file or ``key=value`` can set each."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from synthuterus_bench.vocab import Perceptual, Precision, Prediction, SliceChoice, TextEncoder


class LoopConfig(BaseModel):
    """Steps, optimizer, average of the weights, evaluations.

    Attributes:
        batch: examples of a process and micro-batch; ``accumulate`` micro-batches make a step.
        decay_steps: length of the final linear decay of the learning rate.
        average: largest decay of the exponential moving average of the weights.
        checkpoint_every: steps between checkpoints, of which the newest ``keep`` stay (0: all).
        evaluate_every: steps between evaluations on the validation split (0: none); ``sheet_every``-th ones draw a
            sheet of samples (0: none does).
        patience: evaluations without improvement after which training stops (0: never); the best weights are taken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(1000, ge=1)
    batch: int = Field(16, ge=1)
    accumulate: int = Field(1, ge=1)
    lr: float = Field(6e-4, gt=0)
    warmup_steps: int = Field(300, ge=0)
    decay_steps: int = Field(0, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    clip: float = Field(1.0, gt=0)
    average: float = Field(0.999, ge=0, lt=1)
    checkpoint_every: int = Field(500, ge=1)
    keep: int = Field(2, ge=0)
    evaluate_every: int = Field(0, ge=0)
    sheet_every: int = Field(1, ge=0)
    patience: int = Field(0, ge=0)
    precision: Precision = Precision.NO
    seed: int = Field(0, ge=0)


def grouped(channels: tuple[int, ...]) -> tuple[int, ...]:
    """Widths of a denoiser's levels, as they are.

    Raises:
        ValueError: they cannot be normalised in groups.
    """
    groups = min(16, channels[0]) if channels else 0
    if groups < 1 or any(width % groups for width in channels):
        raise ValueError(f"one width a level, all multiples of {max(1, groups)}, as groups are normalised")
    return channels


class GeneratorConfig(LoopConfig):
    """A denoiser and what it learns from.

    Attributes:
        slices: slices of the patients' volumes to learn from: all, or the central three.
        balance: draw the classes equally often.
        drop_class, drop_text: how often a condition is left out, for guidance without a classifier; both together, as
            far as they agree, since guidance compares with being told nothing at all.
        patch: ``patch`` x ``patch`` pixels become the channels of one position.
        channels: of each level; ``attention`` levels, counted from the coarsest, attend to the prompt.
        heads: attention heads.
        perceptual_weight: of the perceptual distance of the predicted clean picture, times alpha_bar.
        uterus_weight: added to the loss of pixels inside the uterus, where the cohort has masks.
        layers_plane: learn to draw the layers of the uterus along with the picture, in a plane that samples leave out;
            needs masks.
        quality_samples: samples drawn at the end for the card (0: none).
    """

    slices: SliceChoice = SliceChoice.ALL
    balance: bool = True
    prediction: Prediction = Prediction.V
    drop_class: float = Field(0.1, ge=0, lt=1)
    drop_text: float = Field(0.1, ge=0, lt=1)
    text_encoder: TextEncoder = TextEncoder.OWN
    text_width: int = Field(128, ge=8)
    text_layers: int = Field(2, ge=1)
    patch: int = Field(4, ge=1)
    channels: tuple[int, ...] = (64, 96, 128)
    layers: int = Field(1, ge=1)
    attention: int = Field(1, ge=1)
    heads: int = Field(4, ge=1)
    perceptual: Perceptual = Perceptual.OFF
    perceptual_weight: float = Field(0.1, ge=0, le=1)
    uterus_weight: float = Field(0.0, ge=0)
    layers_plane: bool = False
    quality_samples: int = Field(64, ge=0)

    _grouped = field_validator("channels")(grouped)


class AutoencoderConfig(LoopConfig):
    """An autoencoder with 16 times fewer numbers than pixels: an eighth of a side, ``latent_channels`` channels.

    Attributes:
        slices: slices of the patients' volumes to learn from: all, or the central three.
        patch: ``patch`` x ``patch`` pixels become the channels of one position first.
        channels: of each level, the finest first; ``patch`` times 2 for every level but the last makes 8.
        layers: residual blocks a level.
        attention: self-attention at the coarsest level.
        kl_weight: of the Kullback-Leibler divergence in nats a pixel, for ``vae2d``; ``ae2d`` has none.
        perceptual_weight: of the perceptual distance of the reconstruction.
        validation_pictures: pictures of the validation split that every evaluation takes.
    """

    steps: int = Field(2000, ge=1)
    batch: int = Field(4, ge=1)
    lr: float = Field(1.5e-3, gt=0)
    warmup_steps: int = Field(50, ge=0)
    average: float = Field(0.995, ge=0, lt=1)
    precision: Precision = Precision.BF16
    slices: SliceChoice = SliceChoice.ALL
    patch: int = Field(2, ge=1)
    channels: tuple[int, ...] = (32, 64, 96)
    layers: int = Field(1, ge=1)
    attention: bool = False
    latent_channels: int = Field(4, ge=1)
    kl_weight: float = Field(1e-3, ge=0)
    perceptual: Perceptual = Perceptual.EMBEDDER
    perceptual_weight: float = Field(0.5, ge=0, le=1)
    validation_pictures: int = Field(128, ge=1)


class RefinerConfig(LoopConfig):
    """A small denoiser of what an autoencoder leaves out; settings as those of ``GeneratorConfig``.

    Attributes:
        drop: how often class and prompt are left out together; sometimes, for residuals are drawn with guidance.
    """

    steps: int = Field(6000, ge=1)
    lr: float = Field(8e-4, gt=0)
    evaluate_every: int = Field(1000, ge=0)
    precision: Precision = Precision.BF16
    slices: SliceChoice = SliceChoice.ALL
    balance: bool = True
    drop: float = Field(0.1, gt=0, lt=1)
    patch: int = Field(4, ge=1)
    channels: tuple[int, ...] = (32, 48, 64)
    layers: int = Field(1, ge=1)
    attention: int = Field(1, ge=0)
    heads: int = Field(4, ge=1)

    _grouped = field_validator("channels")(grouped)


class EmbedderConfig(LoopConfig):
    """``batch`` patients a step, two views of each."""

    steps: int = Field(420, ge=1)
    batch: int = Field(96, ge=2)
    lr: float = Field(1.5e-3, gt=0)
    decay_steps: int = Field(150, ge=0)
    temperature: float = Field(0.1, gt=0)


class LocaliserConfig(LoopConfig):
    """``annotated`` patients and up to ``pseudo`` images (volumes count their slices) of others, of which those found
    with a confidence of at least ``confident`` are kept; ``negatives`` is the share of examples without a uterus.
    Steps are those of each of the two rounds.
    """

    steps: int = Field(1500, ge=1)
    batch: int = Field(8, ge=1)
    lr: float = Field(5e-3, gt=0)
    decay_steps: int = Field(750, ge=0)
    annotated: int = Field(20, ge=1)
    pseudo: int = Field(600, ge=0)
    confident: float = Field(0.9, ge=0, le=1)
    negatives: float = Field(0.2, ge=0, le=1)
