"""Results known to be wrong: a metric over a range of evaluator versions, or a whole entry."""

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.errors import DataError
from synthuterus_bench.resources import resource

EVALUATOR = "synthuterus-bench"


class Retraction(BaseModel):
    """Either ``metric`` with versions from ``from`` up to, not including, ``before``; or ``entry``, an id."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    metric: str | None = None
    from_: str | None = Field(default=None, alias="from", pattern=r"^\d+(\.\d+)*$")
    before: str | None = Field(default=None, pattern=r"^\d+(\.\d+)*$")
    entry: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    reason: str = Field(min_length=1, max_length=300)

    @model_validator(mode="after")
    def _one_of_two(self) -> "Retraction":
        if (self.metric is None) == (self.entry is None):
            raise ValueError("give either a metric or an entry")
        return self

    def covers(self, entry: Entry, name: str, result: Result) -> bool:
        """Whether it makes ``result`` of ``entry`` invalid; an entry that hides its version is covered.

        Args:
            name: the entry's id, which takes long to compute.
        """
        if self.entry is not None:
            return self.entry == name
        if self.metric != result.metric:
            return False
        version = evaluator_version(entry)
        if version is None:
            return True
        return (self.from_ is None or version >= _parts(self.from_)) and (
            self.before is None or version < _parts(self.before)
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    retractions: list[Retraction]


def load_retractions(path: Path | None = None) -> list[Retraction]:
    """The retractions of a YAML file; without one those of the package.

    Raises:
        DataError: the file is missing, is no YAML, or breaks the schema.
    """
    path = path or resource("leaderboard/retractions.yaml")
    return read_retractions(path.read_bytes(), str(path))


def read_retractions(data: bytes, where: str) -> list[Retraction]:
    """The same of the content of a file that lies at ``where``."""
    import yaml

    try:
        return _File.model_validate(yaml.safe_load(data.decode("utf-8"))).retractions
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{where}: not valid YAML ({' '.join(str(error).split())})") from None


def evaluator_version(entry: Entry) -> tuple[int, ...] | None:
    """The version of this package that made an entry, as numbers; None when it does not say."""
    named = {name.replace("_", "-"): version for name, version in entry.environment.items()}
    return _parts(named.get(EVALUATOR, "")) or None


def apply_retractions(entry: Entry, retractions: Sequence[Retraction]) -> Entry:
    """The entry with every retracted result withheld, for showing and ranking."""
    if not retractions:
        return entry
    name = entry.id
    results = [_withheld(entry, name, result, retractions) for result in entry.results]
    return entry.model_copy(update={"results": results})


def _withheld(entry: Entry, name: str, result: Result, retractions: Sequence[Retraction]) -> Result:
    for retraction in retractions:
        if retraction.covers(entry, name, result):
            gone = {"status": "withheld", "value": None, "ci": None, "floor": None, "per_seed": None}
            return result.model_copy(update={**gone, "reason": f"withdrawn: {retraction.reason}"})
    return result


def _parts(version: str) -> tuple[int, ...]:
    found = re.match(r"\d{1,6}(\.\d{1,6}){0,5}", version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()
