"""The one training loop: accelerate, AdamW, warm-up and final decay, an average of the weights, resumable.

Step ``s`` draws its batch and its noise from streams named by ``s``, so a killed run that goes on from its last
checkpoint ends in the weights of an undisturbed one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from synthuterus_bench.progress import Track, silent
from synthuterus_bench.training.checkpoint import Tensors, load_checkpoint, save_checkpoint

Loss = Callable[[int], torch.Tensor]


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """Steps, optimizer and average. ``decay_steps`` is the length of the final linear decay of the learning rate."""

    steps: int
    lr: float = 6e-4
    warmup_steps: int = 300
    decay_steps: int = 0
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.999
    checkpoint_every: int = 500


def learning_rate(config: LoopConfig, step: int) -> float:
    """Linear warm-up, constant, linear decay to zero at the end."""
    up = min(1.0, (step + 1) / max(1, config.warmup_steps))
    down = min(1.0, (config.steps - step) / config.decay_steps) if config.decay_steps else 1.0
    return config.lr * min(up, down)


def train(
    nets: Mapping[str, torch.nn.Module],
    loss_of: Loss,
    config: LoopConfig,
    out: Path,
    accelerator: Accelerator,
    run: str = "",
    track: Track = silent,
) -> tuple[Tensors, list[float]]:
    """Train until ``config.steps``; goes on from ``out/checkpoint.safetensors`` where there is one.

    Args:
        nets: the modules that learn, already on the accelerator's device.
        loss_of: the loss of a step, given its number.
        run: digest of data and settings; a checkpoint of another run is refused.

    Returns:
        The averaged weights, keys ``<net>/<parameter>``, and the mean loss of every checkpoint interval.
    """
    parameters = [p for net in nets.values() for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=config.lr, weight_decay=config.weight_decay, betas=(0.9, 0.99))
    averages = {f"{n}/{k}": v.detach().clone().float() for n, net in nets.items() for k, v in net.state_dict().items()}
    start, losses = 0, list[float]()
    path = out / "checkpoint.safetensors"
    if path.is_file():
        start, losses = load_checkpoint(path, nets, averages, optimizer, run)
    recent: list[float] = []
    for step in track(range(start, config.steps), "training", config.steps - start):
        recent.append(_step(step, loss_of, parameters, optimizer, config, accelerator))
        _update(averages, nets, config.average, step)
        if (step + 1) % config.checkpoint_every == 0 or step + 1 == config.steps:
            losses.append(sum(recent) / len(recent))
            recent.clear()
            if accelerator.is_main_process:
                save_checkpoint(path, nets, averages, optimizer, step + 1, losses, run)
                _log(out / "log.jsonl", step + 1, losses[-1])
    return averages, losses


def _step(
    step: int,
    loss_of: Loss,
    parameters: list[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    config: LoopConfig,
    accelerator: Accelerator,
) -> float:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(config, step)
    with accelerator.autocast():
        loss = loss_of(step)
    accelerator.backward(loss)
    if accelerator.num_processes > 1:
        _mean_gradients(parameters, accelerator)
    torch.nn.utils.clip_grad_norm_(parameters, config.clip)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def _mean_gradients(parameters: list[torch.nn.Parameter], accelerator: Accelerator) -> None:
    """Average gradients over processes, all in one message."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    mean = accelerator.reduce(torch.cat([gradient.flatten() for gradient in gradients]), "mean")
    for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


@torch.no_grad()
def _update(averages: Tensors, nets: Mapping[str, torch.nn.Module], decay: float, step: int) -> None:
    """Exponential moving average with the usual ramp ``(1 + step) / (10 + step)``."""
    keep = min(decay, (1 + step) / (10 + step))
    for name, net in nets.items():
        for key, value in net.state_dict().items():
            averages[f"{name}/{key}"].lerp_(value.float(), 1 - keep)


def _log(path: Path, step: int, loss: float) -> None:
    with path.open("a") as file:
        file.write(json.dumps({"step": step, "loss": round(loss, 6)}) + "\n")
