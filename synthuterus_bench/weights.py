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


@dataclass(frozen=True, slots=True)
class Pretrained:
    """One published file; ``sha256`` is as much of the digest as its publisher states, in hex."""

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
KNOWN = (INCEPTION, ALEXNET, RESNET18)
"""Every pretrained file that any command can use."""


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


def shipped(name: str) -> Path:
    """A file or folder that the package brings along.

    Raises:
        WeightsError: this build of the package does not hold it.
    """
    path = Path(__file__).parent / "shipped" / name
    if not path.exists():
        raise WeightsError(f"{name}: not in this build of the package", "install synthuterus-bench from a release")
    return path
