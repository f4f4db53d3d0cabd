"""Checkpoints in safetensors: networks, their averages, the optimizer, the step. Written atomically."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.repro import write_atomic

Tensors = dict[str, torch.Tensor]


def save_checkpoint(
    path: Path,
    nets: Mapping[str, torch.nn.Module],
    averages: Tensors,
    optimizer: torch.optim.Optimizer,
    step: int,
    losses: list[float],
    run: str,
) -> None:
    """Save everything that the next step depends on."""
    tensors = {f"net/{name}/{key}": value for name, net in nets.items() for key, value in net.state_dict().items()}
    tensors |= {f"average/{key}": value for key, value in averages.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{key}": torch.as_tensor(value) for key, value in state.items()}
    metadata = {"step": str(step), "losses": json.dumps(losses), "run": run}
    write_atomic(path, save({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, metadata))


def load_checkpoint(
    path: Path, nets: Mapping[str, torch.nn.Module], averages: Tensors, optimizer: torch.optim.Optimizer, run: str
) -> tuple[int, list[float]]:
    """Restore what :func:`save_checkpoint` wrote, in place; returns the step and the losses so far.

    Raises:
        WeightsError: the file is damaged, or belongs to another network or another run.
    """
    try:
        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = file.metadata()
        if metadata["run"] != run:
            raise ValueError("its run had other data or settings; give another --out")
        for name, net in nets.items():
            net.load_state_dict(_under(tensors, f"net/{name}/"))
        for key, value in _under(tensors, "average/").items():
            averages[key].copy_(value)
        _load_optimizer(optimizer, _under(tensors, "optimizer/"))
        return int(metadata["step"]), json.loads(metadata["losses"])
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path}: not a checkpoint of this network ({reason})") from None


def _under(tensors: Tensors, prefix: str) -> Tensors:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = value
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
