"""The paper's Tables 1 and 2 and its downstream figures for a set of entries, with what the paper reports beside.

Table 1: distances by orientation. Table 2, the ablation by conditioning, view and family: means over the four
orientations, and adjusted IRS. Downstream: gain in macro-F1 over guessing by regime, beside the same of real images.
A reported number stands beside entries of a full suite of its view and dimension, always marked: it was measured on
other patients, by a protocol that is not public.
"""

from collections.abc import Iterable

from synthuterus_bench.bench.digits import Digits, digits_of
from synthuterus_bench.bench.report_parts import PaperTable
from synthuterus_bench.bench.table import POOLED, TITLES
from synthuterus_bench.bench.taught import F1_GAIN
from synthuterus_bench.board.reported import Reported, ReportedRow, load_reported
from synthuterus_bench.board.sheets import Line, Sheet
from synthuterus_bench.board.shown import CONDITIONINGS, Shown, regimes_of, reported_beside, shown_of
from synthuterus_bench.entry import Entry, Interval, Result
from synthuterus_bench.vocab import CLASSES

DISTANCES = ("fid-2048", "fid-64", "lpips")
STAND_IN = "fd-embedder"
"""Shown under its own name where no entry has a FID."""

IRS = "irs-adjusted"
AVERAGE, NONE = "average", "–"
REPORTED_NAMES = {"fid": "FID (layer not stated)", "lpips": "LPIPS"}
NOT_OURS = "Reported by the paper on its own private patients, not measured here: compare in direction only."


def paper_tables(entries: Iterable[Entry], reported: list[Reported]) -> list[Sheet]:
    """Table 1, Table 2 and the downstream table."""
    shown, notes = shown_of(entries)
    rows = reported_beside(shown, reported)
    more = (*notes, NOT_OURS) if rows else notes
    return [_by_orientation(shown, rows, more), _ablation(shown, rows, more), _downstream(shown, notes)]


def beside_paper(entry: Entry) -> list[PaperTable]:
    """Tables 1 and 2 of one entry with what the papers report, for its report; none where its suite is not the like."""
    if shown_of([entry])[0][0].like is None:
        return []
    return [
        PaperTable(
            sheet.title,
            sheet.heads,
            tuple((line.texts, line.reported) for line in sheet.lines),
            sheet.notes,
            sheet.left,
        )
        for sheet in paper_tables([entry], load_reported())[:2]
    ]


def _metrics(shown: list[Shown]) -> tuple[str, ...]:
    known = {one.metric for each in shown for one in each.entry.results if one.value is not None}
    return DISTANCES if known & {"fid-2048", "fid-64"} else (STAND_IN, "lpips")


def _digits(shown: list[Shown], metrics: Iterable[str]) -> dict[str, Digits]:
    """How each metric is printed, the same in all rows."""
    found: dict[str, list[Result]] = {metric: [] for metric in metrics}
    for each in shown:
        for one in each.entry.results:
            found.get(one.metric, []).append(one)
    return {metric: digits_of(results) for metric, results in found.items()}


def _by_orientation(shown: list[Shown], rows: list[ReportedRow], notes: tuple[str, ...]) -> Sheet:
    metrics = _metrics(shown)
    digits = _digits(shown, metrics)
    lines = [
        Line(
            (
                one.title,
                f"{TITLES[metric]} ↓",
                one.protocol,
                *(_cell(one.find(metric, scope), digits[metric]) for scope in CLASSES),
            )
        )
        for one in shown
        for metric in metrics
    ]
    by_name: dict[str, dict[str, ReportedRow]] = {}
    for row in rows:
        by_name.setdefault(row.generator, {})[row.scope] = row
    for name, scopes in by_name.items():
        if all(scope in scopes for scope in CLASSES):
            for metric, title in REPORTED_NAMES.items():
                values = (f"{scopes[scope].values[metric]:.2f}" for scope in CLASSES)
                lines.append(Line((name, f"{title} ↓", "reported", *values), reported=True))
    heads = ("Generator", "Metric", "", *(name.upper() for name in CLASSES))
    return Sheet("Table 1: distances by orientation", heads, tuple(lines), notes, left=3)


def _ablation(shown: list[Shown], rows: list[ReportedRow], notes: tuple[str, ...]) -> Sheet:
    metrics, averages = _metrics(shown), [row for row in rows if row.scope == AVERAGE]
    heads = ("Generator", "View", "Told", "Family", "", *(f"{TITLES[name]} ↓" for name in metrics), f"{TITLES[IRS]} ↑")
    beside = tuple(f"{title} ↓, reported" for title in REPORTED_NAMES.values()) if averages else ()
    known = {row.generator: tuple(f"{row.values[name]:.2f}" for name in REPORTED_NAMES) for row in averages}
    blank = tuple(NONE for _ in beside)
    digits = _digits(shown, (*metrics, IRS))
    lines = [
        Line((*_place(one), *_means(one, metrics, digits), *(known.get(one.model, blank) if one.like else blank)))
        for one in shown
    ]
    measured = {one.model for one in shown if one.like}
    for name in (name for name in known if name not in measured):
        family, told, view = name.split("-")
        ours = (NONE for _ in (*metrics, IRS))
        lines.append(Line((name, view, told, family, "reported", *ours, *known[name]), reported=True))
    told = "Distances are means over the four orientations; IRS is of all images."
    title = "Table 2: ablation by view, conditioning and family"
    return Sheet(title, (*heads, *beside), tuple(lines), (told, *notes), left=5)


def _means(one: Shown, metrics: tuple[str, ...], digits: dict[str, Digits]) -> list[str]:
    means = [_cell(_average(one, metric), digits[metric]) for metric in metrics]
    return [*means, _cell(one.find(IRS, POOLED), digits[IRS])]


def _place(one: Shown) -> tuple[str, ...]:
    generator = one.entry.generator
    view = NONE if generator.roi is None else "roi" if generator.roi else "full"
    told = generator.conditioning or NONE
    return one.title, view, CONDITIONINGS.get(told, told), generator.family or NONE, one.protocol


def _average(one: Shown, metric: str) -> Result | None:
    """Mean over the orientations; its interval from theirs, which are of different images and patients."""
    found = [one.find(metric, scope) for scope in CLASSES]
    parts = [result for result in found if result is not None and result.value is not None]
    if len(parts) < len(CLASSES):
        return next((result for result in found if result is not None and result.value is None), None)
    value = sum(part.value or 0.0 for part in parts) / len(parts)
    return parts[0].model_copy(update={"scope": AVERAGE, "value": value, "ci": _joint(value, parts), "floor": None})


def _joint(value: float, parts: list[Result]) -> Interval | None:
    spans = [(part.value or 0.0, part.ci) for part in parts if part.ci is not None]
    if len(spans) < len(parts):
        return None
    below = sum((middle - ci.low) ** 2 for middle, ci in spans) ** 0.5 / len(parts)
    above = sum((ci.high - middle) ** 2 for middle, ci in spans) ** 0.5 / len(parts)
    return spans[0][1].model_copy(update={"low": value - below, "high": value + above})


def _downstream(shown: list[Shown], notes: tuple[str, ...]) -> Sheet:
    digits = _digits(shown, [F1_GAIN])[F1_GAIN]
    regimes = regimes_of(shown)
    lines = []
    for one in shown:
        found = [one.find(F1_GAIN, POOLED, regime) for regime in regimes]
        lines.append(Line((one.title, "submission", one.protocol, *(_cell(result, digits) for result in found))))
        lines.append(Line((one.title, "real images", one.protocol, *(_floor(result, digits) for result in found))))
    heads = ("Generator", "Learned from", "", *(f"{regime} ↑" for regime in regimes))
    return Sheet("Downstream: gain in macro-F1 over guessing", heads, tuple(lines), notes, left=3)


def _cell(result: Result | None, digits: Digits) -> str:
    if result is None:
        return NONE
    if result.value is None:
        return result.status
    span = f" [{digits.span(result.ci.low, result.ci.high)}]" if result.ci else ""
    return f"{digits.text(result.value)}{digits.label}{span}"


def _floor(result: Result | None, digits: Digits) -> str:
    if result is None or result.floor is None:
        return NONE
    floor = result.floor
    span = f" [{digits.span(floor.low, floor.high)}]" if floor.low is not None and floor.high is not None else ""
    return f"{digits.text(floor.value)}{digits.label}{span}"
