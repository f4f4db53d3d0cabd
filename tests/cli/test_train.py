import json

from synthuterus_bench.cli import run
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.privacy.index import load_index


def test_a_generator_is_trained_and_packed_with_its_index(cohort, tmp_path):
    options = [
        "--cohort",
        str(cohort.root),
        "--out",
        str(tmp_path),
        "--steps",
        "1",
        "--batch",
        "2",
        "--precision",
        "no",
    ]
    assert run(["train", "ddpm2d-ct-roi", *options]) == 0
    assert load_pipeline(tmp_path / "pipeline").image_size == 128
    assert len(load_index(tmp_path / "pipeline" / "index.safetensors").keys) > 0


def test_a_localiser_is_trained_on_few_masks(cohort, tmp_path, capsys):
    options = ["--cohort", str(cohort.root), "--out", str(tmp_path / "net"), "--steps", "1", "--batch", "1"]
    assert run(["--json", "train", "localiser", *options, "--annotated", "2", "--pseudo", "2"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["sha256"] == load_localiser(tmp_path / "net").sha256
    assert (said["annotated_pictures"], said["pseudo_offered"]) == (4, 2)
    assert run(["train", "localiser", *options, "--annotated", "99"]) == 1
    assert "expected 99" in capsys.readouterr().err


def test_what_cannot_be_trained_is_said(cohort, tmp_path, capsys):
    options = ["--cohort", str(cohort.root), "--out", str(tmp_path / "out")]
    assert run(["train", "ddpm3d-ct-roi", *options]) == 2
    assert run(["train", "ddpm2d-ct-full", *options]) == 2
    assert run(["train", "nonsense", *options]) == 2
    errors = capsys.readouterr().err
    assert "cannot be trained yet" in errors
    assert "expected 2D full" in errors
    assert "unknown model id" in errors
    assert not (tmp_path / "out").exists()
