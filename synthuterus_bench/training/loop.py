"""The one training engine: accelerate, AdamW, warm-up and decay, an average of the weights, early stopping, resumable.

Step ``s`` draws its batch and its noise from streams named by ``s``, so a killed run that goes on from any of its
checkpoints ends in the weights of an undisturbed one.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs, broadcast_object_list, gather_object
from numpy.typing import NDArray
from torch.nn.attention import SDPBackend, sdpa_kernel

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError, DataError, DivergedError, UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_json, stream_seed
from synthuterus_bench.training.average import averaged, copied, load_averages, update_averages
from synthuterus_bench.training.checkpoint import State, clear_abandoned, fresh_state, load_newest, save_checkpoint
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.course import learning_rate
from synthuterus_bench.training.gradients import mean_gradients
from synthuterus_bench.training.log import Log, open_log
from synthuterus_bench.training.outcome import Trained, save_outcome
from synthuterus_bench.vocab import Precision, Split

ENDS = ("steps", "decay_steps", "checkpoint_every", "keep", "patience", "sheet_every", "quality_samples")
"""Settings that may change between two runs in one folder. Those that would have changed a step already taken, or an
evaluation that should have stopped the run, are found by :func:`~synthuterus_bench.training.course.obstacle`."""
LINES_AN_INTERVAL = 10
TIMEOUT = timedelta(days=30)
"""How long a process may wait for another; torch's own ten minutes are less than a search needs between two trials."""


class Task(Protocol):
    """What is trained. All randomness of a micro-batch comes from streams named by step, part and process."""

    @property
    def nets(self) -> Mapping[str, torch.nn.Module]:
        """What learns, on the accelerator's device; saved and averaged."""

    def loss(self, step: int, part: int) -> torch.Tensor:
        """Mean loss of micro-batch ``part`` of ``step`` in this process."""

    def validate(self) -> float | None:
        """Mean loss on the validation split with the same noise every time, in the main process, while the networks
        hold the averaged weights; None without such a split."""

    def sheet(self) -> NDArray[np.uint8] | None:
        """A page (H, W) of samples or reconstructions, drawn under the same conditions; None: no page."""


def make_accelerator(config: LoopConfig) -> Accelerator:
    """Devices and processes. The precision of ``config`` is set where it computes (:class:`_Engine`): accelerate fixes
    its own once a process, and a grid may hold several. Processes wait long for the main one, which draws sheets and
    measures alone."""
    return Accelerator(mixed_precision="no", kwargs_handlers=[InitProcessGroupKwargs(timeout=TIMEOUT)])


def watches(cohort: Cohort, config: LoopConfig) -> bool:
    """Whether evaluations are wanted, and there is a validation split for them.

    Raises:
        CohortError: there is none, and training would stop early by it.
    """
    there = cohort.manifest.splits.get(Split.VALIDATION, 0) > 0
    if config.patience and not there:
        raise CohortError(f"{cohort.root}: no validation split, which patience={config.patience} needs")
    return config.evaluate_every > 0 and there


def run_digest(cohort: Cohort, config: LoopConfig, processes: int, **more: str) -> str:
    """What must stay the same for a run to go on: data, settings but for its end, number of processes, and more."""
    settings = {name: value for name, value in config.model_dump(mode="json").items() if name not in ENDS}
    return digest_json([cohort.manifest.digest, settings, processes, more])


def train(
    task: Task, config: LoopConfig, out: Path, accelerator: Accelerator, run: str = "", track: Track = silent
) -> Trained:
    """Train to the end, going on from the newest checkpoint in ``out`` where there is one.

    Afterwards the task's networks hold the averaged weights: the best ones where there were evaluations, else the last.

    Args:
        run: digest of data and settings; a checkpoint of another run is refused.

    Raises:
        UsageError: early stopping is asked for, and there is nothing to evaluate.
        WeightsError: the checkpoints in ``out`` are damaged or belong to another run.
        DivergedError: the loss is no longer a number.
        DataError: the processes do not see the same ``out``.
    """
    if config.patience and not config.evaluate_every:
        raise UsageError(f"patience is {config.patience}, evaluate_every 0: expected evaluations to be patient about")
    engine = _Engine(task, config, out, accelerator, run)
    engine.resume()
    done = engine.state.course.step
    writes = accelerator.is_main_process and not engine.state.course.ends(config)
    with open_log(out, done, writes) as engine.log:
        for _ in track(engine.steps(), engine.label, config.steps - done):
            pass
        return engine.finish()


@dataclass
class _Engine:
    task: Task
    config: LoopConfig
    out: Path
    accelerator: Accelerator
    run: str
    log: Log = field(default_factory=Log)
    recent: list[torch.Tensor] = field(default_factory=list)
    reported: int = 0
    since: float = 0.0

    def __post_init__(self) -> None:
        config = self.config
        self.parameters = [p for net in self.task.nets.values() for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            self.parameters, lr=config.lr, weight_decay=config.weight_decay, betas=(0.9, 0.99)
        )
        self.state: State = fresh_state(self.task.nets, optimizer)

    def resume(self) -> None:
        if self.accelerator.is_main_process:
            clear_abandoned(self.out)
        load_newest(self.out, self.state, self.config, self.run)
        starts = {self.state.course.step}
        if self.accelerator.num_processes > 1:
            starts = set(gather_object([self.state.course.step]))
        if len(starts) > 1:
            raise DataError(
                f"{self.out}: the processes found checkpoints of different steps ({sorted(starts)})",
                "--out must lie on a file system that all nodes share",
            )

    def steps(self) -> Iterator[int]:
        """Take the steps that are left; yields after each."""
        course = self.state.course
        self.reported, self.since = course.step, time.perf_counter()
        while not course.ends(self.config):
            self.recent.append(self._optimise(course.step))
            update_averages(self.state.averages, self.task.nets, self.config.average, course.step)
            course.step += 1
            self._report()
            if self._due(self.config.evaluate_every):
                self._evaluate()
            if self._due(self.config.checkpoint_every) or course.ends(self.config):
                self._save()
            yield course.step

    def finish(self) -> Trained:
        """A last evaluation where the end was not due for one (it stays out of the checkpoint, as a longer run would
        not have made it); then the best weights."""
        course = self.state.course
        if self.config.evaluate_every and not self._due(self.config.evaluate_every):
            self._evaluate()
        load_averages(self.task.nets, self.state.averages if self.state.best is None else self.state.best)
        trained = Trained(course.losses, course.validation, course.step, course.best[0] if course.best else course.step)
        if self.accelerator.is_main_process:
            save_outcome(self.out, trained)
        self.accelerator.wait_for_everyone()
        return trained

    def label(self) -> str:
        """Text before the progress bar."""
        course = self.state.course
        loss = f", loss {course.losses[-1]:.4f}" if course.losses else ""
        return f"training{loss}" + (f", validation {course.validation[-1][1]:.4f}" if course.validation else "")

    @contextmanager
    def _precision(self) -> Iterator[None]:
        """Mixed precision as set. On a CPU attention is written out: over the few places of a coarse level the fused
        kernel takes longer, a twelfth of a whole step."""
        device, mixed = self.accelerator.device.type, self.config.precision is Precision.BF16
        kernel = sdpa_kernel(SDPBackend.MATH) if device == "cpu" else nullcontext()
        with torch.autocast(device, torch.bfloat16, enabled=mixed), kernel:
            yield

    def _due(self, every: int) -> bool:
        return every > 0 and self.state.course.step % every == 0

    def _optimise(self, step: int) -> torch.Tensor:
        """One step; returns its loss, a mean over micro-batches and processes."""
        optimizer, parts = self.state.optimizer, self.config.accumulate
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(self.config, step)
        losses = []
        for part in range(parts):
            torch.manual_seed(stream_seed(self.config.seed, "torch", step, part, self.accelerator.process_index))
            with self._precision():
                loss = self.task.loss(step, part) / parts
            self.accelerator.backward(loss)
            losses.append(loss.detach().float())
        mean = torch.stack(losses).sum()
        if self.accelerator.num_processes > 1:
            mean = mean_gradients(self.parameters, mean, self.accelerator)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.config.clip)
        optimizer.step()
        optimizer.zero_grad()
        return mean

    def _evaluate(self) -> None:
        """Put the averaged weights in, let the main process look at them, and tell all what it saw."""
        state, step = self.state, self.state.course.step
        seen: list[float | None] = [None]
        with averaged(self.task.nets, state.averages):
            if self.accelerator.is_main_process:
                torch.manual_seed(stream_seed(self.config.seed, "torch validation"))
                with self._precision():
                    seen = [self.task.validate()]
                page = self.task.sheet() if self._wants_sheet() else None
                if page is not None:
                    self.log.sheet(step, page)
        (loss,) = broadcast_object_list(seen)
        if loss is None and self.config.patience:
            raise UsageError(f"patience is {self.config.patience}, found no validation split to stop early by")
        if loss is not None:
            state.course.validation.append((step, _finite(loss, "validation loss", step)))
            self.log.scalars(step, validation=loss)
            if state.course.best == (step, loss):
                state.best = copied(state.averages)

    def _wants_sheet(self) -> bool:
        """Every ``sheet_every``-th evaluation; of the one at the end, always, unless there are none."""
        config, step = self.config, self.state.course.step
        number, left = divmod(step, config.evaluate_every)
        return config.sheet_every > 0 and (left > 0 or step >= config.steps or number % config.sheet_every == 0)

    def _report(self) -> None:
        """The mean loss since the last report, some times between two checkpoints and at the end."""
        step = self.state.course.step
        if self._due(max(1, self.config.checkpoint_every // LINES_AN_INTERVAL)) or step == self.config.steps:
            recent, now = self.recent[self.reported - step :], time.perf_counter()
            images = len(recent) * self.config.batch * self.config.accumulate * self.accelerator.num_processes
            self.log.scalars(
                step,
                loss=_finite(_mean(recent), "loss", step),
                lr=learning_rate(self.config, step - 1),
                images_a_second=images / (now - self.since),
            )
            self.reported, self.since = step, now

    def _save(self) -> None:
        course = self.state.course
        course.losses.append(_finite(_mean(self.recent), "loss", course.step))
        self.recent.clear()
        if self.accelerator.is_main_process:
            save_checkpoint(self.out, self.state, self.config, self.run)


def _mean(losses: list[torch.Tensor]) -> float:
    return float(torch.stack(losses).double().mean())


def _finite(value: float, what: str, step: int) -> float:
    if not np.isfinite(value):
        raise DivergedError(f"the {what} is {value} after {step} steps, expected a number", "try a smaller lr")
    return value
