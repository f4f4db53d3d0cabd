"""What a submitter sends: an entry under the name it has on every board, and the details that it names."""

from dataclasses import dataclass
from pathlib import Path

from synthuterus_bench.bench.details import details_path
from synthuterus_bench.board.entries import DETAILS, home_of, slug
from synthuterus_bench.entry import Entry
from synthuterus_bench.release.parcel import Item, item_of
from synthuterus_bench.repro import canonical_json, digest_file


@dataclass(frozen=True, slots=True)
class Proposal:
    """Files by their names below a board, the entry first; titles are made of nothing that a stranger wrote."""

    entry: Entry
    files: tuple[Item, ...]

    @property
    def title(self) -> str:
        """One line for a pull request or a commit; the same for the same entry."""
        return f"Entry {self.entry.id[:12]}: {slug(self.entry.generator.name)} in {self.entry.suite.id}"

    @property
    def text(self) -> str:
        """What stands under the title."""
        return f"Entry {self.entry.id}, checked with: synthbench leaderboard check"

    @property
    def branch(self) -> str:
        """The name of a branch for it."""
        return f"entry-{self.entry.id[:12]}"

    @property
    def home(self) -> str:
        """Where the entry belongs."""
        return self.files[0].name


def propose(entry: Entry, path: Path) -> Proposal:
    """The proposal of the entry that was read from ``path``; details go along where they are those that it names."""
    home = home_of(entry)
    files = [item_of(home, f"{canonical_json(entry.as_json())}\n".encode())]
    beside = details_path(path)
    if beside.is_file() and digest_file(beside) == entry.artefacts.get("details_sha256"):
        files.append(item_of(f"{home.removesuffix('.json')}{DETAILS}", beside.read_bytes()))
    return Proposal(entry, tuple(files))
