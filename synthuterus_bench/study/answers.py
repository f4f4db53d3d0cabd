"""Answer files: read as untrusted, and refused by name when edited, doubled, incomplete or of another study.

Each answer is chained to the one before it by SHA-256, the first to study, reader and group, as the page does
(``pages/room/progress.js``). The chain finds accidents and clumsy edits. It is no signature: whoever reads the page's
script can compute a new one.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from synthuterus_bench.errors import StudyError
from synthuterus_bench.study.key import Digest, Key, Record, read_record
from synthuterus_bench.vocab import Kind, ReaderGroup

SCHEMA = "synthuterus-answers/1"


class Answer(Record):
    """What a reader said of one image: its kind, from 1 (guessing) to 4 (certain), after ``ms`` of looking."""

    item: int = Field(ge=1)
    answer: Kind
    confidence: int = Field(ge=1, le=4)
    ms: int = Field(ge=0, le=10**9)


class Answers(Record):
    """One reader's file. ``reader`` is a random code, no name."""

    schema_: Literal["synthuterus-answers/1"] = Field(alias="schema")
    study: str = Digest
    reader: str = Field(pattern=r"^[0-9a-f]{16}$")
    group: ReaderGroup
    consent: Literal[True]
    answers: tuple[Answer, ...] = Field(max_length=10_000)
    chain: str = Digest

    @model_validator(mode="after")
    def _unchanged(self) -> Self:
        if self.chain != chain_of(self.study, self.reader, self.group, self.answers):
            raise ValueError("the file was edited: its checksum does not fit its answers")
        return self


def chain_of(study: str, reader: str, group: str, answers: Sequence[Answer]) -> str:
    """The last link of the chain over a file's content."""
    link = _digest(SCHEMA, study, reader, group)
    for one in answers:
        link = _digest(link, one.item, one.answer, one.confidence, one.ms)
    return link


def load_answers(key: Key, paths: Sequence[Path]) -> list[Answers]:
    """The files of all readers of one study.

    Raises:
        StudyError: a file is no answer file, was edited, belongs to another study, is incomplete, or is there twice.
    """
    found: dict[Path, Answers] = {}
    for path in paths:
        one: Answers = read_record(path, Answers, "answer")
        _check_study(path, one, key)
        _check_whole(path, one, len(key.items))
        for other_path, other in found.items():
            _check_new(path, one, other_path, other)
        found[path] = one
    return [*found.values()]


def _check_study(path: Path, one: Answers, key: Key) -> None:
    if one.study != key.study:
        raise StudyError(f"{path}: belongs to study {one.study[:12]}, expected study {key.study[:12]} of the key")


def _check_whole(path: Path, one: Answers, count: int) -> None:
    items = [answer.item for answer in one.answers]
    missing = [item for item in range(1, count + 1) if item not in items]
    if missing:
        shown = ", ".join(map(str, missing[:10])) + (" ..." if len(missing) > 10 else "")
        raise StudyError(f"{path}: incomplete, no answer to {len(missing)} of {count} images: {shown}")
    if items != [*range(1, count + 1)]:
        raise StudyError(f"{path}: found {len(items)} answers out of order or twice, expected images 1 to {count} once")


def _check_new(path: Path, one: Answers, other_path: Path, other: Answers) -> None:
    if one.reader == other.reader:
        raise StudyError(f"{path}: the reader {one.reader} is in {other_path} already", "give each reader's file once")
    if one.answers == other.answers:
        raise StudyError(f"{path}: a copy of {other_path}, the same answers after the same milliseconds")


def _digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
