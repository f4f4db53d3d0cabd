"""The table of controls: metrics down, controls across, each cell a value, what is allowed, and whether it holds."""

from synthuterus_bench.bench.controls.record import Cell, ControlReport, Verdict

MARKS: dict[Verdict, str] = {"holds": "✓", "fails": "✗", "no claim": "", "unavailable": ""}
LEGEND = "✓ within the bound, ✗ outside it; without a mark no bound is claimed."


def row_title(cell: Cell) -> str:
    """``macro-f1, k-means``, ``fd-embedder, by class``."""
    return ", ".join([cell.metric, *([cell.regime] if cell.regime else []), *["by class"] * (cell.where == "classes")])


def allowed(cell: Cell) -> str:
    """What a value may be, in words; nothing where all may be."""
    low, high = (None if end is None else number(end) for end in (cell.low, cell.high))
    if cell.values:
        return " or ".join(number(value) for value in cell.values)
    if low is None or high is None:
        return f"≥ {low}" if low is not None else f"≤ {high}" if high is not None else ""
    return f"= {low}" if low == high else f"{low} to {high}"


def number(value: float) -> str:
    """Three digits."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def parts(cell: Cell) -> tuple[str, str]:
    """Value with its mark, and what is allowed."""
    if cell.value is None:
        return cell.verdict, ""
    return f"{number(cell.value)} {MARKS[cell.verdict]}".rstrip(), allowed(cell)


def rows(report: ControlReport) -> list[tuple[str, list[Cell]]]:
    """One row a metric, its cells in the order of the controls."""
    keys = list(dict.fromkeys(cell.row for cell in report.cells))
    by_key = {(cell.control, cell.row): cell for cell in report.cells}
    found = []
    for key in keys:
        cells = [by_key[control, key] for control in report.controls]
        found.append((row_title(cells[0]), cells))
    return found


def summary(report: ControlReport) -> str:
    """How many hold, fail, make no claim and are unavailable; one line for each that fails."""
    holds, fails, silent, without = (
        len(report.having(verdict)) for verdict in ("holds", "fails", "no claim", "unavailable")
    )
    lines = [f"{holds} of {holds + fails} bounds hold; {silent} values without a bound, {without} unavailable"]
    lines += [
        f"fails: {row_title(cell)} on {cell.control}: found {number(cell.value or 0.0)}, "
        f"expected {allowed(cell)} ({cell.rule}: {cell.why})"
        for cell in report.having("fails")
    ]
    return "\n".join(lines)


def markdown(report: ControlReport) -> str:
    """The table as Markdown, for the documentation; metrics that are unavailable everywhere stand below it."""
    head = ["metric", *report.controls]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    gone: dict[str, list[str]] = {}
    for title, cells in rows(report):
        if all(cell.verdict == "unavailable" for cell in cells):
            gone.setdefault(str(cells[0].reason).partition(": ")[2], []).append(title)
            continue
        told = ["<br>".join(filter(None, parts(cell))) for cell in cells]
        lines.append(f"| {' | '.join([title, *told])} |")
    lines += ["", LEGEND, "", *summary(report).splitlines()]
    lines += [f"unavailable: {', '.join(titles)} ({reason})" for reason, titles in gone.items()]
    return "\n".join(lines) + "\n"
