"""How a cohort is made up, for plans and training records."""

from collections import Counter

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.generators.plan import Shares
from synthuterus_bench.vocab import FIELD_STRENGTHS, Split


def shares_of(cohort: Cohort) -> Shares:
    """How often each (field strength, sequence) pair that prompts can say occurs in the training split."""
    pairs = Counter(
        (round(float(scan.field_strength), 2), scan.sequence)
        for scan in cohort.scans(Split.TRAIN)
        if scan.field_strength is not None and scan.sequence is not None
    )
    return {pair: count for pair, count in pairs.items() if pair[0] in FIELD_STRENGTHS}
