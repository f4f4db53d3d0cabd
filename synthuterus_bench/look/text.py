"""Text from strangers: made harmless for a page or a terminal, and numbers made readable."""

import re
from urllib.parse import urlsplit

LONGEST = 600
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, escape sequences of terminals among them
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # direction overrides, invisibles
    "\ud800-\udfff\U000e0000-\U000e007f]"  # lone surrogates, tags
)
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?")


def unsafe(text: str) -> bool:
    """True when the text holds characters that hide or reorder what is read."""
    return _UNSAFE.search(text) is not None


def inert(text: str) -> str:
    """The text with such characters replaced by U+FFFD, and cut at 600 characters."""
    clean = _UNSAFE.sub("\ufffd", text)
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"


def one_line(text: str) -> str:
    """:func:`inert` text without line breaks, for a terminal."""
    return inert(" ".join(text.split()))


def https(text: object) -> bool:
    """True for a plain ``https`` address: ASCII, a host, no user name; nothing else ever becomes a link."""
    if not isinstance(text, str) or not _ADDRESS.fullmatch(text) or len(text) > LONGEST:
        return False
    return bool(urlsplit(text).hostname)


def number(value: float | None, decimals: int) -> str:
    """A number with a true minus sign; scientific beyond a million."""
    if value is None:
        return ""
    if value and abs(value) >= 1e6:
        return f"{value:.2e}".replace("-", "\u2212")
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if not float(text) else text.replace("-", "\u2212")


def percent(value: float | None) -> str:
    """A share as a percentage with one decimal."""
    return "" if value is None else f"{number(100 * value, 1)} %"


def short(digest: str | None) -> str:
    """The first 12 characters of a digest."""
    return (digest or "")[:12]
