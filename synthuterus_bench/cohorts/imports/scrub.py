"""What may pass from a header into a cohort: a short list of facts; everything else stays behind.

Nothing is blanked out of a copied header: images are written anew, and only :class:`Facts` and salted hashes go along.
"""

import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.errors import DataError, Refusal, ScanError, UsageError
from synthuterus_bench.vocab import FIELD_STRENGTHS, Sequence, Vendor

SNAP_TESLA = 0.15
"""Wide enough for magnets sold as 3 T that run, and sign, at 2.89 T."""

MIN_ECHO_MS = 40.0
_SEQUENCE_KEYS = ("SequenceName", "PulseSequenceName", "PulseSequenceDetails", "SeriesDescription", "ProtocolName")
_HASTE = re.compile(r"haste|ssfse|ssh|single[ _-]?shot|(?:^|[^a-z])h2d")
_TSE = re.compile(r"tse|fse|turbo|fast[ _-]?spin|rare")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is kept of a header; ``None`` is unknown."""

    field_strength: float | None = None
    vendor: Vendor | None = None
    sequence: Sequence | None = None
    contrast: bool | None = None


def read_facts(header: Mapping[str, Any]) -> Facts:
    """The facts of a header given by DICOM keywords, which BIDS sidecars share."""
    agent = str(header.get("ContrastBolusAgent") or header.get("ContrastBolusIngredient") or "").strip()
    return Facts(
        field_strength=snap_field(header.get("MagneticFieldStrength")),
        vendor=_vendor(str(header.get("Manufacturer") or "")),
        sequence=_sequence(" ".join(str(header.get(key) or "") for key in _SEQUENCE_KEYS)),
        contrast=True if agent else None,
    )


def snap_field(value: Any) -> float | None:
    """Tesla, at a known field strength if one is within 0.15 T; ``None`` if it is no positive number."""
    try:
        tesla = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    near = [known for known in FIELD_STRENGTHS if abs(known - tesla) <= SNAP_TESLA]
    return near[0] if near else tesla if 0 < tesla < 20 else None


def check_t2(echo_ms: Any, name: str) -> None:
    """Refuse an echo time that cannot be T2-weighted; an unknown one passes.

    Raises:
        ScanError: TE below 40 ms.
    """
    try:
        echo = float(echo_ms)
    except (TypeError, ValueError, OverflowError):
        return
    if echo < MIN_ECHO_MS:
        expected = f"T2-weighting (at least {MIN_ECHO_MS:g})"
        raise ScanError(f"{name}: found an echo time of {echo:g} ms, expected {expected}", Refusal.NOT_T2)


def _vendor(text: str) -> Vendor | None:
    words = text.lower().split()
    if not words:
        return None
    if words[0] == "ge" or "general electric" in text.lower():
        return Vendor.GE
    return next((vendor for vendor in (Vendor.SIEMENS, Vendor.PHILIPS) if vendor in words[0]), Vendor.OTHER)


def _sequence(text: str) -> Sequence | None:
    if _HASTE.search(text.lower()):
        return Sequence.HASTE
    return Sequence.TSE if _TSE.search(text.lower()) else None


def plain_name(name: str) -> str:
    """A data set's name, if it is one plain word.

    Raises:
        UsageError: it is not 1 to 64 letters, digits, dots, dashes and underscores.
    """
    if not _PLAIN.fullmatch(name):
        raise UsageError(f"--source {name!r}: expected letters, digits, dots, dashes and underscores, at most 64")
    return name


def pseudonym(salt: bytes, purpose: str, key: str) -> str:
    """Twelve hex digits that stand for ``key``; without the salt nobody can tell which."""
    return hmac.digest(salt, f"{purpose}\0{key}".encode(), "sha256").hex()[:12]


def salt_path(cohort: Path) -> Path:
    """The private file beside a cohort folder; it must never be published."""
    return cohort.absolute().with_name(cohort.absolute().name + ".salt")


def load_salt(path: Path) -> bytes:
    """The salt in a private file, or a new random one if there is no such file yet.

    Raises:
        DataError: the file holds no salt.
    """
    if not path.exists():
        return secrets.token_bytes(32)
    try:
        salt = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        salt = b""
    if len(salt) != 32:
        raise DataError(f"{path}: found no salt in it, expected 64 hex digits", "remove it to get a new one")
    return salt


def keep_salt(path: Path, salt: bytes) -> None:
    """Write the salt, readable by its owner alone; an existing file stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(salt.hex() + "\n")
