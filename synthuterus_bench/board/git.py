"""The few questions to git, and the few things that are written there: no hook runs, no working tree changes."""

import os
import subprocess
from pathlib import Path

from synthuterus_bench.errors import DataError, UsageError

_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def git(folder: Path, *arguments: str, data: bytes | None = None, index: Path | None = None) -> bytes:
    """What git answers in a folder.

    Args:
        data: what it reads.
        index: file to use as its index, so that the one of the folder stays as it is.

    Raises:
        DataError: it refuses, with the first line of what it says; or there is no git.
    """
    command = ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *arguments]
    own = {"GIT_INDEX_FILE": str(index)} if index else {}
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, check=False, env={**os.environ, **_QUIET, **own}
        )
    except FileNotFoundError:
        raise DataError("found no git on this machine, expected it on the path") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise DataError(f"{folder}: git {arguments[0]}: {said[0].removeprefix('fatal: ')[:200]}")
    return done.stdout


def commit_of(folder: Path, revision: str) -> str:
    """The full name of the commit that a revision is; one that begins with ``-`` is none of git's options.

    Raises:
        UsageError: there is none in the repository of ``folder``.
    """
    try:
        return (
            git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
            .decode()
            .strip()
        )
    except DataError:
        raise UsageError(
            f"{revision}: found no such folder, and no such revision in the repository of {folder}",
            "give a folder with entries/ in it, or a revision that is fetched",
        ) from None


def blobs_below(folder: Path, commit: str) -> dict[str, str]:
    """Git's digests of all files below ``folder`` as they were in a commit, by their name from there."""
    found = {}
    for row in git(folder, "ls-tree", "-r", "-z", commit).split(b"\0"):
        facts, _, name = row.partition(b"\t")
        if name:
            found[name.decode(errors="replace")] = facts.split()[2].decode()
    return found
