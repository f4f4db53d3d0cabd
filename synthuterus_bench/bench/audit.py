"""What a release's public audit log says about its candidates, as counts to draw."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.privacy.log import read_log

BINS = 40


@dataclass(frozen=True)
class Similarities:
    """Largest similarity of each candidate to a training image: rising bin edges, and counts for each set."""

    edges: tuple[float, ...]
    counts: dict[str, tuple[int, ...]]
    threshold: float | None


def similarities(path: Path) -> Similarities | None:
    """Read the audit log at ``path``; None when there is none, or one without candidates.

    Raises:
        DataError: the log is damaged, or a record lacks what it promises.
    """
    if not path.is_file():
        return None
    header, *candidates, _ = read_log(path)
    kept: dict[str, list[float]] = {"accepted": [], "rejected": []}
    try:
        for record in candidates:
            kept[record["decision"]].append(float(record["max_similarity"]))
        threshold = None if header.get("threshold") is None else float(header["threshold"])
    except (KeyError, TypeError, ValueError) as error:
        raise SubmissionError(f"{path}: not a record of an audit log ({error!r})") from None
    return _binned(kept, threshold) if candidates else None


def _binned(kept: dict[str, list[float]], threshold: float | None) -> Similarities:
    every = [*kept["accepted"], *kept["rejected"], 1.0 if threshold is None else threshold]
    edges = np.linspace(np.floor(min(every) * 20) / 20, max(1.0, *every), BINS + 1)
    counts = {name: tuple(int(n) for n in np.histogram(values, edges)[0]) for name, values in kept.items()}
    return Similarities(tuple(float(edge) for edge in edges), counts, threshold)
