"""A report as Markdown: tables as text, pictures inside the file as ``data:`` addresses at its end."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from synthuterus_bench.bench.details import Confusion, Null
from synthuterus_bench.bench.plots import Figure
from synthuterus_bench.bench.report_parts import Pair, PaperTable, Parts, Strip
from synthuterus_bench.bench.table import Cell
from synthuterus_bench.look.markdown import safe, table
from synthuterus_bench.repro import write_atomic

FLOORS = (
    "Each value stands with its interval in brackets and its floor in parentheses: the same metric of reference "
    "against reference at matched size, which is what a perfect generator would get."
)

EXCESS = "Value minus its mean over relabelled real images, and how often one of them looks at least as bad (p)."


def write_markdown(out: Path, parts: Parts) -> None:
    """Write a report as one Markdown file."""
    pictures = _Pictures()
    lines = [
        *_heading(parts),
        *_strips(parts.strips, pictures),
        *_neighbours(parts.neighbours, pictures),
        *_metrics(parts),
        *_excess(parts),
        *_figures("By orientation", {figure.alt: figure for figure in parts.dots}, pictures),
        *_likeness(parts, pictures),
        *_confusions(parts.confusions),
        *_figures("ROC curves", parts.rocs, pictures),
        *_figures("Similarity in the audit log", parts.audit, pictures),
        *_paper(parts.paper),
        *_reproduce(parts),
        *pictures.addresses(),
    ]
    write_atomic(out, "\n".join(lines) + "\n")


class _Pictures:
    """Pictures by number: named where they stand, their bytes at the end of the file."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def take(self, address: str, alt: str) -> str:
        self.held.append(address)
        return f"![{safe(alt)}][picture-{len(self.held)}]"

    def addresses(self) -> Iterator[str]:
        yield ""
        yield from (f"[picture-{number}]: {address}" for number, address in enumerate(self.held, 1))


def _heading(parts: Parts) -> Iterator[str]:
    entry, suite = parts.entry, parts.entry.suite
    yield f"# {safe(entry.generator.name)}"
    yield ""
    yield f"Suite {suite.id} v{suite.version}, reference {safe(suite.reference)}; entry `{entry.id[:12]}`."
    if "phantom" in suite.reference:
        yield "The reference is a phantom, not patients."
    yield ""
    counts = ", ".join(f"{count} {safe(name)}" for name, count in entry.dataset.n_per_class.items())
    made = entry.generator
    facts = {
        "Images": counts,
        "Came as": entry.dataset.form,
        "Family": made.family,
        "Conditioning": made.conditioning,
        "Parameters": f"{made.parameters:,}" if made.parameters is not None else None,
        "Licence": made.license,
        "Code": made.code,
        "Paper": made.paper,
        "Training data": ", ".join(entry.training_data),
        "External data": ", ".join(entry.external_data),
    }
    yield from (f"- {name}: {safe(value)}" for name, value in facts.items() if value)
    yield ""


def _strips(strips: Sequence[Strip], pictures: _Pictures) -> Iterator[str]:
    if not strips:
        return
    yield from ("## Images, unselected", "", "Anterior is left, superior is up.", "")
    for strip in strips:
        for who, images in (("submission", strip.submission), ("reference", strip.reference)):
            if images:
                yield f"**{strip.words}, {who}**"
                yield ""
                yield " ".join(pictures.take(image, f"{strip.name}, {who}") for image in images)
                yield ""


def _neighbours(found: Mapping[str, Sequence[Pair]], pictures: _Pictures) -> Iterator[str]:
    if not found:
        return
    yield from ("## Nearest real images", "", "Synthetic left, the nearest real training image right.", "")
    heads = ("class", "cosine", "pair")
    rows = [
        (name, f"{pair.cosine:.3f}", f"{pictures.take(pair.synthetic, 'synthetic')} {pictures.take(pair.real, 'real')}")
        for name, pairs in found.items()
        for pair in pairs
    ]
    yield from (*table(heads, rows), "")


def _metrics(parts: Parts) -> Iterator[str]:
    yield from ("## Metrics", "", FLOORS, "")
    rows = [
        (
            safe(" ".join(text for text in (one.column.title, one.column.arrow, one.column.detail) if text)),
            *(_cell(cell) for _, cell in one.cells),
        )
        for one in parts.table.rows
    ]
    yield from (*table(("metric", *map(safe, parts.table.scopes)), rows), "")
    why = {
        f"{cell.status}: {cell.reason}": None
        for one in parts.table.rows
        for _, cell in one.cells
        if cell and cell.reason
    }
    yield from (f"- {safe(reason)}" for reason in why)
    yield from (f"- {safe(note)}" for note in parts.notes)
    yield ""


def _excess(parts: Parts) -> Iterator[str]:
    if not parts.nulls:
        return
    yield from ("## Excess over relabelled real images", "", EXCESS, "")
    rows = [(safe(name), *(_null(null) for _, null in cells)) for name, cells in parts.nulls]
    yield from (*table(("metric", *(safe(scope) for scope, _ in parts.nulls[0][1])), rows), "")


def _null(null: Null | None) -> str:
    return "not measured" if null is None else f"{null.excess:.3g} (p {null.p_value:.2g})"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.status != "ok":
        return cell.status
    interval = f" [{cell.interval}]" if cell.interval else ""
    return safe(f"{cell.value}{interval}") + (f" ({safe(cell.floor)})" if cell.floor else "")


def _figures(title: str, figures: Mapping[str, Figure], pictures: _Pictures) -> Iterator[str]:
    if not figures:
        return
    yield from (f"## {title}", "")
    for name, figure in figures.items():
        if name != figure.alt:
            yield from (safe(name), "")
        yield from (pictures.take(figure.light, figure.alt), "")


def _likeness(parts: Parts, pictures: _Pictures) -> Iterator[str]:
    yield from _figures("Features on two directions", parts.projection, pictures)
    if parts.similarity is not None:
        yield from ("## Similarity to real images", "")
        yield from (pictures.take(parts.similarity.light, parts.similarity.alt), "")
    for split, near in parts.near.items():
        yield f"- near copies of {safe(split)} images: {near.found}; chance explains about {near.expected:.1f}"
    yield ""


def _confusions(found: Mapping[str, Confusion]) -> Iterator[str]:
    if not found:
        return
    yield from ("## Confusion", "", "True class down, predicted class across; the first seed of each.", "")
    for name, one in found.items():
        rows = [(safe(label), *map(str, counts)) for label, counts in zip(one.labels, one.counts, strict=True)]
        yield from (safe(name), "", *table(("", *map(safe, one.labels)), rows), "")


def _paper(tables: Sequence[PaperTable]) -> Iterator[str]:
    if not tables:
        return
    yield from ("## Beside the paper", "")
    for one in tables:
        rows = [[f"*{safe(text)}*" if told and text else safe(text) for text in texts] for texts, told in one.rows]
        yield from (f"**{safe(one.title)}**", "", *table([safe(head) for head in one.heads], rows, one.left), "")
        yield from (f"{safe(note)}\n" for note in one.notes)


def _reproduce(parts: Parts) -> Iterator[str]:
    suite = parts.entry.suite
    yield from ("## How to reproduce", "", "```console")
    yield f"$ synthbench evaluate PATH/TO/IMAGES --suite {suite.id}"
    yield from (
        "```",
        "",
        f"Protocol digest `{suite.protocol_digest}`, reference digest `{suite.reference_digest}`.",
        "",
    )
