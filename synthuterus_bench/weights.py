"""The one module that knows pretrained files: where each comes from, its digest and where it is cached.

Nothing is downloaded here. A publisher who puts a digest in a file's name puts the first hex digits of its SHA-256.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.repro import digest_file

FOLDER_VARIABLE = "SYNTHBENCH_WEIGHTS"

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
"""Endings of files that may hold more than numbers: refused wherever a user's weights are loaded."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """One published file; ``sha256`` is as much of the digest as its publisher states, in hex, and may be nothing.

    The digest of the file that was read belongs into every record, above all where none is stated.
    """

    file: str
    url: str
    sha256: str
    purpose: str


_FIDELITY = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0"
_TORCH = "https://download.pytorch.org/models"

INCEPTION = Pretrained(
    "weights-inception-2015-12-05-6726825d.pth",
    f"{_FIDELITY}/weights-inception-2015-12-05-6726825d.pth",
    "6726825d",
    "Inception-v3 (TensorFlow 2015-12-05) for FID",
)
ALEXNET = Pretrained(
    "alexnet-owt-7be5be79.pth", f"{_TORCH}/alexnet-owt-7be5be79.pth", "7be5be79", "AlexNet trunk for LPIPS"
)
RESNET18 = Pretrained(
    "resnet18-f37072fd.pth", f"{_TORCH}/resnet18-f37072fd.pth", "f37072fd", "ResNet-18 (ImageNet) for downstream tasks"
)
SWAV = Pretrained(
    "swav_800ep_pretrain.pth.tar",
    "https://dl.fbaipublicfiles.com/deepcluster/swav_800ep_pretrain.pth.tar",
    "",
    "ResNet-50 trained by SwAV, an encoder of the privacy filter",
)
KNOWN = (INCEPTION, ALEXNET, RESNET18, SWAV)
"""Every pretrained file that any command can use."""


@dataclass(frozen=True, slots=True)
class ClipText:
    """The text half of a published CLIP, a folder of the weights folder, and what its configuration must say.

    Its publisher states no digest, so that none is asked for: the SHA-256 of the file that was read is returned, and
    belongs into every record. ``repository`` is on the Hugging Face Hub; pin the revision you take (``--revision``).
    """

    folder: str
    repository: str
    width: int
    layers: int
    vocabulary: int
    positions: int

    @property
    def how(self) -> str:
        """What to do when a file is missing."""
        files = "config.json model.safetensors vocab.json merges.txt tokenizer_config.json"
        parts = "CLIPModel as M, CLIPTokenizer as T"
        save = f"[c.from_pretrained('{self.repository}').save_pretrained('{{folder}}') for c in (M, T)]"
        return (
            f"hf download {self.repository} {files} --local-dir {{folder}}; where a revision holds the weights only as "
            f'a pickle, make safetensors of them yourself: python -c "from transformers import {parts}; {save}"'
        )


CLIP_TEXT = ClipText("clip-vit-base-patch32", "openai/clip-vit-base-patch32", 512, 12, 49408, 77)
"""Text encoder of the paper's ``ct`` models: ``text_encoder: clip``."""


def weights_folder(folder: Path | None = None) -> Path:
    """``folder``, else ``$SYNTHBENCH_WEIGHTS``, else ``~/.cache/synthuterus-bench/weights``."""
    if folder is not None:
        return folder
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "synthuterus-bench" / "weights"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checked state dict and the full SHA-256 of its file."""

    state: dict[str, Any]
    sha256: str


def pretrained_digest(known: Pretrained, folder: Path | None = None) -> str:
    """The full SHA-256 of a pretrained file, checked.

    Raises:
        WeightsError: the file is missing, or its digest is another.
    """
    return checked_digest(known, weights_folder(folder) / known.file)


def load_pretrained(known: Pretrained, folder: Path | None = None) -> Loaded:
    """Read a pretrained file after its digest is checked, tensors only (``weights_only=True``).

    Raises:
        WeightsError: the file is missing, its digest is another, or it holds more than tensors.
    """
    path = weights_folder(folder) / known.file
    sha256 = checked_digest(known, path)
    return Loaded(_tensors(path), sha256)


def checked_digest(known: Pretrained, path: Path) -> str:
    """The full SHA-256 of ``path``. Messages name the file alone, for they enter result files; hints name the folder.

    Raises:
        WeightsError: no such file, or its digest does not begin as its publisher says.
    """
    if not path.is_file():
        raise WeightsError(
            f"{known.file}: not at hand ({known.purpose}); its publisher has it at {known.url}",
            f"download it into {path.parent}, or give --weights-dir",
        )
    found = digest_file(path)
    if not found.startswith(known.sha256):
        raise WeightsError(
            f"{known.file}: found SHA-256 {found[: len(known.sha256)]}..., expected {known.sha256}...",
            f"delete {path} and download it again from {known.url}",
        )
    return found


def _tensors(path: Path) -> dict[str, Any]:
    import pickle

    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise WeightsError(f"{path.name}: not a file of tensors ({' '.join(str(error).split())[:120]})") from None
    if not isinstance(state, dict):
        raise WeightsError(f"{path.name}: found a {type(state).__name__}, expected a dictionary of tensors")
    return state


def load_clip_text(folder: Path | None = None, known: ClipText = CLIP_TEXT) -> tuple[Any, Any, str]:
    """CLIP's tokenizer, its text model (frozen, single precision), and the SHA-256 of its weights file.

    Nothing is downloaded, no pickle is read, and no code that lies beside the weights is run.

    Args:
        folder: the weights folder that holds ``known.folder``; see :func:`weights_folder`.

    Raises:
        WeightsError: a file is missing, or the model is not the one ``known`` describes.
    """
    home = weights_folder(folder) / known.folder
    _check_clip_files(home, known)
    _check_clip_facts(home / "config.json", known)
    tokenizer, encoder = _clip_parts(home)
    if len(tokenizer) != known.vocabulary:
        raise WeightsError(f"{known.folder}: found a tokenizer of {len(tokenizer)} words, expected {known.vocabulary}")
    tokenizer.model_max_length = known.positions
    bad = [name for name, value in encoder.state_dict().items() if not value.isfinite().all()]
    if bad:
        raise WeightsError(f"{known.folder}: found numbers in {bad[0]} that are not finite")
    return tokenizer, encoder.eval().requires_grad_(False), digest_file(home / "model.safetensors")


def _check_clip_files(home: Path, known: ClipText) -> None:
    present = {path.name for path in home.iterdir()} if home.is_dir() else set()
    tokenizers: tuple[set[str], ...] = ({"tokenizer.json"}, {"vocab.json", "merges.txt"})
    lacking = {"config.json", "model.safetensors"} - present
    if not lacking and not any(files <= present for files in tokenizers):
        lacking = {"tokenizer.json (or vocab.json and merges.txt)"}
    if lacking:
        raise WeightsError(
            f"{known.folder}: no {min(lacking)} at hand (text half of CLIP ViT-B/32); its publisher has it at "
            f"https://huggingface.co/{known.repository}",
            known.how.format(folder=home),
        )


def _check_clip_facts(file: Path, known: ClipText) -> None:
    """Whether the configuration, of the whole CLIP or of its text half, is the one that is known."""
    import json

    names = {"hidden_size": 512, "num_hidden_layers": 12, "vocab_size": 49408, "max_position_embeddings": 77}
    wanted = dict(zip(names, (known.width, known.layers, known.vocabulary, known.positions), strict=True))
    try:
        config = json.loads(file.read_bytes())
        text = config.get("text_config") or config
        found = {name: text.get(name, usual) for name, usual in names.items()}
    except (ValueError, AttributeError) as error:
        raise WeightsError(f"{known.folder}/config.json: not a configuration ({error})") from None
    if config.get("model_type") not in ("clip", "clip_text_model") or found != wanted:
        raise WeightsError(
            f"{known.folder}/config.json: found a {config.get('model_type')} with {found}, expected CLIP with {wanted}"
        )


def _clip_parts(home: Path) -> tuple[Any, Any]:
    import torch
    from safetensors import SafetensorError
    from transformers import CLIPTextModel, CLIPTokenizer
    from transformers.utils import logging

    load: Any = CLIPTextModel.from_pretrained
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        tokenizer = CLIPTokenizer.from_pretrained(home, local_files_only=True)
        encoder, told = load(
            home, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, SafetensorError) as error:
        raise WeightsError(f"{home.name}: not loadable ({' '.join(str(error).split())[:200]})") from None
    finally:
        logging.set_verbosity(before)
    if told["missing_keys"] or told["mismatched_keys"]:
        lacking = min(map(str, [*told["missing_keys"], *told["mismatched_keys"]]))
        raise WeightsError(f"{home.name}/model.safetensors: no {lacking} in it, expected CLIP's text half")
    return tokenizer, encoder


SHIPPED_AUTOENCODER = "vae2d"
"""The autoencoder that comes with the package, of the view ``roi``."""


def shipped(name: str) -> Path:
    """A file or folder that the package brings along.

    Raises:
        WeightsError: this build of the package does not hold it.
    """
    path = Path(__file__).parent / "shipped" / name
    if not path.exists():
        raise WeightsError(f"{name}: not in this build of the package", "install synthuterus-bench from a release")
    return path
