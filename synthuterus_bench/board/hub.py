"""An entry as a pull request on the Hub dataset that holds a board's entries.

Look whether it is there or proposed, propose it, and after any failure look again: an answer that was lost does not
open a second pull request.
"""

from dataclasses import dataclass
from typing import Any

from synthuterus_bench.board.proposal import Proposal
from synthuterus_bench.errors import HubError
from synthuterus_bench.release.failures import Patience
from synthuterus_bench.release.parcel import Kind
from synthuterus_bench.release.remote import Held, Remote, State, hushed


@dataclass(frozen=True, slots=True)
class Sent:
    """Where an entry is: on the board, or in a pull request; ``new`` says that this run opened it."""

    url: str
    on_board: bool
    new: bool


def send_to_hub(proposal: Proposal, name: str, patience: Patience | None = None) -> Sent:
    """Open a pull request for a proposal, unless there is one, or the entry is on the board.

    Raises:
        UsageError: ``name`` is not ``ORG/NAME``.
        HubError: no token, no such dataset, or the Hub refuses or fails for good.
    """
    with hushed():
        remote = Remote(name, Kind.RELEASE, patience or Patience())
        if not remote.known:
            raise HubError(f"{name}: found no token to propose with", "log in with: hf auth login, or set HF_TOKEN")
        return _Sending(remote, proposal).run()


class _Sending:
    """One proposal to one dataset, and whether a pull request may have been opened by this run."""

    def __init__(self, remote: Remote, proposal: Proposal) -> None:
        self.remote, self.proposal, self.tried = remote, proposal, False

    def run(self) -> Sent:
        return self.remote.ask(self._step)

    def _step(self) -> Sent:
        state = self.remote.state()
        if state is None:
            raise HubError(
                f"{self.remote.name}: found no such dataset at {self.remote.endpoint}, or none that the token may see",
                "ask whoever keeps the board for its name",
            )
        if self.proposal.home in self._held(state.sha):
            return Sent(f"{self.remote.url}/blob/main/{self.proposal.home}", True, False)
        return self._proposed() or self._opened(state)

    def _held(self, revision: str) -> dict[str, Held]:
        """Of the proposal's files those that a revision has."""
        names = [item.name for item in self.proposal.files]
        rows: Any = self.remote.api.get_paths_info(**self.remote.where, paths=names, revision=revision)
        return {
            row.path: Held(row.size, row.lfs.sha256 if row.lfs else None, row.blob_id)
            for row in rows
            if hasattr(row, "blob_id")
        }

    def _proposed(self) -> Sent | None:
        """An open pull request of these files; one that only has the title is somebody's trick."""
        found = self.remote.api.get_repo_discussions(
            **self.remote.where, discussion_type="pull_request", discussion_status="open"
        )
        for one in found:
            if one.title == self.proposal.title and one.git_reference and self._is_in(one.git_reference):
                return Sent(one.url, False, self.tried)
        return None

    def _is_in(self, revision: str) -> bool:
        held = self._held(revision)
        return all(item.name in held and held[item.name].is_of(item) for item in self.proposal.files)

    def _opened(self, state: State) -> Sent:
        from huggingface_hub import CommitOperationAdd

        files = [CommitOperationAdd(item.name, item.source) for item in self.proposal.files]
        self.tried = True
        done = self.remote.api.create_commit(
            **self.remote.where,
            operations=files,
            commit_message=self.proposal.title,
            commit_description=self.proposal.text,
            parent_commit=state.sha,
            create_pr=True,
        )
        if done.pr_url is None:
            raise HubError(f"{self.remote.name}: the Hub took the entry and named no pull request")
        return Sent(str(done.pr_url), False, True)
