"""From published features to results: what :func:`synthuterus_bench.bench.run.evaluate_sets` makes, without images."""

import numpy as np

from synthuterus_bench.bench.notes import left_out
from synthuterus_bench.bench.published import Published, real_rows, reference_pixels, stand_in, with_real
from synthuterus_bench.bench.reference import Reference
from synthuterus_bench.bench.scoring import score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.spatial import plane_needs, score_volumes
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.bench.tools import Tools
from synthuterus_bench.entry import Result
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.vocab import Plane


@one_thread()
def score_published(published: Published, real: Reference, suite: Suite, tools: Tools) -> list[Result]:
    """Every metric of a suite from published features and the images of its reference.

    Results that need images of the submission are ``unavailable``; those of classifiers are not in it.

    Raises:
        SubmissionError: features of other images than the suite compares, or of other planes.
    """
    sets = Sets(stand_in(published, suite), real)
    rows, scopes = compact(sets.scopes(suite.permutations, suite.pooled_permutations, suite.n_real_per_class))
    mine = rows[rows < len(published.labels)]
    if not np.array_equal(mine, published.rows):
        raise SubmissionError(f"found features of {len(published.rows)} images, expected those of {len(mine)} others")
    if tuple(published.banks) != suite.planes:
        raise SubmissionError(f"found features of {', '.join(published.banks)}; expected {', '.join(suite.planes)}")
    theirs, parts = real_rows(sets, rows), sets.parts(rows)[1:]
    banks = {}
    for plane in suite.planes:
        needs = plane_needs(suite) | (suite.needs if plane is Plane.SAGITTAL else set())
        pixels = reference_pixels(real, plane)[theirs]
        banks[plane] = with_real(published.banks[plane], tools.look(pixels, needs - {Need.LPIPS}, parts=parts))
    absent = left_out(sets.submission)
    metrics = score_metrics(suite.metrics, scopes, banks[Plane.SAGITTAL], tools.track, absent)
    return score_volumes(suite, metrics, scopes, banks, tools.track, absent).results
