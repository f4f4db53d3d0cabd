"""Submissions on the Hub: ``hf:ORG/NAME@COMMIT``, a data set or a model, pinned; no code and no pickles are fetched."""

import re
from pathlib import Path

from synthuterus_bench.cohorts.imports.hub import PREFIX
from synthuterus_bench.errors import Fault, SubmissionError, UsageError

KINDS = {
    "dataset": ("*.parquet", "*.arrow", "*.npz", "*.png", "*.tif", "*.tiff", "*.nii", "*.nii.gz", "README.md"),
    "model": ("*.safetensors", "*.txt", "*.md"),
}
"""What is fetched of each, besides ``*.json``, audit logs and ``submission.yaml``."""

_NAMED = re.compile(r"hf:([\w.-]+/[\w.-]+)@([0-9a-f]{40})", re.ASCII)


def is_hub(where: str) -> bool:
    """Whether a submission is on the Hub."""
    return where.startswith(PREFIX)


def fetch(where: str) -> tuple[Path, str, str]:
    """Folder, repository and commit of a submission, from the cache of ``huggingface_hub`` or the network.

    Of a data set and a model of that name it is the one that has the commit. ``HF_ENDPOINT``, ``HF_HUB_OFFLINE`` and
    ``HF_TOKEN`` hold as for every client of the Hub.

    Raises:
        UsageError: not ``hf:ORG/NAME@`` and 40 hex digits.
        SubmissionError: neither can be fetched.
    """
    named = _NAMED.fullmatch(where)
    if named is None:
        raise UsageError(f"{where}: found no pinned repository, expected hf:ORG/NAME@ and the 40 digits of a commit")
    from huggingface_hub import snapshot_download

    repo, revision = named.groups()
    reasons = []
    for kind, patterns in KINDS.items():
        wanted = [*patterns, "*.json", "audit/*.jsonl", "submission.yaml"]
        try:
            return (
                Path(snapshot_download(repo, repo_type=kind, revision=revision, allow_patterns=wanted)),
                repo,
                revision,
            )
        except Exception as error:  # the client's, its transport's and the file system's errors share no base
            reasons.append(f"as a {kind}: {' '.join(str(error).split())[:160] or type(error).__name__}")
    raise SubmissionError(
        f"{where}: cannot be fetched ({'; '.join(reasons)})",
        "check the name, the commit and the network; what is in the cache needs none",
        Fault.UNREADABLE,
    )
