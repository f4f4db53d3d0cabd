from synthuterus_bench.cohorts.imports.verdict import Verdict, refused, tally
from synthuterus_bench.errors import CohortError, Refusal, ScanError


def test_counts_by_kind_the_most_frequent_first():
    kinds = [Refusal.AXIAL, Refusal.PICTURE, Refusal.PICTURE, Refusal.LOCALIZER]
    verdicts = [refused("x", ScanError("x: no", kind)) for kind in kinds]
    counts = tally([*verdicts, refused("y", CohortError("y: no")), Verdict("z", "id"), Verdict("table", scans=40)])
    assert counts.as_text() == "refused 5: 2 pictures, 1 axial, 1 localizer, 1 other"
    assert counts.as_json() == {
        "imported": 41,
        "refused_by_kind": {"picture": 2, "axial": 1, "localizer": 1, "other": 1},
    }


def test_nothing_refused():
    assert tally([Verdict("z", "id")]).as_text() == "refused 0"
    assert tally([]).as_json() == {"imported": 0, "refused_by_kind": {}}
