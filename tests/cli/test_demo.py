import json

import pytest

from synthuterus_bench.cli import run


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_the_quick_demo_makes_everything_and_a_second_run_changes_nothing(tmp_path, capsys):
    command = ["--json", "demo", "--quick", "--out", str(tmp_path)]
    assert run(command) == 0
    summary = json.loads(capsys.readouterr().out)
    before = contents(tmp_path)
    made = {path.parts[1] for path in before}
    assert made >= {"cohort", "synthuterus", "entry.json", "report.html", "leaderboard-site"}
    report = (tmp_path / "quick" / "report.html").read_text(encoding="utf-8")
    assert "http-equiv" in report
    assert summary["id"][:12] in report
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out) == summary
    assert contents(tmp_path) == before
