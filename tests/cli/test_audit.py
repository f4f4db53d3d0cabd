import json

from synthuterus_bench.cli import run
from synthuterus_bench.privacy import selftest
from synthuterus_bench.privacy.plants import Strength, Transform


def test_the_self_test_prints_its_table_by_strength_and_by_bound(cohort, tmp_path, monkeypatch, capsys):
    pairs = [(kind, strength) for kind in (Transform.FLIP, Transform.NOISE) for strength in Strength]
    monkeypatch.setattr(selftest, "_pairs", lambda autoencoder: pairs)
    record = tmp_path / "selftest.json"
    options = ["--reference", str(cohort.root), "--plants", "4", "--negatives", "8", "--out", str(record)]
    assert run(["audit", "self-test", *options]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["mild", "clear", "strong"] in lines
    strongest = lines.index(["at", "its", "strongest", "tau", "all,", "not", "mirrored"])
    assert lines[strongest + 1] == ["flip", "100.0%", "0.0%"]
    assert lines[strongest + 2] == ["noise", "100.0%", "100.0%"]
    assert ["4", "plants", "a", "cell"] in lines
    assert json.loads(record.read_text(encoding="utf-8"))["encoder"] == "embedder"


def test_an_encoder_whose_file_is_missing_is_one_clear_line(cohort, tmp_path, capsys):
    options = ["--encoder", "inception", "--weights-dir", str(tmp_path), "--reference", str(cohort.root)]
    assert run(["audit", "self-test", *options]) == 1
    said = capsys.readouterr().err
    assert "not at hand" in said
    assert "Traceback" not in said
