"""Patient-disjoint splits."""

from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import Split

FRACTIONS = {Split.TRAIN: 0.7, Split.VALIDATION: 0.15, Split.TEST: 0.15}


class Splitter:
    """Deals patients to splits: each new one to the split furthest behind its share.

    Who comes first is decided outside: an import takes the better documented kinds of source first, and within a kind
    goes by salted hashes, an order that means nothing. After ``n`` patients none of whom was told her split, every
    split holds its share of ``n`` to within one patient.

    Raises:
        UsageError: the fractions are negative or do not sum to 1.
    """

    def __init__(self, fractions: dict[Split, float] | None = None) -> None:
        self.fractions = FRACTIONS if fractions is None else fractions
        if min(self.fractions.values()) < 0 or abs(sum(self.fractions.values()) - 1) > 1e-6:
            raise UsageError(f"split fractions {[*self.fractions.values()]}: expected shares that sum to 1")
        self._of: dict[str, Split] = {}

    def split_of(self, patient: str, wanted: Split | None = None) -> Split:
        """The split of a patient, always the same one; for a new patient the wanted one, if one is."""
        if patient not in self._of:
            self._of[patient] = wanted or max(self.fractions, key=self._behind)
        return self._of[patient]

    def _behind(self, split: Split) -> float:
        return self.fractions[split] * (len(self._of) + 1) - [*self._of.values()].count(split)
