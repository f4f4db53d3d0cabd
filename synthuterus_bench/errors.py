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


class SubmissionError(DataError):
    """What was handed in for evaluation cannot be evaluated."""


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
