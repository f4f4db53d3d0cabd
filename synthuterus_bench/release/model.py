"""What of a model's folder is sent to the Hub, and its gate: weights, their settings, a card; nothing of a training.

What is checked is what is sent: the allowed files alone, laid out in a folder of their own.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from synthuterus_bench.cohorts.phi.record import Finding
from synthuterus_bench.cohorts.phi.scan import look_at
from synthuterus_bench.cohorts.phi.text import find_json
from synthuterus_bench.errors import GateError
from synthuterus_bench.generators.folder import NETWORKS, PARTS, check_folder, weights_digest
from synthuterus_bench.generators.trained import RECORD, TrainingRecord, load_record
from synthuterus_bench.privacy.index import INDEX_FILE, load_index
from synthuterus_bench.privacy.membership import MEMBERSHIP, load_membership, section
from synthuterus_bench.release.gate import CHECKSUMS
from synthuterus_bench.release.parcel import INDEX, Kind, Parcel, checksums_of, item_of
from synthuterus_bench.vocab import TextEncoder

CARD = "README.md"
OWN = {CARD, "LICENSE", INDEX, RECORD, MEMBERSHIP, INDEX_FILE, "measured.json", "selftest.json"}
OWN |= {"samples.png", "losses.png"}
"""Files of a model beside the folders of its networks."""

_SETTINGS = {"config.json", "scheduler_config.json", "generation_config.json"}
_WORDS = {"tokenizer.json", "vocab.json", "merges.txt"}
_TOKENIZER = {"tokenizer_config.json", "special_tokens_map.json", *_WORDS}
_WEIGHTS = re.compile(r"(?:diffusion_pytorch_)?model(?:-\d{5}-of-\d{5})?\.safetensors(?:\.index\.json)?")
_NAMING = re.compile(r"patient|subject|scan_id|series|accession|mrn|birth|file_?names?|paths?$", re.I)
_HUB_NAME = re.compile(r"[\w-]+(?:/[\w][\w.-]*)?", re.ASCII)
MOST_WORDS = 16
"""A list of more strings than this in a configuration is a list of something that is no setting."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Names of the files of a model, of those in its folder that are none with the reason, and what is to be told."""

    kept: list[str]
    left_out: tuple[tuple[str, str], ...]
    note: str


def model_parcel(folder: Path) -> Parcel:
    """The allowed files of a pipeline folder and checksums over them, after :func:`check_model`."""
    checked = check_model(folder)
    items = [item_of(name, folder / name) for name in checked.kept]
    sums = item_of(CHECKSUMS, checksums_of(items))
    return Parcel(Kind.MODEL, (sums, *items), checked.left_out, (checked.note,))


def check_model(folder: Path) -> Checked:
    """The gate of models.

    Raises:
        GateError: a setting or a header holds a path or a list of names, weights hold something else than the network,
            the card says nothing of the membership test, or a file that decides samples is not one of a pipeline's.
        WeightsError: it cannot be loaded, or its membership was not measured.
    """
    check_links(folder)
    kept, left_out = _chosen(folder, load_record(folder))
    with _laid_out(folder, kept) as sent:
        check_folder(sent)
        if weights_digest(sent) != weights_digest(folder):
            odd = [name for name, _ in left_out if "/" in name and name.endswith((".safetensors", ".json", ".txt"))]
            raise GateError(f"{folder}: found {odd[0]}, which no generator of this package has", "move it elsewhere")
        check_texts(sent, kept, load_record(sent))
        _check_weights(sent)
        return Checked(kept, left_out, _check_card(folder, sent))


def check_links(folder: Path) -> None:
    """Refuse links to folders: what lies there is not seen."""
    if links := sorted(path.name for path in folder.rglob("*") if path.is_symlink() and path.is_dir()):
        raise GateError(f"{folder}: found {links[0]}, a link to another folder, expected the folder itself")


def _chosen(folder: Path, record: TrainingRecord) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Names of files that are sent, and of those that stay, with the reason."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    private = INDEX_FILE in names and not _is_public(folder, record)
    reasons = {INDEX_FILE: "codes of training images"} if private else {}
    reasons |= {name: "no part of a model" for name in names if not is_allowed(name)}
    left_out = tuple((name, reasons[name]) for name in names if name in reasons and name != CHECKSUMS)
    return [name for name in names if name not in reasons], left_out


def _is_public(folder: Path, record: TrainingRecord) -> bool:
    """Whether an index holds codes of a phantom, as the training record says, and of no other cohort."""
    return record.preset is not None and load_index(folder / INDEX_FILE).reference_digest == record.cohort_digest


def is_allowed(name: str) -> bool:
    """Whether a file may be part of a model."""
    part, _, file = name.rpartition("/")
    if not part:
        return name in OWN
    return part in PARTS and (file in _SETTINGS | _TOKENIZER or bool(_WEIGHTS.fullmatch(file)))


@contextmanager
def _laid_out(folder: Path, names: list[str]) -> Iterator[Path]:
    with TemporaryDirectory() as home:
        for name in names:
            link = Path(home, folder.name, name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((folder / name).resolve())
        yield Path(home, folder.name)


def check_texts(folder: Path, names: list[str], record: TrainingRecord) -> None:
    """No paths, no fields of people, no lists of names in any text or header.

    The words of CLIP's published tokenizer are not judged.
    """
    clip = record.config.get("text_encoder") == TextEncoder.CLIP
    for name in names:
        path = (folder / name).resolve()
        if clip and Path(name).name in _WORDS:
            continue
        if name.endswith(".safetensors"):
            found = list(_header_traces(path, name))
        else:
            found = look_at(path, name) + _odd_settings(path, name)
        if found:
            first = found[0]
            raise GateError(
                f"{folder.name}: found {first.kind} {first.keyword} in {name} ({first.shown}), expected none"
            )


def _header_traces(path: Path, name: str) -> Iterator[Finding]:
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        for key, value in (file.metadata() or {}).items():
            inner = _parsed(value)
            yield from find_json({key: inner}, name)
            refuse_lists({key: inner}, name)


def _odd_settings(path: Path, name: str) -> list[Finding]:
    if name.endswith(".json") and Path(name).name not in _WORDS:
        refuse_lists(json.loads(path.read_bytes()), name)
    return []


def refuse_lists(value: Any, name: str, key: str = "") -> None:
    """Refuse settings that name people or files, or hold a list of many strings.

    Raises:
        GateError: it holds one; its content is not shown.
    """
    if isinstance(value, dict):
        for inner_key, inner in value.items():
            refuse_lists(inner, name, inner_key)
    elif isinstance(value, list):
        if sum(isinstance(one, str) for one in value) > MOST_WORDS:
            raise GateError(f"{name}: found a list of {len(value)} names under {key!r}, expected settings only")
        for inner in value:
            refuse_lists(inner, name, key)
    elif key == "_name_or_path":
        if value and not _HUB_NAME.fullmatch(str(value)):
            raise GateError(f"{name}: found a place on a disk under {key!r}, expected a name on the Hub or nothing")
    elif isinstance(value, str) and value and _NAMING.search(key):
        raise GateError(f"{name}: found text under {key!r}, expected settings that name nobody and no file")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _check_weights(folder: Path) -> None:
    """Whether the pipeline loads, and its files hold the tensors of its networks and no others."""
    from safetensors import safe_open

    from synthuterus_bench.generators.pipeline import load_pipeline

    pipeline = load_pipeline(folder)
    for part in NETWORKS:
        net = getattr(pipeline, part)
        wanted = set() if net is None else set(net.state_dict())
        found: set[str] = set()
        for path in (folder / part).glob("*.safetensors"):
            with safe_open(path, "np") as file:
                found |= set(file.keys())
        if odd := sorted(found ^ wanted):
            raise GateError(f"{folder.name}: {part} has {odd[0]} in its file or in its network, expected it in both")


def _check_card(folder: Path, sent: Path) -> str:
    """Whether the card is one, and tells the membership test of these very weights."""
    found = load_membership(folder)
    how = f"measure it with: synthbench membership {folder} --reference COHORT"
    if found.weights_sha256 != weights_digest(sent):
        raise GateError(f"{folder}: {MEMBERSHIP} is of other weights", how)
    if found.cohort_digest != load_record(sent).cohort_digest:
        raise GateError(f"{folder}: {MEMBERSHIP} is of another cohort than {RECORD}", how)
    card = (sent / CARD).read_text(encoding="utf-8") if (sent / CARD).is_file() else ""
    head = re.match(r"---\n(.*?)\n---\n", card, re.S)
    if head is None or "license:" not in head[1]:
        raise GateError(f"{folder}: found no {CARD} with a licence in its YAML, expected a model card")
    if section(found).strip() not in card:
        raise GateError(f"{folder}: {CARD} does not say what {MEMBERSHIP} does", how)
    return found.sentence
