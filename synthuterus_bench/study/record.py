"""What scoring found, as a JSON file."""

from typing import Literal

from pydantic import Field

from synthuterus_bench.study.key import Record
from synthuterus_bench.vocab import Kind, Orientation, ReaderGroup

Span = tuple[float, float]


class Share(Record):
    """A proportion of answers with its exact interval, as if every answer were independent."""

    hits: int
    trials: int
    value: float
    exact: Span


class Mean(Record):
    """The mean of the readers' figures. ``interval`` counts readers and images as drawn from many; of one reader it is
    that reader's alone."""

    value: float
    interval: Span


class Times(Record):
    """Seconds an image: median and quartiles, and the medians of right and of wrong answers."""

    median: float
    quartiles: Span
    right: float | None
    wrong: float | None


class GroupScore(Record):
    """One group of readers, or all of them.

    ``narrow`` is the 90 % interval of the accuracy: equivalent to chance where it lies within the margin, which is two
    one-sided tests at 5 %.
    """

    group: ReaderGroup | Literal["all"]
    readers: int
    accuracy: Share
    p_value: float
    accuracy_mean: Mean
    narrow: Span
    verdict: Literal["above chance", "below chance", "not told from chance"]
    equivalent: bool
    sensitivity: Share
    specificity: Share
    d_prime: float
    criterion: float
    auc: Mean
    kappa: float | None
    kappa_interval: Span | None
    times: Times
    roc: tuple[Span, ...]


class ReaderScore(Record):
    """One reader, under the random code of the file."""

    reader: str
    group: ReaderGroup
    accuracy: Share
    sensitivity: Share
    specificity: Share
    d_prime: float
    auc: Mean
    seconds: float


class ImageScore(Record):
    """One image: how many readers were right. ``scan_id`` is told of synthetic images only."""

    item: int
    kind: Kind
    orientation: Orientation
    scan_id: str | None
    correct: int
    readers: int
    rating: float
    seconds: float


class Reported(Record):
    """A reader accuracy that a paper reports, not measured here."""

    group: ReaderGroup
    value: float
    paper: str


class Score(Record):
    """A scored study."""

    schema_: Literal["synthuterus-study-score/1"] = Field(default="synthuterus-study-score/1", alias="schema")
    study: str
    real: str
    synthetic: str
    generators: tuple[str, ...]
    images: int
    margin: float
    groups: tuple[GroupScore, ...]
    readers: tuple[ReaderScore, ...]
    items: tuple[ImageScore, ...]
    reported: tuple[Reported, ...]
