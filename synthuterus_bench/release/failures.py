"""What goes wrong between us and the Hub: whose failure it is, whether it may pass, and one line that says it.

The client raises from two families, its own (``HfHubHTTPError``) and its transport's (``httpx2``).
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from synthuterus_bench.errors import HubError

PASSING = frozenset({408, 409, 412, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed; after 409 and 412 once it has been looked again."""

_HINTS = {
    401: "log in with: hf auth login, or set HF_TOKEN",
    403: "take a token that may write to it: hf auth login, or set HF_TOKEN",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, and how long to wait before the next try: doubling, or as the Hub asks."""

    tries: int = 6
    first: float = 1.0
    longest: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def wait(self, failures: int, asked: float | None) -> None:
        """Wait after so many failures, one or more."""
        self.sleep(min(asked or self.first * 2 ** (failures - 1), self.longest))


class AlteredError(Exception):
    """A file that came is not the one that was asked for."""


def cause_of(error: BaseException) -> BaseException:
    """What is behind the client's "not found locally", "force download failed" and "error while uploading"."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    while isinstance(error, LocalEntryNotFoundError | ValueError | RuntimeError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def is_of_hub(error: BaseException) -> bool:
    """Of the client, its transport (Xet raises bare ``RuntimeError``), or the network; a full disk is not."""
    import httpx2

    damaged = isinstance(error, OSError) and "Consistency check failed" in str(error)
    kinds = (httpx2.HTTPError, httpx2.InvalidURL, RuntimeError, ConnectionError, TimeoutError)
    return isinstance(error, kinds) or damaged


def status_of(error: BaseException) -> int | None:
    """The status of the Hub's answer; None where there was none."""
    response = getattr(error, "response", None)
    return None if response is None else int(response.status_code)


def passes(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    import httpx2

    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.InvalidURL):
        return False
    status = status_of(error)
    return status is None or status in PASSING


def asked_seconds(error: BaseException) -> float | None:
    """Seconds that the Hub asks to wait."""
    said = getattr(getattr(error, "response", None), "headers", {}).get("Retry-After", "")
    return float(said) if said.isdigit() else None


def explained(error: BaseException, name: str, endpoint: str, failures: int) -> HubError:
    """The one line on a failure of the repository ``name``."""
    from huggingface_hub.errors import RevisionNotFoundError

    after, status = f" after {failures} tries" if failures > 1 else "", status_of(error)
    hint = _HINTS.get(status or 0, "run the same command again: what has arrived is kept")
    if isinstance(error, AlteredError):
        return HubError(f"{name}: {error}{after}", "the file is damaged at the Hub, or on every way from it")
    if isinstance(error, RevisionNotFoundError):
        return HubError(f"{name}: no such revision at {endpoint}", "see its tags and branches there")
    if status == 401:
        return HubError(f"{name}: {endpoint} does not know the token (401)", hint)
    if status is None:
        return HubError(f"{name}: no answer from {endpoint}{after} ({type(error).__name__})", hint)
    said = redacted(getattr(error, "server_message", None) or "no reason given")
    return HubError(f"{name}: {endpoint} answers {status}{after} ({said})", hint)


def redacted(text: str) -> str:
    """One line without anything that could be a token."""
    from huggingface_hub import get_token

    line = " ".join(text.split())[:200].replace(get_token() or "\n", "***")
    return re.sub(r"hf_\w{8,}|(?<=Bearer )\S+", "***", line)
