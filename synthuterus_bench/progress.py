"""How long work reports itself: library functions take a ``Track``; the command line passes one that draws a bar."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Label = str | Callable[[], str]
"""What the work is called; a function is asked again after each item."""


class Track(Protocol):
    """Wraps an iterable and shows how far it has come."""

    def __call__(self, items: Iterable[Item], label: Label, total: int | None = None) -> Iterator[Item]: ...


def silent(items: Iterable[Item], label: Label, total: int | None = None) -> Iterator[Item]:
    """A ``Track`` that shows nothing."""
    yield from items
