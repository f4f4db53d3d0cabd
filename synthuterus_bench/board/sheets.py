"""Tables as Markdown and as LaTeX. What is printed comes from strangers: it is made inert, and escaped for each."""

from dataclasses import dataclass

from synthuterus_bench.look.markdown import safe, table
from synthuterus_bench.look.text import one_line

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "−": "$-$",
    "–": "--",
    "×": r"$\times$",
    "⁰": "$^0$",
    "³": "$^3$",
    "⁶": "$^6$",
    "⁹": "$^9$",
    "τ": r"$\tau$",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}


@dataclass(frozen=True)
class Line:
    """One row; ``reported`` says that it was measured elsewhere."""

    texts: tuple[str, ...]
    reported: bool = False


@dataclass(frozen=True)
class Sheet:
    """One table: ``left`` columns of words, then numbers."""

    title: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    left: int = 1


def as_markdown(sheets: list[Sheet]) -> str:
    """All tables, one below the other."""
    return "\n".join(_markdown(sheet) for sheet in sheets)


def _markdown(sheet: Sheet) -> str:
    rows = [
        [f"*{safe(text)}*" if line.reported and text else safe(text) for text in line.texts] for line in sheet.lines
    ]
    lines = [f"**{safe(sheet.title)}**", "", *table([safe(head) for head in sheet.heads], rows, sheet.left)]
    return "\n".join([*lines, "", *(f"{safe(note)}\n" for note in sheet.notes)])


def as_latex(sheets: list[Sheet]) -> str:
    """All tables, for the package booktabs."""
    return "% needs \\usepackage{booktabs}\n" + "\n".join(_latex(sheet) for sheet in sheets)


def _latex(sheet: Sheet) -> str:
    columns = "l" * sheet.left + "r" * (len(sheet.heads) - sheet.left)
    body = [
        _cells([rf"\emph{{{latex(text)}}}" if line.reported and text else latex(text) for text in line.texts])
        for line in sheet.lines
    ]
    notes = " ".join(latex(note) for note in sheet.notes)
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{latex(sheet.title)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            _cells([latex(head) for head in sheet.heads]),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *([rf"\par\footnotesize {notes}"] if notes else []),
            r"\end{table}",
            "",
        ]
    )


def _cells(texts: list[str]) -> str:
    return " & ".join(texts) + r" \\"


def latex(text: str) -> str:
    """Text without any meaning to LaTeX."""
    return "".join(_LATEX.get(letter, letter) for letter in one_line(text))
