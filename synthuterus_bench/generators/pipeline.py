"""A generator on disk: a diffusers pipeline folder, loaded without remote code.

Beside the parts that diffusers knows (``unet``, ``text_encoder``, ``tokenizer``, ``scheduler``) a folder holds
``training.json``, what the weights were trained on and how, and may hold ``index.safetensors`` for the privacy filter.
"""

import re
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers import DDPMScheduler, DiffusionPipeline, UNet2DConditionModel
from pydantic import BaseModel, ConfigDict, ValidationError
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.generators.catalogue import SHIPPED
from synthuterus_bench.generators.plan import Shares
from synthuterus_bench.nets.condition import NULL_CLASS, Told, class_index, tell
from synthuterus_bench.nets.denoiser import denoise
from synthuterus_bench.repro import canonical_json, digest_file, digest_json, write_atomic
from synthuterus_bench.vocab import Sequence

RECORD = "training.json"


class Share(BaseModel):
    """How often one (field strength, sequence) pair occurs in the training cohort."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field_strength: float
    sequence: Sequence
    scans: int


class TrainingRecord(BaseModel):
    """``training.json``: what a generator was trained on and how. No names, no paths, no patients."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_id: str
    cohort: str
    cohort_digest: str
    preset: str | None = None
    train_scans: int
    shares: list[Share]
    images_seen: int
    config: dict[str, Any]
    losses: list[float]
    device: str
    quality: dict[str, float] = {}

    @property
    def proportions(self) -> Shares:
        """Shares as the plan takes them."""
        return {(share.field_strength, share.sequence): share.scans for share in self.shares}


class SynthUterusPipeline(DiffusionPipeline):
    """A conditional generator of uterine MRI: prompt and class in, z-scored image out."""

    def __init__(
        self,
        unet: UNet2DConditionModel,
        scheduler: DDPMScheduler,
        text_encoder: CLIPTextModel,
        tokenizer: PreTrainedTokenizerFast,
    ) -> None:
        super().__init__()
        self.register_modules(unet=unet, scheduler=scheduler, text_encoder=text_encoder, tokenizer=tokenizer)

    @property
    def image_size(self) -> int:
        """Pixels a side."""
        config = self.unet.config
        return int(config["sample_size"] * config["in_channels"] ** 0.5)

    def tell(self, orientations: list[Any], prompts: list[str]) -> Told:
        """Encode conditions: a class may be ``ambiguous`` and a prompt empty, which mean not told."""
        return tell([class_index(one) for one in orientations], prompts, self.tokenizer, self.text_encoder)

    def tell_nothing(self, count: int) -> Told:
        """The conditions of an unconditional forward."""
        return tell([NULL_CLASS] * count, [""] * count, self.tokenizer, self.text_encoder)

    def predict(self, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
        """The network's output, of the scheduler's prediction type, for x (B, 1, H, W) at steps t (B,)."""
        return denoise(self.unet, x, t, told).float()


def save_pipeline(folder: Path, pipeline: SynthUterusPipeline, record: TrainingRecord) -> None:
    """Write a pipeline folder in half precision."""
    pipeline.to(torch.float16).save_pretrained(folder, safe_serialization=True)
    write_atomic(folder / RECORD, canonical_json(record.model_dump(mode="json")) + "\n")


def load_pipeline(folder: Path) -> SynthUterusPipeline:
    """Load a pipeline folder in single precision.

    Raises:
        WeightsError: a part is missing, pickled, damaged or of another kind.
    """
    if not (folder / "model_index.json").is_file():
        raise WeightsError(f"{folder}: no model_index.json, expected a diffusers pipeline folder")
    pickled = sorted(path.name for path in folder.rglob("*") if path.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"})
    if pickled:
        raise WeightsError(f"{folder}: found pickled weights ({pickled[0]}), expected safetensors only")
    _hush()
    try:
        pipeline = SynthUterusPipeline.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise WeightsError(f"{folder}: not a loadable pipeline ({' '.join(str(error).split())[:200]})") from None
    pipeline.unet.eval().requires_grad_(False)
    pipeline.text_encoder.eval().requires_grad_(False)
    return pipeline


def _hush() -> None:
    """The libraries' own progress bars, for parts that load in a second, would bury ours."""
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()


def load_record(folder: Path) -> TrainingRecord:
    """Read ``training.json``.

    Raises:
        WeightsError: missing or malformed.
    """
    file = folder / RECORD
    if not file.is_file():
        raise WeightsError(f"{folder}: no {RECORD}, expected the training record that `synthbench train` writes")
    try:
        return TrainingRecord.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise WeightsError(f"{file}: not a training record ({' '.join(str(error).split())[:200]})") from None


def weights_digest(folder: Path) -> str:
    """SHA-256 over the names and digests of every file that decides a sample."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".safetensors", ".json"})
    parts = [path for path in files if path.parent != folder or path.name == "model_index.json"]
    return digest_json({str(path.relative_to(folder)): digest_file(path) for path in parts})


def find_pipeline(model: str, checkpoint: Path | None = None, repo: str | None = None) -> Path:
    """The folder of a model: a given checkpoint, a pinned Hub repository, or the shipped weights of an id.

    Raises:
        UsageError: the id has no shipped weights, or the repository is not pinned to a revision.
    """
    if checkpoint is not None and repo is not None:
        raise UsageError("--checkpoint and --repo given, expected one of them")
    if checkpoint is not None:
        return checkpoint
    if repo is not None:
        return _fetch(repo)
    if model not in SHIPPED:
        raise UsageError(
            f"no weights of {model} come with this package",
            f"give --checkpoint DIR or --repo ORG/NAME@REVISION; shipped: {', '.join(SHIPPED)}",
        )
    return Path(__file__).parents[1] / "shipped" / model


def _fetch(repo: str) -> Path:
    from huggingface_hub import snapshot_download

    name, _, revision = repo.partition("@")
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise UsageError(f"--repo {repo}: no pinned revision, expected ORG/NAME@ and the 40 digits of a commit")
    try:
        kinds = ["*.json", "*.safetensors", "*.txt", "*.md"]
        return Path(snapshot_download(name, revision=revision, allow_patterns=kinds))
    except Exception as error:
        raise WeightsError(f"{repo}: cannot be fetched ({' '.join(str(error).split())[:200]})") from None
