import json

import pytest

from synthuterus_bench.bench.controls import run as trial
from synthuterus_bench.bench.controls.submissions import CONTROLS
from synthuterus_bench.cli import run


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_small_trial_from_the_command_line(cohort, tmp_path, capsys, monkeypatch, form):
    """Of k-means alone, on a cohort of a few patients."""
    from synthuterus_bench.bench.suite import DEMO

    kmeans = tuple(regime for regime in DEMO.regimes if regime.name == "k-means")
    small = DEMO.model_copy(update={"permutations": 4, "pooled_permutations": 4, "resamples": 10, "regimes": kmeans})
    small = small.model_copy(update={"metrics": ("fd-embedder", "lpips")})
    monkeypatch.setattr(trial, "find_suite", lambda name: small)
    paths = tmp_path / "controls.json", tmp_path / "controls.md"
    command = ["evaluate", "--controls", "--suite", "demo", "--reference", str(cohort.root), "--workers", "1"]
    command += ["--out", str(paths[0]), "--report", str(paths[1]), "--weights-dir", str(tmp_path)]
    assert run((["--json"] if form == "json" else []) + command) == 0
    said = capsys.readouterr().out
    written = json.loads(paths[0].read_text(encoding="utf-8"))
    assert set(written["controls"]) == set(CONTROLS)
    assert "| fd-embedder |" in paths[1].read_text(encoding="utf-8")
    if form == "json":
        assert json.loads(said)["cells"] == written["cells"]
    else:
        assert "fd-embedder" in said
        assert "bounds hold" in said
