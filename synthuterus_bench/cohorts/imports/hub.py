"""Data sets on the Hub: ``hf:ORG/NAME@REVISION``, pinned, and tables alone: no code, no loading script."""

import re
from pathlib import Path

from synthuterus_bench.errors import DataError, UsageError

PREFIX = "hf:"
KINDS = ("*.parquet", "README.md", "*cohort.json")
"""What is fetched: rows, the card that names the splits, and what a cohort says about itself."""

_NAMED = re.compile(r"hf:([\w.-]+/[\w.-]+)@([0-9a-f]{40})", re.ASCII)


def is_hub(src: str) -> bool:
    """Whether a source is on the Hub."""
    return src.startswith(PREFIX)


def fetch(src: str) -> Path:
    """The folder of a data set at one commit, from the cache of ``huggingface_hub`` or the network.

    ``HF_ENDPOINT``, ``HF_HUB_OFFLINE`` and ``HF_TOKEN`` hold as for every client of the Hub.

    Raises:
        UsageError: the source is not ``hf:ORG/NAME@`` and 40 hex digits.
        DataError: it cannot be fetched, or holds no Parquet.
    """
    named = _NAMED.fullmatch(src)
    if named is None:
        raise UsageError(f"{src}: found no pinned data set, expected hf:ORG/NAME@ and the 40 digits of a commit")
    from huggingface_hub import snapshot_download

    repo, revision = named.groups()
    try:
        folder = Path(snapshot_download(repo, repo_type="dataset", revision=revision, allow_patterns=[*KINDS]))
    except Exception as error:  # the client's, its transport's and the file system's errors share no base
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        hint = "check the name, the commit and the network; what is in the cache needs none"
        raise DataError(f"{src}: cannot be fetched ({reason})", hint) from None
    if not any(folder.rglob("*.parquet")):
        raise DataError(f"{src}: found no Parquet file at that commit, expected tables")
    return folder
