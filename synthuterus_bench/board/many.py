"""A thousand entries in seconds: when processes are worth their start, and memory that nobody searches for cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 100
"""Entries that one process is done with sooner than others have started."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the search for reference cycles: of a thousand entries it reads millions of objects, again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
