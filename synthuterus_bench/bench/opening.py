"""Opening a submission, wherever it is: a folder or file here, a data set or a generator on the Hub.

A generator's images are drawn first and kept. ``evaluate``, ``compare`` and the check open by this alone.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from synthuterus_bench.bench.card import FILE, Card, CardWeights, fault, read_card
from synthuterus_bench.bench.drawn import drawn_release, is_pipeline
from synthuterus_bench.bench.formats.hub import fetch, is_hub
from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.bench.stock import is_stock, load_stock
from synthuterus_bench.bench.submission import Form, Origin, Submission
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.entry import Generator, Weights
from synthuterus_bench.generators.parameters import count_parameters
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.progress import Track, silent


@dataclass(frozen=True, slots=True)
class Source:
    """Where a submission lies on this machine, where it came from, and what its ``submission.yaml`` says."""

    path: Path
    origin: Origin
    card: Card

    @property
    def draws(self) -> bool:
        """Whether it is a generator."""
        return self.path.is_dir() and is_pipeline(self.path)


def find_source(where: Path) -> Source:
    """Find a submission; ``hf:ORG/NAME@COMMIT`` is fetched.

    Raises:
        UsageError: a repository is not pinned to a commit.
        SubmissionError: it cannot be fetched, or its ``submission.yaml`` is malformed.
    """
    if not is_hub(str(where)):
        return Source(where, Origin(), read_card(where))
    path, repo, revision = fetch(str(where))
    return Source(path, Origin(repo, revision), read_card(path, beside=False))


def open_submission(
    where: Path, suite: Suite, name: str | None, cache: Path, device: str = "cpu", track: Track = silent
) -> Submission:
    """The submission at ``where``, its images drawn first where it is a pipeline.

    Args:
        name: of the generator; by default what ``submission.yaml`` says, else what a release says.
        cache: folder that samples are kept in.

    Raises:
        UsageError, SubmissionError, WeightsError: see :func:`find_source`, :func:`load_submission`,
            :func:`load_stock` and :func:`drawn_release`.
    """
    source = find_source(where)
    name = name or source.card.name
    if is_stock(source.path):
        opened = load_stock(source.path, suite, cache, name, device, track)
    elif source.draws:
        opened = load_submission(drawn_release(source.path, suite, cache, track), suite, name)
        counted = {"parameters": count_parameters(source.path)}
        opened = replace(
            opened,
            form=Form.PIPELINE,
            generator=opened.generator.model_copy(update=counted),
            learned_from=load_record(source.path).cohort,
        )
    else:
        opened = load_submission(source.path, suite, name)
    opened = replace(opened, source=source.origin, generator=_from(source, opened.generator))
    return _told(opened, source.card)


def _from(source: Source, made: Generator) -> Generator:
    """Of a generator on the Hub, where its weights are."""
    if not source.draws or source.origin.repo is None:
        return made
    here = {"repo": source.origin.repo, "revision": source.origin.revision}
    return made.model_copy(update={"weights": (made.weights or Weights()).model_copy(update=here)})


def _told(submission: Submission, card: Card) -> Submission:
    """The submission with what its author says of the generator.

    Raises:
        SubmissionError: the card names other weights than those that drew the images.
    """
    made = submission.generator
    said = {"license": card.licence, "code": card.code, "paper": card.paper}
    told = {name: value for name, value in said.items() if value is not None}
    told |= {"weights": _joined(made.weights, card.weights)} if card.weights else {}
    return replace(submission, generator=made.model_copy(update=told), card=card)


def _joined(known: Weights | None, said: CardWeights) -> Weights:
    told = {name: value for name, value in said.model_dump().items() if value is not None}
    measured = known.model_dump(exclude_none=True) if known else {}
    for name in sorted(told.keys() & measured.keys()):
        if told[name] != measured[name]:
            raise fault(FILE, f"weights.{name} {told[name]}", f"{measured[name]}, of which the images are")
    return Weights(**(told | measured))
