"""Which kind of source is given, and its candidates."""

from pathlib import Path

from synthuterus_bench.cohorts.bids import Labels
from synthuterus_bench.cohorts.candidate import Candidate, candidates
from synthuterus_bench.cohorts.finding import find, root_of
from synthuterus_bench.cohorts.manifest import SUFFIXES, read_manifest
from synthuterus_bench.cohorts.verdict import Verdict
from synthuterus_bench.progress import Track


def gather(src: Path, labels: Labels, track: Track) -> tuple[list[Candidate], list[Verdict]]:
    """Candidates of a table of scans, or of a file or folder of scans; and verdicts against what is none at sight.

    Raises:
        UsageError: there is no ``src``.
        DataError: a table is malformed, or nothing under ``src`` looks like a scan.
    """
    if src.is_file() and src.suffix.lower() in SUFFIXES:
        return read_manifest(src, labels, track)
    found = find(src, track)
    return [*candidates(found, root_of(src), labels)], found.refused
