"""One repository on the Hub, as push and pull see it.

The client retries some calls by itself, but neither a commit nor a look-up: here every call is, a few times.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from synthuterus_bench.errors import HubError, UsageError
from synthuterus_bench.release.failures import (
    AlteredError,
    Patience,
    asked_seconds,
    cause_of,
    explained,
    is_of_hub,
    passes,
)
from synthuterus_bench.release.parcel import Item, Kind

T = TypeVar("T")
MAIN = "main"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Held:
    """A file as the Hub holds it; ``sha256`` of large files only, ``blob`` is git's."""

    size: int
    sha256: str | None
    blob: str

    def is_of(self, item: Item) -> bool:
        """Whether it is the same file."""
        return self.size == item.size and (self.sha256 == item.sha256 if self.sha256 else self.blob == item.blob)


@dataclass(frozen=True, slots=True)
class State:
    """Where a revision stands, and who may see it."""

    sha: str
    private: bool


def check_name(name: str) -> str:
    """``ORG/NAME``, or a refusal.

    Raises:
        UsageError: it is anything else.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise UsageError(f"{name}: found no repository's name, expected ORG/NAME")
    return name


def check_tag(tag: str | None, slashes: bool = False) -> None:
    """Whether a tag may be called so; with ``slashes`` whether it may be the name of a branch or a commit too.

    Raises:
        UsageError: it may not.
    """
    allowed = r"[A-Za-z0-9][\w./-]*" if slashes else r"[A-Za-z0-9][\w.-]*"
    if tag is not None and (not re.fullmatch(allowed, tag, re.ASCII) or ".." in tag or tag.endswith((".", "/"))):
        raise UsageError(f"{tag!r}: found no name of a revision, expected letters, digits, '.', '_' and '-'")


class Remote:
    """A repository on the Hub.

    ``HF_ENDPOINT``, ``HF_TOKEN`` and the token file hold as for every client of the Hub; ``known`` says whether
    there is a token.

    Raises:
        HubError: the Hub is not to be asked (``HF_HUB_OFFLINE``), or the token is none.
    """

    def __init__(self, name: str, kind: Kind, patience: Patience) -> None:
        from huggingface_hub import HfApi, constants, get_token

        from synthuterus_bench import __version__

        if constants.is_offline_mode():
            raise HubError(f"{name}: HF_HUB_OFFLINE is set, expected leave to ask the Hub", "unset HF_HUB_OFFLINE")
        self.known = bool(token := get_token())
        if token and not re.fullmatch("[!-~]+", token):
            raise HubError(f"{name}: found a token with signs that no token has", "log in anew with: hf auth login")
        self.name, self.kind, self.patience = check_name(name), kind, patience
        self.api = HfApi(library_name="synthuterus-bench", library_version=__version__)
        self.where: dict[str, Any] = {"repo_id": name, "repo_type": kind.value}

    @property
    def endpoint(self) -> str:
        """The Hub's address, without a password that may stand in it."""
        return re.sub(r"//[^/@]*@", "//", self.api.endpoint)

    @property
    def url(self) -> str:
        """Its page."""
        return f"{self.endpoint}/{'datasets/' if self.kind is Kind.RELEASE else ''}{self.name}"

    def ask(self, call: Callable[[], T]) -> T:
        """What ``call`` gives, tried again while its failure may pass; it must be harmless to repeat.

        Raises:
            HubError: it failed for good.
        """
        failures = 0
        while True:
            try:
                return call()
            except Exception as error:
                cause, failures = cause_of(error), failures + 1
                if isinstance(cause, HubError):
                    raise
                if not is_of_hub(cause) and not isinstance(cause, AlteredError):
                    raise
                if not passes(cause) or failures == self.patience.tries:
                    raise explained(cause, self.name, self.endpoint, failures) from None
            self.patience.wait(failures, asked_seconds(cause))

    def state(self, revision: str = MAIN) -> State | None:
        """Where a revision stands; None if there is no such repository (or none that may be seen)."""
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            info: Any = self.api.repo_info(**self.where, revision=revision)
        except RepositoryNotFoundError:
            return None
        return State(info.sha, bool(info.private))

    def files(self, revision: str) -> dict[str, Held]:
        """Every file of a revision by name."""
        rows: Any = self.api.list_repo_tree(**self.where, revision=revision, recursive=True)
        return {
            row.path: Held(row.size, row.lfs.sha256 if row.lfs else None, row.blob_id)
            for row in rows
            if hasattr(row, "blob_id")
        }

    def tags(self) -> dict[str, str]:
        """Commits by tag."""
        return {tag.name: tag.target_commit for tag in self.api.list_repo_refs(**self.where).tags}

    def fetch(self, file: str, sha: str, home: Path, check: Callable[[Path], None]) -> Path:
        """Download a file of a commit into ``home`` under its own name; what does not pass ``check`` is asked for anew.

        Args:
            check: raises :class:`AlteredError`.
        """
        altered = False

        def attempt() -> Path:
            nonlocal altered
            path = Path(
                self.api.hf_hub_download(
                    **self.where, filename=file, revision=sha, local_dir=home, force_download=altered
                )
            )
            try:
                check(path)
            except AlteredError:
                altered = True
                raise
            return path

        return self.ask(attempt)


@contextmanager
def hushed() -> Iterator[None]:
    """The client's own warnings and progress bars would stand between our lines."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars, logging

    before, bars = logging.get_verbosity(), not are_progress_bars_disabled()
    logging.set_verbosity(logging.CRITICAL)
    disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            enable_progress_bars()
