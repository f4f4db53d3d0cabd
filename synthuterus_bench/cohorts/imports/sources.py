"""Which kind of source is given, and its candidates."""

from dataclasses import dataclass
from pathlib import Path

from synthuterus_bench.cohorts.imports.bids import Labels
from synthuterus_bench.cohorts.imports.candidate import Candidate, candidates
from synthuterus_bench.cohorts.imports.finding import NiftiFile, find, root_of
from synthuterus_bench.cohorts.imports.manifest import SUFFIXES, read_manifest
from synthuterus_bench.cohorts.imports.verdict import Verdict
from synthuterus_bench.progress import Track


@dataclass(frozen=True, slots=True)
class Gathered:
    """Candidates, and verdicts against what is no scan at sight."""

    candidates: list[Candidate]
    refused: list[Verdict]

    @property
    def cases(self) -> int:
        """How many candidates are cases of UMD."""
        return sum(isinstance(one.item, NiftiFile) and one.item.case is not None for one in self.candidates)


def gather(src: Path, labels: Labels, track: Track) -> Gathered:
    """What is to be imported of a table of scans, or of a file or folder of scans.

    Raises:
        UsageError: there is no ``src``.
        DataError: a table is malformed, or nothing under ``src`` looks like a scan.
    """
    if src.is_file() and src.suffix.lower() in SUFFIXES:
        return Gathered(*read_manifest(src, labels, track))
    found = find(src, track)
    return Gathered([*candidates(found, root_of(src), labels)], found.refused)
