"""Reference bundles: what a private reference lets others compute with, one safetensors file with a JSON header.

It holds means and covariances of features by scope, floors, counts and digests: no image, no feature of an image, no
name. What it still gives away of single patients is measured when it is made, and stands in it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.entry import Floor
from synthuterus_bench.errors import SuiteError, UsageError
from synthuterus_bench.metrics.bank import Params
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.scopes import POOLED
from synthuterus_bench.metrics.summary import Moments
from synthuterus_bench.repro import atomic_path, canonical_json
from synthuterus_bench.vocab import CLASSES

SUFFIX = ".safetensors"
HEADER = "reference bundle"
LARGEST = 512 * 2**20
Hex = Field(pattern=r"^[0-9a-f]{64}$")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Count(_Frozen):
    """Held-out patients and images of a scope that statistics are of."""

    patients: int = Field(ge=2)
    images: int = Field(ge=2)


class Told(_Frozen):
    """What statistics of one layer in one scope give away: AUC of guessing who is in them; 0.5 is chance."""

    layer: Need
    scope: str
    membership_auc: float = Field(ge=0.5, le=1)


class KnownFloor(_Frozen):
    """The floor of a metric in a scope, at so many real and synthetic images."""

    metric: str
    scope: str
    n_real: int
    n_fake: int
    floor: Floor


class Header(_Frozen):
    """Everything of a bundle but its arrays.

    Attributes:
        layers: identity of the extractor of each layer.
        withheld: why statistics of a layer, or of one scope of it (``layer scope``), are not in it.
    """

    schema_: Literal["synthuterus-reference/1"] = Field(default="synthuterus-reference/1", alias="schema")
    suite: str
    version: int
    protocol_digest: str = Hex
    reference: str = Field(max_length=100)
    reference_digest: str = Hex
    counts: dict[str, Count]
    layers: dict[Need, Params]
    withheld: dict[str, str]
    told: tuple[Told, ...]
    floors: tuple[KnownFloor, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A header, and moments by layer and scope."""

    header: Header
    moments: dict[tuple[Need, str], Moments]

    def why_not(self, need: Need, scope: str) -> str:
        """Why there are no statistics of a layer in a scope."""
        withheld = self.header.withheld
        return withheld.get(f"{need} {scope}") or withheld.get(need) or f"the reference bundle holds nothing of {need}"


def is_bundle(reference: str) -> bool:
    """Whether a reference is the file of a bundle."""
    return reference.endswith(SUFFIX) or Path(reference).is_file()


def save_bundle(bundle: Bundle, path: Path) -> None:
    """Write a bundle, atomically; the same bundle gives the same bytes."""
    from safetensors.numpy import save_file

    arrays: dict[str, NDArray[np.float64]] = {}
    for (need, scope), moments in bundle.moments.items():
        arrays[f"{need}/{scope}/mean"] = moments.mean
        arrays[f"{need}/{scope}/covariance"] = np.ascontiguousarray(moments.covariance)
    text = canonical_json(bundle.header.model_dump(mode="json", by_alias=True))
    with atomic_path(path) as temporary:
        save_file(arrays, temporary, {HEADER: text})


def load_bundle(path: Path, suite: Suite) -> Bundle:
    """Read and check a bundle; the file is untrusted.

    Raises:
        SuiteError: no bundle, damaged, or statistics that contradict themselves.
        UsageError: of another suite.
    """
    header, arrays = _read(path)
    if header.suite != suite.id or header.protocol_digest != suite.digest:
        found = f"suite {header.suite} v{header.version} ({header.protocol_digest[:12]})"
        raise UsageError(f"{path}: found {found}, expected {suite.id} v{suite.version} ({suite.digest[:12]})")
    moments = {}
    for name in sorted(arrays):
        need, scope, kind = _place(name, header, path)
        if kind == "mean":
            moments[need, scope] = _moments(arrays, name, header.counts[scope].images, path)
    return Bundle(header, moments)


def _read(path: Path) -> tuple[Header, dict[str, NDArray[np.float64]]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise SuiteError(f"{path}: no such reference bundle")
    if path.stat().st_size > LARGEST:
        raise SuiteError(f"{path}: found {path.stat().st_size} bytes, expected at most {LARGEST}")
    try:
        with safe_open(path, "np") as file:
            told = (file.metadata() or {}).get(HEADER)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise SuiteError(f"{path}: not a readable bundle ({' '.join(str(error).split())[:100]})") from None
    if told is None:
        raise SuiteError(f"{path}: found safetensors without a header, expected what `suite reference` wrote")
    try:
        return Header.model_validate_json(told), arrays
    except ValidationError as error:
        first = error.errors()[0]
        raise SuiteError(f"{path}: {'.'.join(map(str, first['loc'])) or 'header'}: {first['msg']}") from None


def _place(name: str, header: Header, path: Path) -> tuple[Need, str, str]:
    need, _, rest = name.partition("/")
    scope, _, kind = rest.partition("/")
    known = need in header.layers and scope in (POOLED, *CLASSES) and scope in header.counts
    if not known or kind not in ("mean", "covariance"):
        raise SuiteError(f"{path}: found an array {name[:60]!r} that its header does not tell of")
    return Need(need), scope, kind


def _moments(arrays: dict[str, NDArray[np.float64]], name: str, images: int, path: Path) -> Moments:
    mean, covariance = arrays[name], arrays.get(name.removesuffix("mean") + "covariance")
    if covariance is None or mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise SuiteError(f"{path}: {name}: found {mean.shape} without a covariance to match")
    if mean.dtype != np.float64 or not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise SuiteError(f"{path}: {name}: expected finite numbers in double precision")
    spread = np.abs(covariance).max()
    if not np.allclose(covariance, covariance.T, rtol=0, atol=1e-9 * spread) or np.diagonal(covariance).min() < 0:
        raise SuiteError(f"{path}: {name}: found a covariance that can be none")
    return Moments(images, mean, covariance)
