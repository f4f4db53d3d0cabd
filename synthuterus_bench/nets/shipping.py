"""Small networks on disk: one safetensors file in half precision, in a folder of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.weights import shipped

Net = TypeVar("Net")
Tensors = dict[str, torch.Tensor]


def halves(net: torch.nn.Module) -> Tensors:
    """The weights of a network as it is shipped."""
    return {key: value.detach().cpu().half().contiguous() for key, value in net.state_dict().items()}


def load_folder(folder: Path | None, name: str, build: Callable[[Tensors], Net]) -> tuple[Net, Path]:
    """What ``build`` makes of the tensors in ``folder/<name>.safetensors``, and that file.

    Args:
        folder: ``None`` for the one that ships as ``name``.
        build: takes single-precision tensors.

    Raises:
        WeightsError: the file is missing, damaged or of another network.
    """
    file = (folder or shipped(name)) / f"{name}.safetensors"
    if not file.is_file():
        raise WeightsError(f"{file}: no such file", f"train one with: synthbench train {name} --cohort DIR --out DIR")
    try:
        with safe_open(file, "pt") as handle:
            return build({key: handle.get_tensor(key).float() for key in handle.keys()}), file  # noqa: SIM118
    except (SafetensorError, KeyError, RuntimeError) as error:
        article = "an" if name[0] in "aeiou" else "a"
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{file}: not {article} {name} ({reason})") from None
