"""How often intervals hold what they are intervals of, by simulation: ``python -m tests.metrics.coverage``."""

from dataclasses import dataclass

import numpy as np

from synthuterus_bench.downstream.paired import duels
from synthuterus_bench.downstream.scores import confusion_matrix, f1_scores, make_panel, recalls, score
from synthuterus_bench.metrics.exchange import Pair, contest
from synthuterus_bench.metrics.table import METRICS
from tests.metrics.world import FAKE, Draws, World

REPEATS, TRUTH = 400, 1500
WORLD, OTHER = World(), World(shift=0.45, scale=0.8, valid=0.7)
NAMES = (
    "fd-embedder",
    "kid-embedder",
    "lpips",
    "lpips-nearest",
    "lpips-diversity",
    "precision-embedder",
    "recall-embedder",
    "density-embedder",
    "coverage-embedder",
    "ct-embedder",
    "irs-infinity",
    "irs-adjusted",
    "authpct-embedder",
    "anatomy-valid",
)
COMPARED = ("fd-embedder", "kid-embedder", "lpips", "irs-adjusted", "anatomy-valid", "precision-embedder")
SCORES = ("f1", "recall", "auc")


@dataclass(frozen=True)
class Coverage:
    """Share of intervals that held the truth, their mean width, and the standard deviation of the values."""

    level: float
    share: float
    width: float
    spread: float


def _coverage(level, truth, values, spans):
    low, high = np.array(spans).T
    return Coverage(
        level, float(np.mean((low <= truth) & (truth <= high))), float(np.mean(high - low)), float(np.std(values))
    )


def metric_coverage(name: str, repeats: int = REPEATS, truth: int = TRUTH) -> Coverage:
    """Of the interval that ``measure`` gives, for the expected value at this N; of IRS for the median."""
    metric = METRICS[name]
    draws, more = Draws(metric.need, 1, WORLD), Draws(metric.need, 2, WORLD)
    scope = draws.scope
    many = [metric.judge(more.features(), scope).values([scope.fake], scope.test)[0] for _ in range(truth)]
    expected = (np.median if name.startswith("irs") else np.mean)(many)
    found = [metric.measure(draws.features(), scope) for _ in range(repeats)]
    spans = [(one.interval.low, one.interval.high) for one in found]
    return _coverage(found[0].interval.level, expected, [one.value for one in found], spans)


def comparison_coverage(name: str, repeats: int = REPEATS, truth: int = TRUTH) -> Coverage:
    """Of the interval of a difference between two submissions, for its expected value."""
    metric = METRICS[name]
    draws, more = (Draws(metric.need, seed, WORLD, OTHER) for seed in (3, 4))
    pair = Pair(draws.scope, draws.scope.fake[:FAKE], draws.scope.fake[FAKE:])
    sides = [pair.first, pair.second]
    many = [metric.judge(more.features(), draws.scope).values(sides, draws.scope.test) for _ in range(truth)]
    expected = (np.median if name.startswith("irs") else np.mean)([first - second for first, second in many])
    found = [contest(metric.judge(draws.features(), draws.scope), pair, 1) for _ in range(repeats)]
    spans = [(one.interval.low, one.interval.high) for one in found]
    return _coverage(found[0].interval.level, expected, [one.difference for one in found], spans)


CLASSES, PATIENTS, SEEDS = 4, 60, 3


def answers(rng, truth, units, skill):
    """What classifiers of three seeds say: each knows patients more or less well, all alike."""
    patient = rng.normal(size=(units.max() + 1, CLASSES))[units]
    logits = 0.7 * patient + 0.7 * rng.normal(size=(SEEDS, len(truth), CLASSES))
    logits[:, np.arange(len(truth)), truth] += skill
    chances = np.exp(logits)
    return chances / chances.sum(-1, keepdims=True)


def panel_of(patients, resamples, rng):
    """Two images of each patient, classes balanced."""
    units = np.arange(patients).repeat(2)
    return make_panel(units % CLASSES, units, CLASSES, resamples=resamples, rng=rng)


def expected_score(measure: str, which: int | None, skill: float) -> float:
    """On 20,000 patients."""
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(6)
    units = np.arange(20000).repeat(2)
    truth = units % CLASSES
    values = []
    for chances in answers(rng, truth, units, skill):
        confusion = confusion_matrix(truth, chances.argmax(1), CLASSES)
        if measure == "auc":
            by_class = np.array([roc_auc_score(truth == k, chances[:, k]) for k in range(CLASSES)])
        else:
            by_class = {"f1": f1_scores, "recall": recalls}[measure](confusion)
        values.append(by_class.mean() if which is None else by_class[which])
    return float(np.mean(values))


def score_coverage(measure: str, which: int | None, repeats: int = REPEATS) -> Coverage:
    """Of the percentile bootstrap over patients, for the score on endless patients."""
    rng, found = np.random.default_rng(5), []
    for _ in range(repeats):
        panel = panel_of(PATIENTS, 500, rng)
        found.append(getattr(score(panel, answers(rng, panel.truth, panel.units, 1.2)), measure))
    spans = [one.interval(which) for one in found]
    return _coverage(0.95, expected_score(measure, which, 1.2), [one.value(which) for one in found], spans)


def difference_coverage(measure: str, repeats: int = REPEATS, seeds: int = SEEDS) -> Coverage:
    """Of the interval of a difference between two classifiers on the same patients."""
    rng, found = np.random.default_rng(7), []
    swaps = np.zeros((1, PATIENTS))
    for _ in range(repeats):
        panel = panel_of(PATIENTS, 500, rng)
        both = (answers(rng, panel.truth, panel.units, skill)[:seeds] for skill in (1.2, 0.9))
        found.append(duels(panel, *both, swaps)[measure])
    name = {"macro-f1": "f1", "balanced-accuracy": "recall", "auc": "auc"}[measure]
    truth = expected_score(name, None, 1.2) - expected_score(name, None, 0.9)
    values = [one.first.value(None) - one.second.value(None) for one in found]
    return _coverage(0.95, truth, values, [one.interval(0) for one in found])


def table() -> str:
    """Everything in Markdown."""
    lines = ["| interval | nominal | held the truth | mean width | spread of the values |", "|---|---|---|---|---|"]
    cases = [(name, lambda name=name: metric_coverage(name)) for name in NAMES]
    cases += [(f"`compare`, {name}", lambda name=name: comparison_coverage(name)) for name in COMPARED]
    for measure in SCORES:
        cases += [(f"{measure}, {w or 'mean'}", lambda m=measure, w=w: score_coverage(m, w)) for w in (None, 1)]
    cases += [(f"`compare`, {m}", lambda m=m: difference_coverage(m)) for m in ("macro-f1", "auc")]
    for name, case in cases:
        one = case()
        print(name, one, flush=True)
        lines.append(f"| {name} | {one.level:.0%} | {one.share:.1%} | {one.width:.3g} | {one.spread:.3g} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
