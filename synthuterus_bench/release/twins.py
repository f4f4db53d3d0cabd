"""Candidates that repeat an earlier one are marked in their chunks before places are filled.

What a chunk holds of the filter's verdict stays; which earlier candidate a row repeats is written beside it, and anew
whenever the candidates before it are others (a larger release draws more of them).
"""

from pathlib import Path

import numpy as np

from synthuterus_bench.privacy.duplicates import Survivors
from synthuterus_bench.privacy.filter import codes_of
from synthuterus_bench.release.candidates import mark_twins, require_chunk


def settle(paths: list[Path], before: int, survivors: Survivors) -> list[Path]:
    """Mark what each chunk of a round repeats; the same paths.

    Args:
        paths: chunk files in the order of their candidates.
        before: the index of the first of these.
        survivors: of all rounds before.
    """
    for path in paths:
        chunk = require_chunk(path)
        codes = codes_of(chunk.verdicts)
        indices = np.arange(before, before + len(codes))
        passed = np.array([one.bound is None or one.twin is not None for one in chunk.verdicts])
        twins = survivors.admit(codes, indices, passed)
        if twins != [one.twin for one in chunk.verdicts]:
            mark_twins(path, twins)
        before += len(codes)
    return paths
