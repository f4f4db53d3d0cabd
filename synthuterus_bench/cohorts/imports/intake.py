"""What every import shares: pseudonyms, patient-disjoint splits, duplicates, and telling verdicts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from synthuterus_bench.cohorts.imports.scrub import pseudonym
from synthuterus_bench.cohorts.imports.verdict import Verdict, refused
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.splits import Splitter
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import DataError, Refusal, ScanError
from synthuterus_bench.vocab import Split


@dataclass
class Intake:
    """Takes scans into a cohort, one at a time; of earlier ones it remembers digests and patients alone."""

    salt: bytes
    writer: CohortWriter
    tell: Callable[[Verdict], None]
    strict: bool
    taken: int = 0
    _splitter: Splitter = field(default_factory=Splitter)
    _seen: dict[str, str] = field(default_factory=dict)
    _stopped: bool = False

    def alias(self, purpose: str, key: str) -> str:
        """The salted stand-in of a private name."""
        return pseudonym(self.salt, purpose, key)

    def session(self, patient: str, session: str | None) -> str | None:
        """The stand-in of a patient's session; the same word means another examination for another patient."""
        return None if session is None else self.alias("session", f"{patient}\0{session}")

    def refuse(self, verdict: Verdict) -> None:
        """Tell a refusal, and stop there if the import is strict.

        Raises:
            ScanError: the import is strict.
        """
        self.tell(verdict)
        if self.strict:
            self._stopped = True
            raise ScanError(verdict.reason or verdict.name, verdict.kind or Refusal.OTHER)

    @contextmanager
    def judging(self, name: str) -> Iterator[None]:
        """Work on one scan: an error of its data becomes a verdict, and the import goes on.

        Raises:
            ScanError: it does, and the import is strict.
        """
        try:
            yield
        except DataError as error:
            if self._stopped:
                raise
            self.refuse(refused(name, error))

    def split_of(self, patient: str, wanted: Split | None, name: str) -> Split:
        """The split of a patient: the wanted one, or the one furthest behind its share.

        Raises:
            ScanError: an earlier scan of the patient is in another split.
        """
        split = self._splitter.split_of(patient, wanted)
        if wanted not in (None, split):
            message = f"{name}: found split {wanted} for a patient who is in {split}, expected one split a patient"
            raise ScanError(message, Refusal.ROW)
        return split

    def check_new(self, digest: str, name: str) -> None:
        """Refuse voxels that came before.

        Raises:
            ScanError: they did.
        """
        if digest in self._seen:
            message = f"{name}: found the same voxels as in {self._seen[digest]}, expected each scan once"
            raise ScanError(message, Refusal.DUPLICATE)

    def add(self, scan: Scan, digest: str, name: str) -> None:
        """Write a scan, and remember its voxels under the name it came by."""
        self._seen[digest] = name
        self.writer.add(scan)
        self.taken += 1
