"""The report of one evaluation: a single HTML or Markdown file that a reader opens anywhere."""

from collections.abc import Sequence
from pathlib import Path

from synthuterus_bench.bench.audit import Similarities, similarities
from synthuterus_bench.bench.curves import projection_plots, roc_plot, similarity_to_real
from synthuterus_bench.bench.details import Confusion, Details, Null
from synthuterus_bench.bench.examples import A_CLASS, Pictures, first_of_each_class, small_png
from synthuterus_bench.bench.gallery import Gallery
from synthuterus_bench.bench.plots import Dot, confusion_matrix, metric_dots, similarity_histogram
from synthuterus_bench.bench.report_markdown import write_markdown
from synthuterus_bench.bench.report_parts import Pair, PaperTable, Parts, Strip
from synthuterus_bench.bench.table import REGIMES, SCOPES, TITLES, Column, by_scope, columns, entry_table
from synthuterus_bench.bench.task import BOTH, REAL, SUBMISSION
from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.look import picture, render
from synthuterus_bench.look.plots import Figure
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.vocab import CLASSES, Orientation, Split

PAGES = Path(__file__).parent / "pages"
IN_WORDS = {
    Orientation.AV_AF: "Anteverted, anteflexed",
    Orientation.AV_RF: "Anteverted, retroflexed",
    Orientation.RV_AF: "Retroverted, anteflexed",
    Orientation.RV_RF: "Retroverted, retroflexed",
}


def write_report(
    out: Path,
    entry: Entry,
    details: Details,
    release: Path | None = None,
    *,
    images: Pictures | None = None,
    reference: Pictures | None = None,
    gallery: Gallery | None = None,
    paper: Sequence[PaperTable] = (),
) -> None:
    """Write the report of ``entry`` to ``out``, atomically, under 5 MB.

    Args:
        out: the HTML file to write, or a Markdown file where its name ends in ``.md``.
        entry: the result file's content.
        details: confusion matrices, ROC curves and similarity histograms of the same evaluation.
        release: the evaluated release, if it was one: its audit log and, without ``images``, its first images.
        images: images of the submission by class; the first 10 of each are shown.
        reference: images of the reference by class. They become part of the page, so give none that are private.
        gallery: what the evaluation keeps of single images; images and reference by default come from it.
        paper: what a paper reports beside these results.

    Raises:
        DataError: the release or an image cannot be read.
    """
    write = write_markdown if out.suffix.lower() in (".md", ".markdown") else write_html
    write(out, report_parts(entry, details, release, images, reference, gallery, paper))


def report_parts(
    entry: Entry,
    details: Details,
    release: Path | None,
    images: Pictures | None,
    reference: Pictures | None,
    gallery: Gallery | None,
    paper: Sequence[PaperTable],
) -> Parts:
    """Everything a report shows, ready to print; arguments as for :func:`write_report`."""
    if images is None:
        images = gallery.images if gallery else first_of_each_class(release) if release else {}
    audit = similarities(_audit_log(release)) if release else None
    shown = gallery.reference if gallery and reference is None else reference or {}
    return Parts(
        entry=entry,
        strips=_strips(images, shown),
        table=entry_table(entry),
        notes=details.notes,
        dots=_dots(entry),
        confusions={name: found for name, found in _first_seeds(details)},
        rocs=_rocs(details),
        nulls=_nulls(details),
        similarity=_similarity(details),
        near={split: details.near[split] for split in map(str, Split) if split in details.near},
        audit=_audit(audit),
        neighbours=_neighbours(gallery) if gallery else {},
        projection=projection_plots(gallery.projection) if gallery else {},
        paper=tuple(paper),
    )


def write_html(out: Path, parts: Parts) -> None:
    """Write a report as one HTML file."""
    shown = {name: getattr(parts, name) for name in Parts.__dataclass_fields__}
    shown["confusions"] = {name: confusion_matrix(one.labels, one.counts) for name, one in parts.confusions.items()}
    write_atomic(out, render("report.html.j2", PAGES, **shown))


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


def _similarity(details: Details) -> Figure | None:
    """Nearest real training image: of the submission, and of held-out real images, which are the null."""
    found = next(iter(details.similarities.values()), None)
    if found is None:
        return None
    bound, counts = details.near.get(str(Split.TRAIN)), dict(sorted(found.counts.items(), reverse=True))
    return similarity_to_real(found.edges, counts, bound.bound if bound else None)


def _rocs(details: Details) -> dict[str, Figure]:
    """One figure of each regime and arm, in the order of the suites."""

    def place(name: str) -> tuple[int, int]:
        regime, _, arm = name.partition(", ")
        arms = (SUBMISSION, REAL, BOTH)
        return REGIMES.index(regime) if regime in REGIMES else 9, arms.index(arm) if arm in arms else 9

    found = ((name, details.rocs[name]) for name in sorted(details.rocs, key=place))
    return {name: roc_plot(one.labels, one.false_positives, one.true_positives) for name, one in found}


def _audit(audit: Similarities | None) -> dict[str, Figure]:
    found = {} if audit is None else {"candidates of the release": audit}
    return {name: similarity_histogram(one.edges, one.counts, one.threshold) for name, one in found.items()}


def _neighbours(gallery: Gallery) -> dict[str, list[Pair]]:
    return {
        name: [Pair(picture(small_png(one.synthetic)), picture(small_png(one.real)), one.cosine) for one in pairs]
        for name, pairs in gallery.neighbours.items()
    }


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
