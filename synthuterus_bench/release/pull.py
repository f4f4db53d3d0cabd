"""Pull: a release or a model from the Hub into a new folder, every file checked against ``SHA256SUMS``.

Files gather in the hidden folder ``.<out>.work/<commit>`` beside ``out`` until all of them are there and right.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from synthuterus_bench.errors import DataError, GateError, HubError, UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.failures import AlteredError, Patience
from synthuterus_bench.release.gate import CHECKSUMS, check_release
from synthuterus_bench.release.parcel import Item, Kind, item_of, read_checksums
from synthuterus_bench.release.remote import MAIN, Held, Remote, check_name, check_tag, hushed
from synthuterus_bench.repro import canonical_json, digest_file, staged_folder, write_atomic


class Origin(BaseModel):
    """``<out>.origin.json``: where a folder came from, to the commit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: str
    repository: str
    kind: str
    revision: str
    commit: str
    checksums_sha256: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull came to."""

    origin: Origin
    files: int
    fetched: int


def kind_of(word: str | None) -> Kind | None:
    """``release`` or ``model``.

    Raises:
        UsageError: it is another word.
    """
    if word is None:
        return None
    if word not in (known := {one.noun: one for one in Kind}):
        raise UsageError(f"--kind {word}: expected {' or '.join(known)}")
    return known[word]


def pull(
    name: str,
    out: Path,
    revision: str | None = None,
    kind: Kind | None = None,
    *,
    patience: Patience | None = None,
    track: Track = silent,
) -> Pulled:
    """Fetch a repository into ``out``; the same again finds it done, another one there is refused.

    Args:
        revision: tag, branch or commit; the newest of ``main`` by default.
        kind: where a release and a model have the same name.

    Raises:
        UsageError: the name or the revision is none.
        HubError: there is no such thing, it is incomplete, or the Hub refuses or fails.
        GateError: what was fetched does not pass the gate of its kind.
        DataError: ``out`` holds something else.
    """
    check_name(name)
    check_tag(revision, slashes=True)
    with hushed():
        remote, sha = _found(name, revision or MAIN, kind, patience or Patience())
        return _Pull(remote, revision or MAIN, sha, out).run(track)


def _found(name: str, revision: str, kind: Kind | None, patience: Patience) -> tuple[Remote, str]:
    """The one repository of that name that may be seen, and the commit of a revision."""
    found = []
    for one in [kind] if kind else [*Kind]:
        remote = Remote(name, one, patience)
        if remote.ask(remote.state) is not None:
            found.append(remote)
    if not found:
        what = kind.noun if kind else "release or model"
        raise HubError(
            f"{name}: no such {what} at {remote.endpoint}, or a private one",
            "for a private one log in with: hf auth login, or set HF_TOKEN",
        )
    if len(found) > 1:
        raise UsageError(f"{name}: found a release and a model of that name, expected --kind release or model")
    state = found[0].ask(lambda: found[0].state(revision))
    if state is None:
        raise HubError(f"{name}: is gone from {remote.endpoint}")
    return found[0], state.sha


class _Pull:
    """One pull of one commit."""

    def __init__(self, remote: Remote, revision: str, sha: str, out: Path) -> None:
        self.remote, self.revision, self.sha, self.out = remote, revision, sha, out.absolute()
        self.work = self.out.parent / f".{self.out.name}.work"
        self.home = self.work / sha
        self.fetched = 0

    def run(self, track: Track) -> Pulled:
        held = self.remote.ask(lambda: self.remote.files(self.sha))
        if CHECKSUMS not in held:
            raise HubError(f"{self.remote.name}: no {CHECKSUMS}, expected what synthbench push makes")
        if self.out.exists() and (not self.out.is_dir() or any(self.out.iterdir())):
            return self._compared(held)
        sums = self._file(CHECKSUMS, _held_as(held[CHECKSUMS]))
        said = read_checksums(sums.read_text(errors="replace"), f"{self.remote.name}/{CHECKSUMS}")
        if lacking := sorted(said.keys() - held.keys()):
            raise HubError(
                f"{self.remote.name}: {len(lacking)} of {len(said)} files are not there yet ({lacking[0]}); its push "
                "was interrupted",
                "push it again, or pull a tag",
            )
        for name in track(said, "fetching", len(said)):
            self._file(name, _digest_is(said[name]))
        return self._kept([CHECKSUMS, *said], sums)

    def _file(self, name: str, check: Callable[[Path], None]) -> Path:
        """A file in the work folder, from an earlier run or the Hub."""
        path = self.home / name
        try:
            if path.is_file() and not path.is_symlink():
                check(path)
                return path
        except AlteredError:
            path.unlink()
        self.fetched += 1
        return self.remote.fetch(name, self.sha, self.home, check)

    def _kept(self, names: list[str], sums: Path) -> Pulled:
        origin = self._origin(digest_file(sums))
        with staged_folder(self.out) as staged:
            for name in names:
                (staged / name).parent.mkdir(parents=True, exist_ok=True)
                _link(self.home / name, staged / name)
            self._judge(staged)
        self._record(origin)
        shutil.rmtree(self.work, ignore_errors=True)
        return Pulled(origin, len(names), self.fetched)

    def _judge(self, folder: Path) -> None:
        if self.remote.kind is Kind.RELEASE:
            check_release(folder)
            return
        from synthuterus_bench.release.model import check_model  # brings torch, which a release has no need of

        if odd := check_model(folder).left_out:
            raise GateError(f"{self.remote.name}: found {odd[0][0]}, expected nothing but a model's files")

    def _compared(self, held: dict[str, Held]) -> Pulled:
        """What is in ``out`` already, if it is this very commit."""
        sums = self.out / CHECKSUMS
        other = DataError(f"{self.out}: found something else than {self.remote.name} at {self.sha[:12]}", "remove it")
        if not sums.is_file() or not held[CHECKSUMS].is_of(item_of(CHECKSUMS, sums)):
            raise other
        said = read_checksums(sums.read_text(errors="replace"), str(sums))
        there = {path.relative_to(self.out).as_posix(): path for path in self.out.rglob("*") if path.is_file()}
        if there.keys() != {CHECKSUMS, *said} or any(digest_file(there[name]) != said[name] for name in said):
            raise other
        origin = self._origin(digest_file(sums))
        self._record(origin)
        shutil.rmtree(self.work, ignore_errors=True)
        return Pulled(origin, len(there), 0)

    def _origin(self, checksums: str) -> Origin:
        return Origin(
            endpoint=self.remote.endpoint,
            repository=self.remote.name,
            kind=self.remote.kind.noun,
            revision=self.revision,
            commit=self.sha,
            checksums_sha256=checksums,
        )

    def _record(self, origin: Origin) -> None:
        write_atomic(
            self.out.with_name(f"{self.out.name}.origin.json"), canonical_json(origin.model_dump(mode="json")) + "\n"
        )


def _held_as(held: Held) -> Callable[[Path], None]:
    """A check against what the Hub says of a file."""

    def check(path: Path) -> None:
        item: Item = item_of(path.name, path)
        if not held.is_of(item):
            raise AlteredError(f"{path.name} does not have the digest that the Hub says")

    return check


def _digest_is(expected: str) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        if (found := digest_file(path)) != expected:
            raise AlteredError(f"{path.name}: found SHA-256 {found[:16]}..., expected {expected[:16]}...")

    return check


def _link(source: Path, target: Path) -> None:
    """The same file in another folder: a second name for it, or a copy where the disk has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
