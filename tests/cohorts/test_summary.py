from synthuterus_bench.cohorts.summary import summarise
from synthuterus_bench.vocab import Orientation
from tests.cohorts.test_store import write


def test_counts(tmp_path):
    summary = summarise(write(tmp_path / "c"))
    assert summary.patients == 7
    assert summary.counts == {
        (Orientation.AV_AF, 1.5): 2,
        (Orientation.AV_RF, 1.5): 2,
        (Orientation.RV_AF, 1.5): 1,
        (Orientation.RV_RF, 1.5): 1,
        (Orientation.AMBIGUOUS, 1.5): 1,
    }
    assert sum(row["scans"] for row in summary.as_json()["counts"]) == 7
    text = summary.as_text().splitlines()
    assert text[0] == "made: 7 scans of 7 patients"
    assert text[-5].split() == ["av-af", "2"]
    assert text[-6].split() == ["1.5", "T"]
