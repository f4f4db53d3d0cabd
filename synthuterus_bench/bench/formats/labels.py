"""Classes as tables and archives name them: words, or numbers in the order of the classes."""

from collections.abc import Sequence
from typing import Any

from synthuterus_bench.errors import Fault, SubmissionError
from synthuterus_bench.vocab import CLASSES, Orientation

HINT = f"name classes {', '.join(CLASSES)}, or number them 0 to {len(CLASSES) - 1} in this order"


def class_index(value: Any, place: str, names: Sequence[str] | None = None) -> int | None:
    """The index of a class, None for ``ambiguous``.

    Args:
        value: a word, with ``-`` or ``_``; or a number, of ``names`` where they are given, else of ``CLASSES``.

    Raises:
        SubmissionError: it is none of these.
    """
    if names and isinstance(value, int) and 0 <= value < len(names):
        value = names[value]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(CLASSES):
        return value
    word = str(value).lower().replace("_", "-")
    if word == Orientation.AMBIGUOUS:
        return None
    if word not in CLASSES:
        raise SubmissionError(f"{place}: found class {str(value)[:60]!r}, expected one of four", HINT, Fault.CLASSES)
    return CLASSES.index(Orientation(word))
