"""Checkpoints in safetensors, ``checkpoints/step-00000500.safetensors``: all that the next step depends on.

Networks, their averages, the best averages, the optimizer, and in the metadata how far the run has come. Written
atomically; the newest few stay, and a run can go on from any of them.
"""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.repro import atomic_path
from synthuterus_bench.training.average import Nets, Tensors, copied, load_averages, start_averages, state_of
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.course import Course, obstacle

FOLDER, HEAD = "checkpoints", "training"
_NAME = re.compile(r"step-(\d{8,})\.safetensors")


@dataclass
class State:
    """A training between two steps. ``best`` are the averages of the best evaluation so far, if there was one."""

    nets: Nets
    optimizer: torch.optim.Optimizer
    averages: Tensors
    course: Course
    best: Tensors | None = None


class _Head(BaseModel):
    """The metadata of a checkpoint: one JSON value, as the order of several would change from run to run."""

    run: str
    course: Course
    config: LoopConfig


def fresh_state(nets: Nets, optimizer: torch.optim.Optimizer) -> State:
    """The state before the first step."""
    return State(nets, optimizer, start_averages(nets), Course())


def checkpoint_path(out: Path, step: int) -> Path:
    """Where the checkpoint after ``step`` steps lies."""
    return out / FOLDER / f"step-{step:08d}.safetensors"


def checkpoints(out: Path) -> list[Path]:
    """All checkpoints, newest first."""
    found = [path for path in (out / FOLDER).glob("step-*.safetensors") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.stem.removeprefix("step-")), reverse=True)


def clear_abandoned(out: Path) -> None:
    """Remove what a run that was killed while it wrote had not finished."""
    for path in (out / FOLDER).glob(".step-*.partial"):
        path.unlink(missing_ok=True)


def save_checkpoint(out: Path, state: State, config: LoopConfig, run: str) -> Path:
    """Save a state, then remove all but the newest ``config.keep`` up to it (0: none are removed)."""
    course = state.course
    tensors = {f"net/{key}": value for key, value in state_of(state.nets).items()}
    tensors |= {f"average/{key}": value for key, value in state.averages.items()}
    if state.best is not None and course.best and course.best[0] != course.step:
        tensors |= {f"best/{key}": value for key, value in state.best.items()}
    for index, own in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{key}": torch.as_tensor(value) for key, value in own.items()}
    path = checkpoint_path(out, course.step)
    with atomic_path(path) as temporary:
        save_file({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, temporary, {
            HEAD: _Head(run=run, course=course, config=_plain(config)).model_dump_json()
        })  # fmt: skip
    if config.keep:
        for old in [older for older in checkpoints(out) if older <= path][config.keep :]:
            old.unlink(missing_ok=True)
    return path


def load_newest(out: Path, state: State, config: LoopConfig, run: str) -> None:
    """Put the newest checkpoint that a run of ``config`` passes through into ``state``; none: leave it fresh.

    Checkpoints that cannot be read are passed over with a warning.

    Raises:
        WeightsError: they belong to another run, none is on the way of this one, or none can be read.
    """
    reasons = []
    for path in checkpoints(out):
        try:
            head, tensors = _read(path)
        except (SafetensorError, KeyError, ValueError, OSError) as error:
            reasons.append(f"{path}: not a checkpoint ({_line(error)})")
            warnings.warn(reasons[-1], stacklevel=2)
            continue
        if head.run != run:
            raise WeightsError(f"{path}: its run had other data or settings", "give another --out")
        hindrance = obstacle(head.course, head.config, config)
        if hindrance is None:
            _restore(state, path, head.course, tensors)
            return
        reasons.append(f"{path}: {hindrance}")
    if reasons:
        raise WeightsError(f"{reasons[0]}; no older checkpoint to go on from", "give another --out")


def _read(path: Path) -> tuple[_Head, Tensors]:
    with safe_open(path, "pt") as file:
        head = _Head.model_validate_json((file.metadata() or {})[HEAD])
        return head, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def _plain(config: LoopConfig) -> LoopConfig:
    return LoopConfig.model_validate({name: getattr(config, name) for name in LoopConfig.model_fields})


def _restore(state: State, path: Path, course: Course, tensors: Tensors) -> None:
    try:
        load_averages(state.nets, _under(tensors, "net/"))
        for key, value in _under(tensors, "average/").items():
            state.averages[key].copy_(value)
        _load_optimizer(state.optimizer, _under(tensors, "optimizer/"))
    except (KeyError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path}: not a checkpoint of this network ({_line(error)})") from None
    state.course = course
    if course.best:
        best = copied(state.averages)
        for key, value in _under(tensors, "best/").items():
            best[key].copy_(value)
        state.best = best


def _under(tensors: Tensors, prefix: str) -> Tensors:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = value
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
