"""The one sink of the command line: human, ``--json`` or ``--quiet``.

Human text goes to stdout, progress and warnings to stderr. With ``--json`` stdout carries exactly one JSON document.
"""

import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from operator import length_hint
from typing import TYPE_CHECKING, Any, TypeVar

from synthuterus_bench.errors import SynthbenchError
from synthuterus_bench.progress import Label
from synthuterus_bench.workers import launched_in_vain

if TYPE_CHECKING:
    from rich.table import Table

Item = TypeVar("Item")


def as_text(table: "Table", least: int = 120) -> str:
    """A table as lines, as wide as the terminal but at least ``least`` characters."""
    from rich.console import Console

    console = Console(width=max(least, Console().width))
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()


class Mode(Enum):
    """What the user wants to read."""

    HUMAN = "human"
    JSON = "json"
    QUIET = "quiet"


@dataclass
class Output:
    """Where every command writes. ``debug`` lets tracebacks through; a ``muted`` one says nothing at all."""

    mode: Mode = Mode.HUMAN
    debug: bool = False
    muted: bool = False

    def say(self, text: str = "") -> None:
        """A line for people; nothing in the other modes."""
        if self.mode is Mode.HUMAN and not self.muted:
            print(text)

    def warn(self, text: str) -> None:
        """A warning on stderr, in every mode."""
        if not self.muted:
            print(f"warning: {text}", file=sys.stderr)

    @contextmanager
    def telling(self, kind: type[Warning]) -> Iterator[None]:
        """Warnings of one kind that the library gives meanwhile, as :meth:`warn` says them, each time."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", kind)
            usual = warnings.showwarning

            def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
                if issubclass(category, kind):
                    self.warn(str(message))
                else:
                    usual(message, category, *place, **more)

            warnings.showwarning = show
            yield

    def warn_of_lone_launch(self) -> None:
        """Say so where several processes were wanted and accelerate started one."""
        if launched_in_vain():
            self.warn(
                "accelerate launch --cpu started one process; for several: accelerate launch --multi_gpu or torchrun, "
                "GPUs or not"
            )

    def result(self, value: dict[str, Any], human: str) -> None:
        """What the command found or made, as text or as JSON."""
        if self.muted:
            return
        if self.mode is Mode.JSON:
            print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))
        elif self.mode is Mode.HUMAN:
            print(human)

    def error(self, error: SynthbenchError) -> None:
        """One line on stderr, and one more when there is something to do."""
        if self.muted:
            return
        if self.mode is Mode.JSON:
            print(json.dumps({"error": error.message, "hint": error.hint}, ensure_ascii=False))
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)

    def track(self, items: Iterable[Item], label: Label, total: int | None = None) -> Iterator[Item]:
        """A progress bar with an ETA on stderr (a ``progress.Track``); silent unless people read along."""
        if self.mode is not Mode.HUMAN or self.muted:
            yield from items
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            said = label if callable(label) else lambda: label
            bar = progress.add_task(said(), total=total or length_hint(items) or None)
            for item in items:
                yield item
                progress.update(bar, advance=1, description=said())


out = Output()
"""The process-wide sink, set up by the root options."""
