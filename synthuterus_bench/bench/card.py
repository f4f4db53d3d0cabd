"""``submission.yaml``: what an author says of a generator. Words and links, never a number that is measured.

```yaml
name: My diffusion model
licence: CC-BY-4.0
code: https://github.com/org/repo
paper: https://doi.org/10.1000/xyz
training_data: [phantom-v1]
external_data: []
weights: {repo: org/model, revision: 0123456789abcdef0123456789abcdef01234567}
submitter: A group
```
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.errors import Fault, SubmissionError
from synthuterus_bench.look.text import https, unsafe

FILE = "submission.yaml"
MOST_BYTES = 65536


def _plain(text: str) -> str:
    if unsafe(text) or "\n" in text or not text.strip():
        raise ValueError("found an empty line or characters that hide what is read, expected one plain line")
    return text


def _address(text: str) -> str:
    if not https(text):
        raise ValueError("expected an address that begins with https://")
    return text


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Address = Annotated[str, Field(max_length=500), AfterValidator(_address)]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CardWeights(_Frozen):
    """Where weights are published, pinned."""

    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$", max_length=200)] | None = None
    revision: Commit | None = None
    sha256: Digest | None = None


class Card(_Frozen):
    """What the file says; every line may be missing.

    Attributes:
        training_data: data sets that the generator learned from; ``external_data`` those that went in some other way.
        weights: where they are. A digest must be that of the weights that drew the images, where that is known.
        supersedes: id of an entry that this one replaces.
    """

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain)] | None = None
    licence: Line | None = None
    code: Address | None = None
    paper: Address | None = None
    training_data: list[Line] = Field(default=[], max_length=50)
    external_data: list[Line] = Field(default=[], max_length=50)
    weights: CardWeights | None = None
    submitter: Line | None = None
    supersedes: Digest | None = None


def read_card(path: Path, beside: bool = True) -> Card:
    """The card of the submission at ``path``, an empty one where there is none.

    It is ``submission.yaml`` inside the folder, or beside folder or file: ``submission.yaml`` where nothing else lies
    there, else ``NAME.submission.yaml``.

    Raises:
        SubmissionError: there are two, or it is malformed, or an unknown key stands in it.
    """
    found = _found(path, beside)
    if len(found) > 1:
        raise fault(f"{found[0]} and {found[1]}", "two of them", "one")
    return _card(found[0]) if found else Card()


def _found(path: Path, beside: bool) -> list[Path]:
    inside = [path / FILE] if path.is_dir() else []
    home, own = path.absolute().parent, path.name.partition(".")[0] if path.is_file() else path.absolute().name
    named, plain = home / f"{own}.{FILE}", home / FILE
    found = [file for file in (*inside, *([named] if beside else [])) if file.is_file()]
    if found or not beside or not plain.is_file():
        return found
    others = [one.name for one in home.iterdir() if one != path.absolute() and (one.is_dir() or one.suffix == ".npz")]
    if shown := sorted(name for name in others if not name.startswith(".")):
        raise fault(
            plain, f"{shown[0]} there as well as {path.name}", f"it inside {path.name}, or as {named.name} beside it"
        )
    return [plain]


def _card(file: Path) -> Card:
    if file.stat().st_size > MOST_BYTES:
        raise fault(file, f"{file.stat().st_size} bytes", f"at most {MOST_BYTES}")
    try:
        return Card.model_validate(_mapping(file.read_text(encoding="utf-8"), file))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise fault(
                file, f"key {place[:60]}", f"only {', '.join(Card.model_fields)}; results are measured"
            ) from None
        raise SubmissionError(f"{file}: {place}: {first['msg']}", fault=Fault.CARD) from None
    except UnicodeDecodeError:
        raise fault(file, "no UTF-8", "text") from None


def _mapping(text: str, file: Path) -> Mapping[str, Any]:
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise fault(file, "no mapping", "lines such as name: My model")
        keys = [key.value for key, _ in node.value]
        if twice := sorted({str(key) for key in keys if keys.count(key) > 1}):
            raise fault(file, f"key {twice[0][:60]} twice", "it once")
        loaded: Mapping[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # every scalar is a word
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise fault(file, f"no YAML ({' '.join(str(error).split())[:160]})", "lines such as name: My model") from None
    return loaded


def fault(file: Path | str, found: str, expected: str) -> SubmissionError:
    """What is wrong with the file."""
    return SubmissionError(f"{file}: found {found}, expected {expected}", fault=Fault.CARD)
