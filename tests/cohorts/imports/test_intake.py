import pytest

from synthuterus_bench.cohorts.imports.intake import Intake
from synthuterus_bench.errors import DataError, Refusal, ScanError
from synthuterus_bench.vocab import Split


def intake(strict=False):
    verdicts = []
    return Intake(bytes(32), None, verdicts.append, strict), verdicts


def test_an_error_of_data_becomes_a_verdict():
    one, verdicts = intake()
    with one.judging("a"):
        raise ScanError("a: no", Refusal.GAP)
    with one.judging("b"):
        raise DataError("b: no")
    assert [(verdict.name, verdict.kind) for verdict in verdicts] == [("a", Refusal.GAP), ("b", Refusal.OTHER)]


def test_strict_tells_and_stops():
    one, verdicts = intake(strict=True)
    with pytest.raises(ScanError, match="a: no"), one.judging("a"):
        raise ScanError("a: no", Refusal.GAP)
    assert len(verdicts) == 1


def test_strict_tells_once_though_a_row_lies_in_a_file():
    one, verdicts = intake(strict=True)
    with pytest.raises(ScanError, match="row: no"), one.judging("file"), one.judging("row"):
        raise ScanError("row: no", Refusal.ROW)
    assert [verdict.name for verdict in verdicts] == ["row"]


def test_other_errors_are_no_verdicts():
    one, verdicts = intake()
    with pytest.raises(ZeroDivisionError), one.judging("a"):
        raise ZeroDivisionError
    assert verdicts == []


def test_sessions_of_two_patients_are_two():
    one, _ = intake()
    assert one.session("anna", None) is None
    assert one.session("anna", "1") == one.session("anna", "1") != one.session("berta", "1")


def test_a_patient_keeps_the_first_split():
    one, _ = intake()
    assert one.split_of("anna", Split.TEST, "a") is Split.TEST
    assert one.split_of("anna", None, "b") is Split.TEST
    with pytest.raises(ScanError, match="c: found split train for a patient who is in test"):
        one.split_of("anna", Split.TRAIN, "c")
