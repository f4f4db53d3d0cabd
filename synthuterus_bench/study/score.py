"""Score a study: key and answer files to figures by group, by reader and by image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.board.reported import load_reported
from synthuterus_bench.errors import UsageError
from synthuterus_bench.stats import significant
from synthuterus_bench.study.agreement import fleiss_kappa, kappa_interval
from synthuterus_bench.study.answers import Answers, load_answers
from synthuterus_bench.study.clustered import accuracy_parts, mean_interval
from synthuterus_bench.study.exact import CHANCE, against_chance, clopper_pearson
from synthuterus_bench.study.key import Key, load_key
from synthuterus_bench.study.readings import Readings, readings
from synthuterus_bench.study.record import (
    GroupScore,
    ImageScore,
    Mean,
    ReaderScore,
    Reported,
    Score,
    Share,
    Span,
    Times,
)
from synthuterus_bench.study.signal import auc_interval, detection, placements, roc_points
from synthuterus_bench.vocab import Kind, ReaderGroup

LEVEL, NARROW = 0.95, 0.90


def score_study(key_path: Path, answer_paths: Sequence[Path], margin: float = 0.1) -> Score:
    """Score the files of all readers of a study.

    Args:
        margin: how far from 0.5 an accuracy may lie and still count as chance, in (0, 0.5).

    Raises:
        StudyError: the key was changed, or a file was edited, doubled, is incomplete or belongs to another study.
        UsageError: no answer files, or a margin out of its range.
    """
    if not answer_paths:
        raise UsageError("found no answer file, expected at least one")
    if not 0 < margin < CHANCE:
        raise UsageError(f"--margin {margin}: expected between 0 and {CHANCE}")
    key = load_key(key_path)
    files = load_answers(key, answer_paths)
    data = readings(key, files)
    groups = {group: [k for k, file in enumerate(files) if file.group is group] for group in ReaderGroup}
    scored = [_group(group, data.of(some), margin) for group, some in groups.items() if some]
    return Score(
        study=key.study,
        real=key.real.name,
        synthetic=key.synthetic.name,
        generators=tuple(sorted({item.generator for item in key.items if item.generator})),
        images=len(key.items),
        margin=margin,
        groups=(_group("all", data, margin), *scored),
        readers=tuple(_reader(file, data.of([k])) for k, file in enumerate(files)),
        items=tuple(_item(key, data, k) for k in range(len(key.items))),
        reported=reported_accuracies(),
    )


def reported_accuracies() -> tuple[Reported, ...]:
    """Reader accuracies of papers."""
    return tuple(
        Reported(group=ReaderGroup(other.readers), value=_figure(other.plain), paper=paper.title)
        for paper in load_reported()
        for other in paper.others
        if other.readers
    )


def _group(group: ReaderGroup | str, data: Readings, margin: float) -> GroupScore:
    correct, synthetic = data.correct, data.synthetic
    whole = _share(correct)
    found, narrow = accuracy(data, LEVEL), accuracy(data, NARROW)
    each = [_detection(data.of([k])) for k in range(data.readers)]
    counts = np.stack([data.called.sum(0), (~data.called).sum(0)], 1)
    return GroupScore.model_validate(
        {
            "group": group,
            "readers": data.readers,
            "accuracy": whole,
            "p_value": significant(against_chance(whole.hits, whole.trials)),
            "accuracy_mean": found,
            "narrow": narrow.interval,
            "verdict": _verdict(found.interval),
            "equivalent": CHANCE - margin < narrow.interval[0] and narrow.interval[1] < CHANCE + margin,
            "sensitivity": _share(correct[:, synthetic]),
            "specificity": _share(correct[:, ~synthetic]),
            "d_prime": _figure(np.mean([one[0] for one in each])),
            "criterion": _figure(np.mean([one[1] for one in each])),
            "auc": auc(data),
            "kappa": _maybe(fleiss_kappa(counts)),
            "kappa_interval": _span(kappa_interval(counts, synthetic.astype(int))),
            "times": _times(data),
            "roc": roc_points(data.ratings.ravel(), np.tile(synthetic, data.readers)),
        }
    )


def accuracy(data: Readings, level: float) -> Mean:
    """Mean accuracy; of several readers with the interval over readers and images, of one the exact one.

    Where no answer differs from another (all right, say) there is nothing to count by: the interval of one reader.
    """
    share = float(data.correct.mean())
    if data.readers > 1:
        value, low, high = mean_interval(data.correct.mean(1), accuracy_parts(data.correct, data.synthetic), level)
        if high > low:
            return _mean(value, max(low, 0.0), min(high, 1.0))
    images = data.correct.shape[1]
    return _mean(share, *clopper_pearson(round(share * images), images, level))


def auc(data: Readings) -> Mean:
    """Mean AUC of the confidence ratings, with the interval over readers and images, or of one reader."""
    signal, noise = placements(data.ratings, data.synthetic)
    each = signal.mean(1)
    if data.readers > 1:
        value, low, high = mean_interval(each, [signal, noise], LEVEL)
        if high > low:
            return _mean(value, max(low, 0.0), min(high, 1.0))
    value = float(each.mean())
    return _mean(value, *auc_interval(value, signal.shape[1], noise.shape[1], LEVEL))


def _verdict(interval: Span) -> str:
    if interval[0] > CHANCE:
        return "above chance"
    return "below chance" if interval[1] < CHANCE else "not told from chance"


def _reader(file: Answers, data: Readings) -> ReaderScore:
    correct, synthetic = data.correct, data.synthetic
    return ReaderScore(
        reader=file.reader,
        group=file.group,
        accuracy=_share(correct),
        sensitivity=_share(correct[:, synthetic]),
        specificity=_share(correct[:, ~synthetic]),
        d_prime=_figure(_detection(data)[0]),
        auc=auc(data),
        seconds=_figure(np.median(data.seconds)),
    )


def _item(key: Key, data: Readings, k: int) -> ImageScore:
    item = key.items[k]
    return ImageScore(
        item=k + 1,
        kind=item.kind,
        orientation=item.orientation,
        scan_id=item.scan_id if item.kind is Kind.SYNTHETIC else None,
        correct=int(data.correct[:, k].sum()),
        readers=data.readers,
        rating=_figure(data.ratings[:, k].mean()),
        seconds=_figure(np.median(data.seconds[:, k])),
    )


def _detection(data: Readings) -> tuple[float, float]:
    signal, noise = data.called[:, data.synthetic], data.called[:, ~data.synthetic]
    found = detection(int(signal.sum()), signal.size, int(noise.sum()), noise.size)
    return found.d_prime, found.criterion


def _times(data: Readings) -> Times:
    first, third = np.percentile(data.seconds, [25, 75])
    return Times(
        median=_figure(np.median(data.seconds)),
        quartiles=(_figure(first), _figure(third)),
        right=_median(data.seconds[data.correct]),
        wrong=_median(data.seconds[~data.correct]),
    )


def _median(values: NDArray[np.float64]) -> float | None:
    return _figure(np.median(values)) if values.size else None


def _share(correct: NDArray[np.bool_]) -> Share:
    hits, trials = int(correct.sum()), correct.size
    low, high = clopper_pearson(hits, trials, LEVEL)
    return Share(hits=hits, trials=trials, value=_figure(hits / trials), exact=(_figure(low), _figure(high)))


def _mean(value: float, low: float, high: float) -> Mean:
    return Mean(value=_figure(value), interval=(_figure(low), _figure(high)))


def _span(ends: Span | None) -> Span | None:
    return None if ends is None else (_figure(ends[0]), _figure(ends[1]))


def _maybe(value: float | None) -> float | None:
    return None if value is None else _figure(value)


def _figure(value: float | np.floating) -> float:
    return significant(float(value))
