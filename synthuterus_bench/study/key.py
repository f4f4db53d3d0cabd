"""The key of a study: which image is which. It never goes into the page, which holds only the study's id.

The id is the SHA-256 of everything in the key, a salt among it: it commits to the key, so that a key changed later is
found out, and it tells a reader nothing. The salt is made of the real scans' own 16 bits, of which the page holds 12.
"""

import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthuterus_bench.errors import StudyError
from synthuterus_bench.look.text import one_line
from synthuterus_bench.repro import canonical_json, digest_json, unique_keys, write_atomic
from synthuterus_bench.vocab import Kind, Orientation, Split, View

MAX_BYTES = 4_000_000
Digest = Field(pattern=r"^[0-9a-f]{64}$")


class Record(BaseModel):
    """A strict, frozen file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Item(Record):
    """One image of a study, in the order of the page."""

    kind: Kind
    orientation: Orientation
    scan_id: str = Field(max_length=300)
    generator: str | None = Field(default=None, max_length=300)
    shown_sha256: str = Digest


class Origin(Record):
    """Where images of one kind come from."""

    name: str = Field(max_length=300)
    digest: str = Digest
    split: Split | None = None


class Key(Record):
    """What tells real from synthetic, to be kept from readers."""

    schema_: Literal["synthuterus-study-key/1"] = Field(default="synthuterus-study-key/1", alias="schema")
    study: str = Digest
    salt: str = Digest
    seed: int = Field(ge=0)
    view: View
    shape: tuple[int, int, int]
    real: Origin
    synthetic: Origin
    items: tuple[Item, ...] = Field(min_length=2, max_length=10_000)

    @model_validator(mode="after")
    def _sealed(self) -> Self:
        if self.study != study_id(self.model_dump(mode="json", by_alias=True)):
            raise ValueError("the key was changed after the page was made: its study id does not fit its content")
        return self

    @property
    def synthetic_items(self) -> list[bool]:
        """Whether each image is synthetic, in order."""
        return [item.kind is Kind.SYNTHETIC for item in self.items]


def seal(values: dict[str, Any]) -> Key:
    """A key of these values, with its study id."""
    drawn = Key.model_construct(study="", **values)
    return Key.model_validate({**values, "study": study_id(drawn.model_dump(mode="json", by_alias=True))})


def study_id(values: dict[str, Any]) -> str:
    """The id that belongs to a key's JSON values."""
    return digest_json({name: value for name, value in values.items() if name != "study"})


def save_key(key: Key, path: Path) -> None:
    """Write the key, atomically, readable by its owner alone."""
    write_atomic(path, canonical_json(key.model_dump(mode="json", by_alias=True)) + "\n")
    path.chmod(0o600)


def load_key(path: Path) -> Key:
    """Read a key.

    Raises:
        StudyError: no key, or one that was changed.
    """
    key: Key = read_record(path, Key, "key")
    return key


def read_record(path: Path, model: type[Record], what: str) -> Any:
    """Read one strict JSON file of a study; it is untrusted.

    Raises:
        StudyError: missing, too large, no JSON, a key given twice or unknown, a wrong type or value.
    """
    if not path.is_file():
        raise StudyError(f"{path}: no such {what} file")
    if path.stat().st_size > MAX_BYTES:
        raise StudyError(f"{path}: found {path.stat().st_size} bytes, expected at most {MAX_BYTES}")
    try:
        json.loads(path.read_bytes(), object_pairs_hook=unique_keys)
        return model.model_validate_json(path.read_bytes(), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"{one_line(str(part))}: " for part in first["loc"])
        raise StudyError(f"{path}: {place}{first['msg'].removeprefix('Value error, ')}") from None
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path}: not valid JSON ({error})") from None
