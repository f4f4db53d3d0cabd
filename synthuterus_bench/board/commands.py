"""The command that makes an entry's numbers again, made of nothing that a shell would read."""

import re

from synthuterus_bench.board.boards import is_control
from synthuterus_bench.entry import Entry

COMMAND = "command"
"""Where in an entry's environment the command stands that made it, if it is one of the board's first."""

_FIRST = re.compile(r"scripts/first-entries --suite [a-z0-9][a-z0-9-]{0,60} --only [a-z0-9][a-z0-9-]{0,60}", re.ASCII)
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)


def first_command(suite: str, name: str) -> str:
    """The command of one of the entries that a board begins with."""
    return f"scripts/first-entries --suite {suite} --only {name}"


def command_of(entry: Entry) -> str:
    """One command that makes the entry's numbers again. Nothing that a shell would read is taken from an entry."""
    if _FIRST.fullmatch(said := entry.environment.get(COMMAND, "")):
        return said
    suite, reference = entry.suite.id, entry.suite.reference
    beside = f" --suite {suite}"
    if not reference.startswith("phantom"):
        beside += f" --reference {'umd' if reference == 'umd' else 'PATH/TO/REFERENCE'}"
    if is_control(entry):
        return f"synthbench evaluate --controls{beside}"
    weights = entry.generator.weights
    for repo, revision, folder in (
        (entry.dataset.repo, entry.dataset.revision, "images"),
        (weights and weights.repo, weights and weights.revision, "model"),
    ):
        if _REPO.fullmatch(repo or "") and _REVISION.fullmatch(revision or ""):
            return f"synthbench pull {repo}@{revision} --out {folder} && synthbench evaluate {folder}{beside}"
    return f"synthbench evaluate PATH/TO/IMAGES{beside}"
