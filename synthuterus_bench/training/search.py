"""Grid search: every combination of some settings trained in a folder of its own, the best validation loss wins.

Resumable: a finished combination is not trained again, one that was killed goes on from its last checkpoint.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError, DivergedError, UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.repro import canonical_json, digest_json, write_atomic
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.loop import ENDS
from synthuterus_bench.training.outcome import Trained
from synthuterus_bench.training.settings import dump_settings, read_mapping
from synthuterus_bench.training.targets import Helper, Target
from synthuterus_bench.vocab import Split

FOLDER, TABLE, BEST, TRIAL = "search", "search.json", "best.yaml", "trial.json"
MEASURES = {"prediction", "perceptual", "perceptual_weight", "kl_weight", "temperature", "negatives", "slices", "seed"}
MEASURES |= {"drop_class", "drop_text"}
"""Settings that change what the validation loss measures, not only how low it gets; it is told every condition, so it
sees what dropping them costs and not what guidance gains."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """One combination: where it was trained, its best validation loss (None: not trained, or ``failed``)."""

    values: dict[str, Any]
    folder: str
    validation: float | None = None
    best_step: int | None = None
    steps: int | None = None
    failed: str | None = None


def read_grid(path: Path) -> list[dict[str, Any]]:
    """All combinations of a file that maps settings to lists of values, the last setting changing fastest.

    Raises:
        UsageError: it is no such file.
    """
    grid = read_mapping(path)
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise UsageError(f"{path}: {key} is {values!r}, expected a list of values")
    if not grid:
        raise UsageError(f"{path}: found no settings, expected at least one line of: key: [value, value]")
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def apart(target: Target, grid: list[dict[str, Any]]) -> list[str]:
    """Settings in a grid whose values are judged by different measures, so that their losses do not compare."""
    measures = MEASURES | ({"batch"} if target is Helper.EMBEDDER else set())
    if isinstance(target, ModelId):
        measures -= {"perceptual", "perceptual_weight"}
    return [key for key in grid[0] if key in measures and len({repr(values[key]) for values in grid}) > 1]


def check_search(cohort: Cohort, configs: list[LoopConfig]) -> None:
    """Whether there will be a validation loss to decide by.

    Raises:
        CohortError: the cohort has no validation split.
        UsageError: the settings ask for no evaluation.
    """
    if not cohort.manifest.splits.get(Split.VALIDATION):
        raise CohortError(f"{cohort.root}: no validation split, expected one to search by")
    if any(config.evaluate_every == 0 for config in configs):
        raise UsageError("evaluate_every is 0, expected evaluations to search by", "give --set evaluate_every=N")


def search(
    target: Target,
    combinations: list[tuple[dict[str, Any], LoopConfig]],
    train_one: Callable[[LoopConfig, Path], Trained],
    out: Path,
    writes: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> list[Trial]:
    """Train all combinations that are not finished; returns them, the best first.

    ``out/search.json`` is the table so far, ``out/best.yaml`` the settings of the best. A combination whose loss stops
    being a number stays in the table as failed.

    Args:
        combinations: values of the grid, and the whole settings that they make.
        train_one: trains settings in a folder.
        writes: whether this process writes files (the main one).
        say: told about each combination before it is trained.
    """
    trials = [Trial(values, _name(target, values, config)) for values, config in combinations]
    for number, (values, config) in enumerate(combinations):
        folder = out / FOLDER / trials[number].folder
        known = _load(folder, config)
        if known is None:
            say(f"{number + 1} of {len(trials)}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
            known = _tried(trials[number], config, folder, train_one, writes)
        trials[number] = known
        if writes:
            write_atomic(out / TABLE, json.dumps([asdict(trial) for trial in ranked(trials)], indent=2) + "\n")
    best = ranked(trials)[0]
    if writes and best.validation is not None:
        config = dict(zip([trial.folder for trial in trials], [c for _, c in combinations], strict=True))[best.folder]
        write_atomic(out / BEST, dump_settings(config))
    return ranked(trials)


def ranked(trials: list[Trial]) -> list[Trial]:
    """The least validation loss first; those without one last."""
    return sorted(trials, key=lambda one: float("inf") if one.validation is None else one.validation)


def _name(target: Target, values: Values, config: LoopConfig) -> str:
    settings = {key: value for key, value in config.model_dump(mode="json").items() if key not in ENDS}
    return digest_json([str(target), settings, values])[:12]


def _tried(
    trial: Trial, config: LoopConfig, folder: Path, train_one: Callable[[LoopConfig, Path], Trained], writes: bool
) -> Trial:
    try:
        how = train_one(config, folder)
        found = Trial(trial.values, trial.folder, how.best, how.best_step, how.step)
    except DivergedError as error:
        found = Trial(trial.values, trial.folder, failed=error.message)
    if writes:
        write_atomic(folder / TRIAL, canonical_json({"config": config.model_dump(mode="json")} | asdict(found)) + "\n")
    return found


def _load(folder: Path, config: LoopConfig) -> Trial | None:
    """The finished trial in a folder; None where there is none of the same settings."""
    try:
        told = json.loads((folder / TRIAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Trial(**told) if told.pop("config") == config.model_dump(mode="json") else None
