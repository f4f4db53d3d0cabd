"""Layers of settings: a preset, a file, ``key=value``; merged, and checked by the pydantic models of ``config.py``."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from synthuterus_bench.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)
INIT = "init"
"""What a file may say beside settings: the model whose weights to begin with."""


@dataclass(frozen=True)
class Layer:
    """Settings and where they come from."""

    source: str
    values: Mapping[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML in which ``no`` and ``off`` are words, as in YAML 1.2, and ``1e-4`` is a number."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), [*"tTfF"])
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, [*"-+0123456789."])


class _Dumper(yaml.SafeDumper):
    """One line a setting, lists in brackets."""


_Dumper.add_representer(list, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, True))


def read_mapping(path: Path) -> dict[str, Any]:
    """A YAML or JSON file that holds one mapping.

    Raises:
        UsageError: it cannot be read, or holds something else.
    """
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: not readable as YAML or JSON ({_line(error)})") from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise UsageError(f"{path}: found {_kind(found)}, expected lines of: key: value")
    return found


def parse_assignments(texts: list[str]) -> dict[str, Any]:
    """``key=value`` each, values in YAML.

    Raises:
        UsageError: one is not of that form.
    """
    values = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise UsageError(f"--set {text}: expected key=value, for example --set steps=1000")
        try:
            values[key.strip()] = yaml.load(value, _Loader)
        except yaml.YAMLError as error:
            raise UsageError(f"--set {text}: its value is not readable as YAML ({_line(error)})") from None
    return values


def merge(kind: type[Model], layers: list[Layer]) -> Model:
    """One model from all layers, the last one strongest.

    Raises:
        UsageError: a key is unknown, or a value is out of range.
    """
    source_of = {key: layer.source for layer in layers for key in layer.values}
    unknown = [key for key in source_of if key not in kind.model_fields]
    if unknown:
        raise _unknown(unknown[0], source_of[unknown[0]], sorted(kind.model_fields))
    try:
        return kind.model_validate({key: value for layer in layers for key, value in layer.values.items()})
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        allowed = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        allowed = allowed.replace("a valid tuple", "a list, for example [64, 96, 128]")
        raise UsageError(f"{source_of[key]}: {key} is {_plain(first['input'])}, expected {allowed}") from None


def _unknown(key: str, source: str, known: list[str]) -> UsageError:
    near = difflib.get_close_matches(key, known, 1)
    hint = f"did you mean {near[0]}?" if near else None
    return UsageError(f"{source}: no setting {key!r}, expected one of: {', '.join(known)}", hint)


def dump_settings(config: BaseModel) -> str:
    """Settings as YAML, ready for ``--config``."""
    return yaml.dump(config.model_dump(mode="json"), Dumper=_Dumper, sort_keys=False, default_flow_style=False)


def _kind(found: Any) -> str:
    return "nothing" if found is None else f"a {type(found).__name__}"


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float | bool) else repr(value)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
