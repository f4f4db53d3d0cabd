"""The report of one evaluation: a single HTML file that a reader opens anywhere."""

from dataclasses import dataclass
from pathlib import Path

from synthuterus_bench.bench.audit import Similarities, similarities
from synthuterus_bench.bench.details import Confusion, Details, Null
from synthuterus_bench.bench.examples import A_CLASS, Pictures, first_of_each_class, small_png
from synthuterus_bench.bench.plots import Dot, confusion_matrix, metric_dots, similarity_histogram
from synthuterus_bench.bench.table import SCOPES, TITLES, Column, by_scope, columns, entry_table
from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.look import picture, render
from synthuterus_bench.look.plots import Figure
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.vocab import CLASSES, Orientation

PAGES = Path(__file__).parent / "pages"
IN_WORDS = {
    Orientation.AV_AF: "Anteverted, anteflexed",
    Orientation.AV_RF: "Anteverted, retroflexed",
    Orientation.RV_AF: "Retroverted, anteflexed",
    Orientation.RV_RF: "Retroverted, retroflexed",
}


@dataclass(frozen=True)
class Strip:
    """Example images of one class: of the submission, and of the reference beside them."""

    name: str
    words: str
    submission: tuple[str, ...]
    reference: tuple[str, ...]


def write_report(
    out: Path,
    entry: Entry,
    details: Details,
    release: Path | None = None,
    *,
    images: Pictures | None = None,
    reference: Pictures | None = None,
) -> None:
    """Write the report of ``entry`` to ``out``, atomically, under 5 MB.

    Args:
        out: the HTML file to write.
        entry: the result file's content.
        details: confusion matrices and similarity histograms of the same evaluation.
        release: the evaluated release, if it was one: its audit log and, without ``images``, its first images.
        images: images of the submission by class; the first 10 of each are shown.
        reference: images of the reference by class. They become part of the page, so give none that are private.

    Raises:
        DataError: the release or an image cannot be read.
    """
    if images is None:
        images = first_of_each_class(release) if release else {}
    audit = similarities(_audit_log(release)) if release else None
    page = render(
        "report.html.j2",
        PAGES,
        entry=entry,
        strips=_strips(images, reference or {}),
        table=entry_table(entry),
        notes=details.notes,
        dots=_dots(entry),
        confusions={name: confusion_matrix(found.labels, found.counts) for name, found in _first_seeds(details)},
        nulls=_nulls(details),
        histograms=_histograms(entry, details, audit),
    )
    write_atomic(out, page)


def _audit_log(release: Path) -> Path:
    cohort = load_cohort(release)
    return audit_file(cohort.home, cohort.config)


def _strips(images: Pictures, reference: Pictures) -> list[Strip]:
    strips = (Strip(name, IN_WORDS[name], _shown(images, name), _shown(reference, name)) for name in CLASSES)
    return [strip for strip in strips if strip.submission]


def _shown(pictures: Pictures, name: str) -> tuple[str, ...]:
    return tuple(picture(small_png(image)) for image in list(pictures.get(name, ()))[:A_CLASS])


def _first_seeds(details: Details) -> list[tuple[str, Confusion]]:
    """One matrix of each regime and arm: that of its first seed."""
    first: dict[str, tuple[str, Confusion]] = {}
    for name, confusion in details.confusions.items():
        first.setdefault(name.rpartition(", seed ")[0] or name, (name, confusion))
    return [*first.values()]


def _nulls(details: Details) -> list[tuple[str, list[tuple[str, Null | None]]]]:
    """Excess over relabellings: metrics down, scopes across."""
    found = {(null.metric, null.scope): null for null in details.nulls}
    metrics = dict.fromkeys(null.metric for null in details.nulls)
    scopes = [scope for scope in SCOPES if any(null.scope == scope for null in details.nulls)]
    return [(TITLES.get(name, name), [(scope, found.get((name, scope))) for scope in scopes]) for name in metrics]


def _histograms(entry: Entry, details: Details, audit: Similarities | None) -> dict[str, Figure]:
    threshold = entry.privacy.threshold
    found = {
        name: similarity_histogram(histogram.edges, histogram.counts, threshold)
        for name, histogram in details.similarities.items()
    }
    if audit:
        found["candidates of the release"] = similarity_histogram(audit.edges, audit.counts, audit.threshold)
    return found


def _dots(entry: Entry) -> list[Figure]:
    return [figure for column in columns(entry.results) if (figure := _dot_figure(entry, column))]


def _dot_figure(entry: Entry, column: Column) -> Figure | None:
    found = by_scope(entry.results, column)
    scopes = [scope for scope in SCOPES if scope in found and found[scope].status == "ok"]
    if not scopes:
        return None
    title = f"{column.title}, {column.detail}" if column.detail else column.title
    better = "" if column.direction == "none" else column.direction
    return metric_dots(title, [_dot(scope, found[scope], 10**column.digits.power) for scope in scopes], better)


def _dot(scope: str, result: Result, factor: int) -> Dot:
    floor, interval = result.floor, None
    if result.ci:
        interval = result.ci.low * factor, result.ci.high * factor
    band = None
    if floor:
        ends = (floor.value if end is None else end for end in (floor.low, floor.high))
        band = next(ends) * factor, next(ends) * factor
    return Dot(scope, (result.value or 0) * factor, interval, band)
