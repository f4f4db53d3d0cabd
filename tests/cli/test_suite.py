import json

import pytest

from synthuterus_bench.bench.bundle import load_bundle
from synthuterus_bench.bench.cost import cost_of, training_seconds
from synthuterus_bench.bench.needed import PRETRAINED, weights_needed
from synthuterus_bench.bench.suite import NAMES, SUITES
from synthuterus_bench.cli import run
from synthuterus_bench.cli.options import SuiteName
from synthuterus_bench.weights import ALEXNET, INCEPTION, RESNET18, SWAV


def test_commands_know_every_suite(capsys):
    assert [*SuiteName] == [*NAMES]
    assert run(["--json", "suite", "list"]) == 0
    told = json.loads(capsys.readouterr().out)["suites"]
    assert {row["id"]: row["digest"] for row in told} == {name: suite.digest for name, suite in SUITES.items()}
    assert run(["suite", "list"]) == 0
    page = capsys.readouterr().out
    assert all(name in page for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_show_tells_everything_that_is_frozen(name, tmp_path, capsys):
    suite = SUITES[name]
    assert run(["--json", "suite", "show", name, "--weights-dir", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["suite"] == suite.model_dump(mode="json")
    assert told["digest"] == suite.digest
    assert run(["suite", "show", name, "--weights-dir", str(tmp_path)]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert suite.digest in page
    for metric in (*suite.metrics, *suite.plane_metrics, *suite.volume_metrics):
        assert metric in page
    assert "no: not at hand" in page
    assert str(suite.phantom_digest)[:12] in page


def test_needed_weights_are_told_with_what_wants_them(tmp_path):
    found = {one.file: one for one in weights_needed(SUITES["uterus-2d-roi"], tmp_path)}
    assert set(found) == {INCEPTION.file, ALEXNET.file, RESNET18.file, SWAV.file}
    assert found[RESNET18.file].wanted_for == (PRETRAINED,)
    assert found[SWAV.file].wanted_for == ("fd-swav",)
    assert all(one.sha256 is None and "not at hand" in one.reason for one in found.values())
    (tmp_path / ALEXNET.file).write_bytes(b"other")
    again = {one.file: one for one in weights_needed(SUITES["uterus-2d-roi"], tmp_path)}
    assert "found SHA-256" in again[ALEXNET.file].reason


def test_cost_counts_trainings():
    roi = SUITES["uterus-2d-roi"]
    cost = cost_of(roi)
    assert cost.trainings_later == 3 * (3 * 2 + 3)
    assert cost.trainings_first == cost.trainings_later + 3 * (3 + 3)
    assert cost.core_minutes_later < cost.core_minutes_first < 60
    assert cost_of(SUITES["demo"]).core_minutes_first < 5
    halved = roi.regimes[0].model_copy(update={"updates": 80})
    assert training_seconds(halved) == pytest.approx(training_seconds(roi.regimes[0]) / 2)


def test_reference_writes_a_bundle_and_says_what_it_reveals(cohort, suite, tmp_path, monkeypatch, capsys):
    """With so few patients the command refuses; let through, it says how much is given away."""
    monkeypatch.setitem(SUITES, "demo", suite)
    out = tmp_path / "bundle.safetensors"
    command = ["suite", "reference", str(cohort.root), "--suite", "demo", "--out", str(out)]
    assert run(command) == 1
    assert "expected at least 20" in capsys.readouterr().err
    assert not out.exists()
    monkeypatch.setattr("synthuterus_bench.bench.bundling._check_patients", lambda *_: None)
    assert run([*command, "--weights-dir", str(tmp_path)]) == 1
    assert "would tell who is among them" in capsys.readouterr().err
    monkeypatch.setattr("synthuterus_bench.bench.bundling._spans", lambda _: False)
    assert run([*command, "--weights-dir", str(tmp_path), "--most-telling", "1"]) == 0
    told = capsys.readouterr().out
    assert "It reveals" in told
    assert "not in it: inception-2048" in told
    assert load_bundle(out, suite).header.suite == suite.id


@pytest.fixture
def suite():
    small = {"n_per_class": 4, "permutations": 3, "resamples": 9, "phantom_digest": None, "phantom_scans": 48}
    return SUITES["demo"].model_copy(update=small | {"metrics": ("fid-2048", "fd-embedder")})


def test_a_wrong_name_for_the_file_is_a_wrong_command(cohort, tmp_path, capsys):
    assert run(["suite", "reference", str(cohort.root), "--out", str(tmp_path / "x.json")]) == 2
    assert "expected the name of a .safetensors file" in capsys.readouterr().err
