"""``compare``: from two folders to a verdict for each metric and class. The same input gives the same bytes."""

from dataclasses import replace
from pathlib import Path

from synthuterus_bench.bench.bundle import is_bundle
from synthuterus_bench.bench.comparison.exchanging import metric_rows
from synthuterus_bench.bench.comparison.looking import joined, look, taught
from synthuterus_bench.bench.comparison.record import Comparison, Row, Side, judged
from synthuterus_bench.bench.comparison.sides import equalised
from synthuterus_bench.bench.comparison.teaching import MEASURES, teaching_rows
from synthuterus_bench.bench.notes import left_out, notes_on
from synthuterus_bench.bench.opening import open_submission
from synthuterus_bench.bench.reference import PHANTOM, Reference, cache_folder, load_reference
from synthuterus_bench.bench.run import environment
from synthuterus_bench.bench.submission import UNNAMED, Submission
from synthuterus_bench.bench.suite import Suite, find_suite
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.bench.tools import Tools, make_tools
from synthuterus_bench.errors import SubmissionError, UsageError
from synthuterus_bench.metrics.features import Embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.vocab import CLASSES

FINEST = 0.01
"""The smallest corrected p-value that the number of exchanges allows, so that no family is too large to decide."""


@one_thread()
def compare(
    first: Path,
    second: Path,
    suite: str | Suite = "uterus-2d-roi",
    reference: str = PHANTOM,
    *,
    names: tuple[str | None, str | None] = (None, None),
    downstream: bool = True,
    exchanges: int | None = None,
    weights_dir: Path | None = None,
    cache: Path | None = None,
    features_cache: Path | None = None,
    workers: int = 1,
    device: str = "cpu",
    embedder: Embedder | None = None,
    track: Track = silent,
) -> Comparison:
    """Compare two submissions, each as :func:`synthuterus_bench.bench.run.evaluate` takes it, on the same patients.

    Args:
        downstream: whether to learn from both as well; without it there are no trainings.
        exchanges: of images, and of answers; by default as many as a corrected p-value of 0.01 takes.

    Raises:
        UsageError, SubmissionError, CohortError, WeightsError: as ``evaluate``.
        SubmissionError: both hold the same images.
    """
    if is_bundle(reference):
        raise UsageError(
            f"--reference {reference}: found a bundle, which has no images to compare two submissions on",
            "evaluate both by it, then compare the two entries",
        )
    suite, cache = find_suite(suite) if isinstance(suite, str) else suite, cache or cache_folder()
    tools = make_tools(embedder, weights_dir, features_cache, workers, device, track, cache)
    one, two = (
        _named(open_submission(path, suite, name, cache, device, track), path)
        for path, name in zip((first, second), names, strict=True)
    )
    _check_different(first, second, one, two)
    sides = equalised(one, two)
    real = load_reference(reference, suite, cache, track)
    rows = _rows(suite, sides, real, tools, downstream, exchanges)
    return _record(suite, sides, real, rows, [*_sizes((one, two), sides), *_notes(sides)], device)


def _rows(
    suite: Suite,
    sides: tuple[Submission, Submission],
    real: Reference,
    tools: Tools,
    downstream: bool,
    wanted: int | None,
) -> list[Row]:
    looked, exchanges = look(sides, real, tools), _exchanges(suite, downstream, wanted)
    omitted = left_out(sides[0]) | left_out(sides[1])
    rows = metric_rows(suite.metrics, joined(suite, looked, tools), exchanges, omitted, tools.track)
    return rows + (teaching_rows(taught(suite, looked, tools), exchanges[False]) if downstream else [])


def _check_different(first: Path, second: Path, one: Submission, two: Submission) -> None:
    if sorted(one.digests) == sorted(two.digests):
        raise SubmissionError(f"{first} and {second}: found the same images in both, expected two submissions")


def _named(submission: Submission, path: Path) -> Submission:
    """The submission, called like its folder where nothing says its name."""
    if submission.generator.name != UNNAMED:
        return submission
    named = submission.generator.model_copy(update={"name": path.resolve().name[:100] or UNNAMED})
    return replace(submission, generator=named)


def _sizes(whole: tuple[Submission, Submission], sides: tuple[Submission, Submission]) -> list[str]:
    return [
        f"{name}: {len(kept.labels)} of {len(every.labels)} images are compared, as many of each class as the other has"
        for name, every, kept in zip(("first", "second"), whole, sides, strict=True)
        if len(kept.labels) < len(every.labels)
    ]


def _exchanges(suite: Suite, downstream: bool, wanted: int | None) -> dict[bool, int]:
    """Of the pooled scope and of a class: p-values of 1 / (1 + exchanges), times the size of the family."""
    tests = len(suite.metrics)
    if downstream:
        tests += sum(len(MEASURES) + regime.both for regime in suite.regimes)
    return {pooled: wanted or round(tests * (1 if pooled else len(CLASSES)) / FINEST) - 1 for pooled in (True, False)}


def _notes(sides: tuple[Submission, Submission]) -> list[str]:
    volumes = ["volumes: only their middle sagittal slices are compared"] if any(side.planes for side in sides) else []
    plain = (replace(side, planes={}) for side in sides)
    return [*volumes, *dict.fromkeys(note for side in plain for note in notes_on(side))]


def _record(
    suite: Suite,
    sides: tuple[Submission, Submission],
    real: Reference,
    rows: list[Row],
    notes: list[str],
    device: str,
) -> Comparison:
    done, families = judged(rows)
    return Comparison(
        suite=suite.id,
        version=suite.version,
        protocol_digest=suite.digest,
        reference=real.name,
        reference_digest=real.digest,
        first=_side(sides[0]),
        second=_side(sides[1]),
        paired=True,
        families=families,
        rows=done,
        notes=notes,
        environment=environment(device),
    )


def _side(submission: Submission) -> Side:
    return Side(
        name=submission.generator.name,
        manifest_sha256=submission.manifest_sha256,
        n_per_class=submission.per_class,
    )
