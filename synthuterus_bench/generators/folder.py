"""A pipeline folder before anything in it is loaded: where it is, whether it may be loaded, its digest."""

import json
import re
from pathlib import Path

from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.generators.catalogue import SHIPPED
from synthuterus_bench.repro import digest_file, digest_json
from synthuterus_bench.weights import PICKLES

PIPELINE = "SynthUterusPipeline"
_DIFFUSERS, _TRANSFORMERS = "diffusers", "transformers"
PARTS = {
    "unet": {
        "UNet2DModel": _DIFFUSERS,
        "UNet2DConditionModel": _DIFFUSERS,
        "VolumeDenoiser": "synthuterus_bench.nets.volume",
    },
    "refiner": {"UNet2DModel": _DIFFUSERS, "UNet2DConditionModel": _DIFFUSERS},
    "scheduler": {"DDPMScheduler": _DIFFUSERS},
    "vae": {"AutoencoderKL": _DIFFUSERS},
    "text_encoder": {"CLIPTextModel": _TRANSFORMERS},
    "tokenizer": dict.fromkeys(
        ("PreTrainedTokenizerFast", "TokenizersBackend", "CLIPTokenizer", "CLIPTokenizerFast"), _TRANSFORMERS
    ),
}
"""Classes of each part, and the library that each comes from: no other is asked for it."""

NETWORKS = tuple(name for name in PARTS if name not in {"scheduler", "tokenizer"})
"""Parts that have weights."""

_SETTINGS = {"model", "sigma_data", "guidable", "planes", "residual_std"}


def check_folder(folder: Path) -> None:
    """Look at a pipeline folder before anything in it is loaded: classes of ours only, safetensors only, no code.

    Raises:
        WeightsError: it names another class or part, or holds pickled weights, code, or links to other folders, which
            its digest would not see.
    """
    file = folder / "model_index.json"
    if not file.is_file():
        raise WeightsError(f"{folder}: no model_index.json, expected a diffusers pipeline folder")
    refused = sorted(path.name for path in folder.rglob("*") if path.suffix in PICKLES)
    if refused:
        raise WeightsError(f"{folder}: found pickled weights ({refused[0]}), expected safetensors only")
    code = sorted(path.name for path in folder.rglob("*.py"))
    if code:
        raise WeightsError(f"{folder}: found code ({code[0]}), expected weights and their settings only")
    if links := linked_folders(folder):
        raise WeightsError(f"{folder}: found {links[0]}, a link to another folder, expected the folder itself")
    _check_index(file)


def linked_folders(folder: Path) -> list[str]:
    """Names of links to other folders: what lies there would be loaded, and :func:`weights_digest` does not see it."""
    return sorted(path.name for path in folder.rglob("*") if path.is_symlink() and path.is_dir())


def _check_index(file: Path) -> None:
    try:
        index = json.loads(file.read_bytes())
        named = index["_class_name"]
        parts = {name: tuple(index[name]) for name in PARTS if name in index and index[name] != [None, None]}
    except (ValueError, KeyError, TypeError, IndexError):
        raise WeightsError(f"{file}: not an index of a diffusers pipeline") from None
    if named != PIPELINE:
        raise WeightsError(f"{file}: found a pipeline {named}, expected {PIPELINE}")
    odd = sorted(name for name in index if not name.startswith("_") and name not in PARTS and name not in _SETTINGS)
    if odd:
        raise WeightsError(f"{file}: found {odd[0]}, which no generator of this package has")
    for name, part in parts.items():
        known = [(library, kind) for kind, library in PARTS[name].items()]
        if part not in known:
            expected = " or ".join(sorted(".".join(pair) for pair in known))
            raise WeightsError(f"{file}: found {name} {'.'.join(map(str, part))}, expected {expected}")


def weights_digest(folder: Path) -> str:
    """SHA-256 over the names and digests of every file that decides a sample."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".safetensors", ".json", ".txt"})
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
