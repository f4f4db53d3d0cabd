"""Faults of a submission, gathered: all of them are told at once, not the first alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from synthuterus_bench.errors import SubmissionError


@dataclass(slots=True)
class Faults:
    """What was found so far."""

    found: list[SubmissionError] = field(default_factory=list)

    def add(self, *faults: SubmissionError) -> None:
        """Take faults down; of one that holds several, each."""
        self.found += [one for fault in faults for one in fault.all]

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Take down what is raised inside, and go on after it."""
        try:
            yield
        except SubmissionError as fault:
            self.add(fault)

    def stop(self) -> None:
        """Raise them all, if there are any.

        Raises:
            SubmissionError: there are.
        """
        if self.found:
            raise SubmissionError.of(self.found)
