"""A board on disk, of the suite ``demo`` and its frozen reference, and as a git repository."""

import json
import subprocess
from pathlib import Path
from typing import Any

from synthuterus_bench.bench.suite import DEMO
from synthuterus_bench.board.admission import admit
from synthuterus_bench.board.entries import home_of
from synthuterus_bench.entry import Entry
from tests.board.samples import sample

CLAIMS = {
    "id": DEMO.id,
    "version": DEMO.version,
    "protocol_digest": DEMO.digest,
    "reference": str(DEMO.phantom),
    "reference_digest": DEMO.phantom_digest,
}


def demo(name: str = "ddpm2d-ct-roi", **changes: Any) -> Entry:
    """A sample entry that claims the suite ``demo``."""
    return Entry.model_validate_json(json.dumps(sample(name, **{"suite": CLAIMS, **changes})))


def file(board: Path, entry: Entry) -> Path:
    """Write an entry to its place on a board."""
    path = board / home_of(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry.as_json()))
    return path


def problems(board: Path, base: str | None = None) -> list[str]:
    """What the check of a whole board says."""
    return [str(problem) for problem in admit([board], base).problems]


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody in particular."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def committed(folder: Path) -> str:
    """Make a repository of a folder, or commit what changed in it; the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "state")
    return git(folder, "rev-parse", "HEAD")
