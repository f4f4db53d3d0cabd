"""The error tree. The library raises these; the command line turns them into one line and an exit code.

SynthbenchError
├── UsageError          the command or its arguments are wrong (exit code 2)
└── DataError           what was read is wrong (exit code 1)
    ├── ScanError       one scan cannot be imported or prepared
    ├── CohortError     a cohort or release folder is not what it claims to be
    ├── WeightsError    a weights file is missing, altered, or of the wrong kind
    ├── DivergedError   a training lost its way: its loss is no longer a number
    ├── SubmissionError what was handed in for evaluation cannot be evaluated
    ├── SuiteError      a suite or a reference bundle is not what it claims to be
    ├── TooFewError     too few images or patients for a metric
    ├── EntryError      a leaderboard entry breaks the schema or an invariant
    ├── StudyError      a reader study cannot be made, or its key or an answer file is not what it claims to be
    ├── QuotaError      a class could not be filled within its cap of candidates
    ├── GateError       a release or a model does not pass its gate before it is published
    └── HubError        the Hub refuses, fails, or holds something else
"""

from collections.abc import Sequence
from enum import StrEnum


class SynthbenchError(Exception):
    """Root of everything this package raises on purpose.

    Args:
        message: one line that names the file or id, what was found and what was expected.
        hint: what to do about it, if there is one thing to do.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SynthbenchError):
    """The command or its arguments are wrong."""

    exit_code = 2


class DataError(SynthbenchError):
    """What was read from disk or the network is wrong."""


class Refusal(StrEnum):
    """Why a scan is refused, in the words that summaries count by."""

    PICTURE = "picture"
    FORMAT = "other format"
    DAMAGED = "damaged"
    TOO_LARGE = "too large"
    NOT_3D = "not 3D"
    MULTI_FRAME = "multi-frame"
    NOT_MR = "not MR"
    NOT_T2 = "not T2"
    LOCALIZER = "localizer"
    AXIAL = "axial"
    CORONAL = "coronal"
    GEOMETRY = "bad geometry"
    GAP = "missing slices"
    MIXED = "mixed series"
    TOO_SMALL = "too small"
    NO_SIGNAL = "no MR signal"
    BURNED_IN = "burned-in text"
    DUPLICATE = "duplicate"
    MASK = "bad mask"
    ROW = "bad row"
    OTHER = "other"


class ScanError(DataError):
    """One scan cannot be imported or prepared; ``kind`` says why in a word."""

    def __init__(self, message: str, kind: Refusal = Refusal.OTHER, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.kind = kind


class CohortError(DataError):
    """A cohort or release folder is not what it claims to be."""


class WeightsError(DataError):
    """A weights file is missing, altered, or of the wrong kind."""


class DivergedError(DataError):
    """A training lost its way: its loss is no longer a number."""


class Fault(StrEnum):
    """What is wrong with a submission, in the words that a check counts by.

    The last four do not keep it from being evaluated: its entry counts them.
    """

    LAYOUT = "layout"
    CLASSES = "classes"
    COUNT = "count"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    SIZE = "size"
    RANGE = "range"
    CONSTANT = "constant"
    CARD = "submission.yaml"
    OTHER = "other"
    BLANK = "blank"
    REPEAT = "repeat"
    COPY = "copy"
    NEAR_COPY = "near copy"


class SubmissionError(DataError):
    """What was handed in for evaluation cannot be evaluated.

    Attributes:
        fault: what is wrong, in a word.
        all: every fault that was found, this one alone unless it was made by :meth:`of`.
    """

    SHOWN = 20

    def __init__(self, message: str, hint: str | None = None, fault: Fault = Fault.OTHER) -> None:
        super().__init__(message, hint)
        self.fault = fault
        self.all: tuple[SubmissionError, ...] = (self,)

    @classmethod
    def of(cls, found: "Sequence[SubmissionError]") -> "SubmissionError":
        """One error that says them all: the first twenty in full, the others as a number."""
        if len(found) == 1:
            return found[0]
        lines = [f"- {one.message}" for one in found[: cls.SHOWN]]
        more = [f"- and {len(found) - cls.SHOWN} more"] if len(found) > cls.SHOWN else []
        hint = next((one.hint for one in found if one.hint), None)
        whole = cls("\n".join([f"found {len(found)} faults, expected none:", *lines, *more]), hint, found[0].fault)
        whole.all = tuple(found)
        return whole


class SuiteError(DataError):
    """A suite or a reference bundle is not what it claims to be."""


class TooFewError(DataError, ValueError):
    """Too few images or patients for a metric."""


class EntryError(DataError):
    """A leaderboard entry breaks the schema or an invariant."""


class StudyError(DataError):
    """A reader study cannot be made, or its key or an answer file is not what it claims to be."""


class QuotaError(DataError):
    """A class could not be filled within its cap of candidates."""


class GateError(DataError):
    """A release or a model does not pass its gate before it is published."""


class HubError(DataError):
    """The Hub refuses, fails, or holds something else than expected."""
