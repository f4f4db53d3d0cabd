"""Push: a release or a model to a repository on the Hub, whole, verified, and public only at the very end.

Look what is there, send some of what is missing, look again: a lost answer, a crash or a second run end in the same
files, and no commit is made twice, for each names the commit it stands on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from synthuterus_bench.errors import HubError, UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.failures import Patience
from synthuterus_bench.release.gate import CHECKSUMS
from synthuterus_bench.release.parcel import INDEX, Item, Parcel, read_checksums, release_parcel
from synthuterus_bench.release.remote import MAIN, Held, Remote, State, hushed

COMMIT_FILES = 50
"""Files a commit: the Hub advises fewer than 100. A release of up to 4,000 images is one commit, there or not."""

TRAINED = "pipeline"
CARD = "README.md"
HUBS_OWN = ".gitattributes"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to: the commit that holds the files, and how many of them it had to send."""

    url: str
    commit: str
    tag: str | None
    private: bool
    files: int
    sent: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What is still to do: files to send, in order, and files that are there and should not be."""

    head: str
    missing: list[Item]
    surplus: list[str]


def parcel_of(folder: Path) -> Parcel:
    """What is sent of a release or of a model's pipeline folder, after its gate.

    Raises:
        GateError: it does not pass.
        UsageError: there is no such folder, or it is that of a training.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder, expected a release or a model")
    if (folder / TRAINED / INDEX).is_file():
        raise UsageError(f"{folder}: found the folder of a training", f"push the model in it: {folder / TRAINED}")
    if not (folder / INDEX).is_file():
        return release_parcel(folder)
    from synthuterus_bench.release.model import model_parcel  # brings torch, which a release has no need of

    return model_parcel(folder)


def push(
    parcel: Parcel,
    name: str,
    *,
    public: bool = False,
    tag: str | None = None,
    patience: Patience | None = None,
    track: Track = silent,
    commit_files: int = COMMIT_FILES,
) -> Pushed:
    """Bring the repository ``name`` to hold a parcel and nothing else; what is there already is not sent again.

    Args:
        public: whether all may see it; it is made so last, when everything has been verified.
        tag: name for the commit; one that stands on other files is left alone, and refused before anything is sent.

    Raises:
        UsageError: ``name`` is not ``ORG/NAME``.
        HubError: the Hub refuses or fails, the repository holds files of somebody else, or is public unasked.
    """
    with hushed():
        remote = Remote(name, parcel.kind, patience or Patience())
        if not remote.known:
            raise HubError(f"{name}: found no token to push with", "log in with: hf auth login, or set HF_TOKEN")
        return _Push(remote, parcel, commit_files).run(public, tag, track)


class _Push:
    """One push: the repository, the files, and those that the Hub has confirmed to this run."""

    def __init__(self, remote: Remote, parcel: Parcel, commit_files: int) -> None:
        self.remote, self.parcel, self.commit_files = remote, parcel, commit_files
        self.sent: dict[str, Item] = {}

    def run(self, public: bool, tag: str | None, track: Track) -> Pushed:
        before = self.remote.ask(self._made)
        if not before.private and not public:
            raise HubError(f"{self.remote.name}: found a public repository, expected a private one", "give --public")
        self._check_tag(tag)
        first = self.remote.ask(self._difference)
        total = -(-len(first.missing) // self.commit_files)
        for _ in track(self._steps(), "sending", total):
            pass
        head = self.remote.ask(self._verified)
        if tag:
            self.remote.ask(lambda: self._tagged(tag, head))
            self._check_tag(tag)
        if public and before.private:
            self.remote.ask(lambda: self.remote.api.update_repo_settings(**self.remote.where, private=False))
        size = sum(item.size for item in first.missing)
        return Pushed(self.remote.url, head, tag, not public, len(self.parcel.items), len(first.missing), size)

    def _made(self) -> State:
        """The repository, made private where there is none."""
        state = self.remote.state()
        if state is None:
            self.remote.api.create_repo(**self.remote.where, private=True, exist_ok=True)
            state = self.remote.state()
        if state is None:
            raise HubError(f"{self.remote.name}: was made and is not to be seen", "see whether the token may read it")
        return state

    def _check_tag(self, tag: str | None) -> None:
        there = self.remote.ask(self.remote.tags).get(tag) if tag else None
        if there is None:
            return
        held = self.remote.ask(lambda: self.remote.files(there))
        if self._missing(held) or self._extra(held):
            raise HubError(f"{self.remote.name}: found tag {tag} on other files", "tags stay: take another --revision")

    def _steps(self) -> Iterator[None]:
        while self.remote.ask(self._step):
            yield

    def _step(self) -> bool:
        """One commit of what is missing; whether there was anything to do."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        todo = self._difference()
        if not todo.missing and not todo.surplus:
            return False
        for item in todo.missing:
            if item.name in self.sent:
                raise HubError(f"{self.remote.name}: {item.name} is not there as it was sent; did the file change?")
        batch = todo.missing[: self.commit_files]
        changes: list[Any] = [CommitOperationAdd(item.name, item.source) for item in batch]
        changes += [CommitOperationDelete(name) for name in todo.surplus]
        message = f"{self.parcel.kind.noun.capitalize()}: {len(batch)} files"
        self.remote.api.create_commit(
            **self.remote.where, operations=changes, commit_message=message, parent_commit=todo.head, revision=MAIN
        )
        self.sent |= {item.name: item for item in batch}
        return True

    def _difference(self) -> Difference:
        state = self.remote.state()
        if state is None:
            raise HubError(f"{self.remote.name}: is gone from {self.remote.endpoint}")
        held = self.remote.files(state.sha)
        surplus = self._extra(held)
        if surplus:
            self._check_ours(surplus, held, state.sha)
        return Difference(state.sha, self._missing(held), surplus)

    def _missing(self, held: dict[str, Held]) -> list[Item]:
        """Checksums first, so that what stands there can be judged; the card, by which it is found, last."""
        order = {CHECKSUMS: 0, CARD: 2}
        missing = [one for one in self.parcel.items if one.name not in held or not held[one.name].is_of(one)]
        return sorted(missing, key=lambda item: (order.get(item.name, 1), item.name))

    def _extra(self, held: dict[str, Held]) -> list[str]:
        return sorted(held.keys() - {item.name for item in self.parcel.items} - {HUBS_OWN})

    def _check_ours(self, surplus: list[str], held: dict[str, Held], sha: str) -> None:
        """Only what an earlier push put there, as its checksums say, may be removed."""
        ours: set[str] = set()
        if CHECKSUMS in held:
            with TemporaryDirectory() as home:
                path = self.remote.api.hf_hub_download(
                    **self.remote.where, filename=CHECKSUMS, revision=sha, local_dir=home
                )
                text = Path(path).read_text(encoding="utf-8", errors="replace")
                ours = {*read_checksums(text, f"{self.remote.name}/{CHECKSUMS}")}
        if foreign := [name for name in surplus if name not in ours]:
            raise HubError(
                f"{self.remote.name}: found {foreign[0]}, expected an empty repository or one of an earlier push",
                "take another name, or remove the file there",
            )

    def _verified(self) -> str:
        """The commit whose files, by the Hub's own digests, are those of the parcel."""
        todo = self._difference()
        if todo.missing or todo.surplus:
            odd = todo.missing[0].name if todo.missing else todo.surplus[0]
            raise HubError(f"{self.remote.name}: {odd} differs after it was sent; does somebody else write there?")
        return todo.head

    def _tagged(self, tag: str, head: str) -> None:
        there = self.remote.tags().get(tag)
        if there is None:
            self.remote.api.create_tag(**self.remote.where, tag=tag, revision=head)
