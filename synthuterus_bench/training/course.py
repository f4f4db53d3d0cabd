"""How far a training has come, what its evaluations said, and whether it can go on towards a given end."""

from dataclasses import dataclass, field

from synthuterus_bench.training.config import LoopConfig

Evaluation = tuple[int, float]


def learning_rate(config: LoopConfig, step: int) -> float:
    """Linear warm-up, constant, linear decay to zero at the end."""
    up = min(1.0, (step + 1) / max(1, config.warmup_steps))
    down = min(1.0, (config.steps - step) / config.decay_steps) if config.decay_steps else 1.0
    return config.lr * min(up, down)


@dataclass
class Course:
    """``step`` steps are done; ``losses`` are means of checkpoint intervals, ``validation`` holds (step, loss)."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    validation: list[Evaluation] = field(default_factory=list)

    @property
    def best(self) -> Evaluation | None:
        """The first of the evaluations with the least loss."""
        return min(self.validation, key=lambda one: one[1], default=None)

    def stops_at(self, patience: int) -> int | None:
        """The step at which early stopping ends the run: ``patience`` evaluations in a row brought nothing new."""
        best, waited = float("inf"), 0
        for step, loss in self.validation:
            best, waited = (loss, 0) if loss < best else (best, waited + 1)
            if patience and waited >= patience:
                return step
        return None

    def ends(self, config: LoopConfig) -> bool:
        """Whether there is nothing left to train."""
        return self.step >= config.steps or self.stops_at(config.patience) is not None


def obstacle(course: Course, theirs: LoopConfig, ours: LoopConfig) -> str | None:
    """Why an undisturbed run of ``ours`` would not pass through a checkpoint made on the way to the end of ``theirs``.

    Steps, decay and patience may change as long as they would have changed nothing so far: the learning rate of every
    step taken is the same, and early stopping would not have ended the run before.
    """
    if course.step > ours.steps:
        return f"{course.step} steps are done, {ours.steps} wanted"
    if (theirs.steps, theirs.decay_steps) != (ours.steps, ours.decay_steps):
        taken = range(course.step)
        other = next((step for step in taken if learning_rate(theirs, step) != learning_rate(ours, step)), None)
        if other is not None:
            return f"a run to step {ours.steps} would have had another learning rate from step {other} on"
    stop = course.stops_at(ours.patience)
    if stop is not None and stop < course.step:
        return f"a patience of {ours.patience} would have stopped it at step {stop}"
    return None
