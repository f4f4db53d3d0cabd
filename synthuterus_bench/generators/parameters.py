"""How many parameters a denoiser has, by the headers of its safetensors."""

import math
from pathlib import Path

from safetensors import SafetensorError, safe_open

DENOISER = "unet"


def count_parameters(folder: Path) -> int | None:
    """Parameters of the denoiser of a pipeline folder; None where no weights of one can be read."""
    files = sorted((folder / DENOISER).glob("*.safetensors"))
    try:
        return sum(_count(file) for file in files) if files else None
    except (OSError, SafetensorError):
        return None


def _count(file: Path) -> int:
    with safe_open(file, "np") as tensors:
        return sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
