"""Markdown of untrusted text: made inert, on one line, and escaped."""

import re
from collections.abc import Sequence

from synthuterus_bench.look.text import one_line

_SIGNS = re.compile(r"([\\`*_\[\]<>|~#])")


def safe(text: str) -> str:
    """Text that a reader of Markdown shows as it is."""
    return _SIGNS.sub(r"\\\1", one_line(text))


def row(cells: Sequence[str]) -> str:
    """One row of a table; its cells are already safe."""
    return f"| {' | '.join(cells)} |"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Lines of a table whose first ``left`` columns are words; heads and cells are already safe."""
    rule = ["---"] * left + ["---:"] * (len(heads) - left)
    return [row(heads), f"|{'|'.join(rule)}|", *(row(cells) for cells in rows)]
