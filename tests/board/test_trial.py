"""What cannot be drawn is a fault of its entry, whatever the reason, and stops nobody else."""

import json

from synthuterus_bench.board import trial
from synthuterus_bench.board.check import check_entries
from synthuterus_bench.board.trial import undrawable
from tests.board.samples import board, entry, sample


def test_samples_can_be_drawn():
    assert [line for each in board() for line in undrawable(each)] == []


def test_whatever_is_raised_is_one_line(tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("no\nscale")

    monkeypatch.setattr(trial, "files_of", fail)
    assert [*undrawable(entry())] == ["cannot be drawn (ZeroDivisionError: no\nscale)"]
    (tmp_path / "a.json").write_text(json.dumps(sample()))
    (problem,) = check_entries([tmp_path / "a.json"]).problems
    assert problem.message == "cannot be drawn (ZeroDivisionError: no scale)"


def test_an_entry_with_other_faults_is_not_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "files_of", lambda *_: 1 / 0)
    (tmp_path / "a.json").write_text(json.dumps(sample(submitter="x" * 500, results=[])))
    assert not any("drawn" in problem.message for problem in check_entries([tmp_path / "a.json"]).problems)
