"""What a release says about its making: the generator's id, how it was sampled, and what its privacy filter did."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from synthuterus_bench.cohorts.layout import selftest_file
from synthuterus_bench.entry import Generator, Privacy, Sampling, Weights
from synthuterus_bench.errors import DataError, Fault, SubmissionError, UsageError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.privacy.plants import Strength
from synthuterus_bench.privacy.selftest_record import load_selftest
from synthuterus_bench.repro import digest_file
from synthuterus_bench.stats import significant
from synthuterus_bench.vocab import Config, View


@dataclass(frozen=True, slots=True)
class Provenance:
    """Blocks of an entry that a release's audit log fills; empty for anything else.

    ``measured`` says that no class was asked for, so that the classes of the images are what was measured on them.
    """

    weights: Weights | None = None
    sampling: Sampling = field(default_factory=Sampling)
    privacy: Privacy = field(default_factory=Privacy)
    measured: bool = False


def describe_generator(name: str, model: str | None, dims: int, weights: Weights | None = None) -> Generator:
    """The generator block of an entry; ``model`` is what its images carry: ``<id>@<weights>``, or nothing."""
    try:
        known = parse_id((model or "").partition("@")[0])
    except UsageError:
        return Generator(name=name, dims=3 if dims == 3 else 2, weights=weights)
    return Generator(
        name=name,
        family=str(known.family),
        dims=3 if "3d" in known.family else 2,
        conditioning=str(known.conditioning),
        roi=known.view is View.ROI,
        weights=weights,
    )


def read_provenance(path: Path) -> Provenance:
    """Read the first and last line of the audit log at ``path``, and the self-test beside it; what they do not say is
    left open.

    Raises:
        SubmissionError: a field has a value that no entry can hold, or the self-test is malformed.
    """
    if not path.is_file():
        return Provenance()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    header, footer = _record(lines[0]), _record(lines[-1])
    said = _only(header, "encoder_sha256", "threshold") | _only(footer, "generated", "rejected", "max_kept_similarity")
    try:
        return Provenance(
            weights=Weights(sha256=header["weights_sha256"]) if header.get("weights_sha256") else None,
            sampling=_sampling(header),
            privacy=Privacy(**said, audit_sha256=digest_file(path), self_test=_self_test(path, header)),
            measured=header.get("classes") == "measured",
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise SubmissionError(f"{path}: {first['loc'][0] if first['loc'] else 'log'}: {first['msg']}") from None


def _self_test(log: Path, header: dict[str, Any]) -> dict[str, float] | None:
    """Of the self-test of the same filter: the least share of any change that was found, and false positives."""
    file = selftest_file(log.parent.parent, Config(log.stem)) if log.stem in set(Config) else None
    if file is None or not file.is_file():
        return None
    try:
        found = load_selftest(file)
    except DataError as error:
        raise SubmissionError(error.message, error.hint, Fault.UNREADABLE) from None
    if found.encoder_sha256 != header.get("encoder_sha256"):
        return None
    shares = {
        f"least_found_{strength.name.lower()}": [cell.sensitivity for cell in found.cells if cell.strength == strength]
        for strength in Strength
    }
    least = {name: significant(min(values)) for name, values in shares.items() if values}
    return least | {"false_positives": significant(found.false_positives / found.negatives)}


def _sampling(header: dict[str, Any]) -> Sampling:
    sampler = header.get("sampler")
    names = (name for name in Sampling.model_fields if name != "seeds")
    settings = _only(sampler, *names) if isinstance(sampler, dict) else {}
    return Sampling(**settings, seeds=[header["seed"]] if "seed" in header else [])


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _only(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: record.get(name) for name in names}
