import json

import pytest
import yaml

from synthuterus_bench.cli import run
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.privacy.index import load_index
from tests.conftest import TINY

QUICK = TINY | {"steps": 1, "batch": 2, "precision": "no", "evaluate_every": 0, "uterus_weight": 0}


def options(cohort, out, **settings):
    sets = [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]
    return ["--cohort", str(cohort.root), "--out", str(out), *sets]


def test_a_generator_is_trained_and_packed_with_its_index(cohort, tmp_path, capsys):
    assert run(["--json", "train", "ddpm2d-ct-roi", *options(cohort, tmp_path, **QUICK)]) == 0
    assert load_pipeline(tmp_path / "pipeline").model_id.view == "roi"
    assert len(load_index(tmp_path / "pipeline" / "index.safetensors").keys) > 0
    said = json.loads(capsys.readouterr().out)
    assert (said["steps"], said["images_seen"]) == (1, 2)


def test_an_autoencoder_is_trained_and_a_latent_model_on_it(cohort, tmp_path, capsys):
    small = {"steps": 1, "batch": 2, "channels": [8, 8, 8], "evaluate_every": 0, "checkpoint_every": 1}
    assert run(["train", "vae2d", *options(cohort, tmp_path / "vae", **small)]) == 0
    assert "autoencoder in" in capsys.readouterr().out
    latent = {key: value for key, value in QUICK.items() if key != "text_width"} | {"patch": 1}
    assert run(["train", "ldm2d-class-roi", *options(cohort, tmp_path / "ldm", **latent)]) == 2
    assert "expected --autoencoder" in capsys.readouterr().err
    with_it = ["--autoencoder", str(tmp_path / "vae" / "autoencoder")]
    assert run(["train", "ldm2d-class-roi", *options(cohort, tmp_path / "ldm", **latent), *with_it]) == 0
    assert load_pipeline(tmp_path / "ldm" / "pipeline").model_id.family == "ldm2d"


def test_a_latent_model_is_given_a_refiner(tiny_latent, cohort, tmp_path, capsys):
    few = {"steps": 1, "batch": 2, "channels": [16, 16], "patch": 8, "evaluate_every": 0}
    assert run(["train", "refiner", *options(cohort, tmp_path, **few)]) == 2
    assert "no --generator" in capsys.readouterr().err
    assert run(["--json", "train", "refiner", *options(cohort, tmp_path, **few), "--generator", str(tiny_latent)]) == 0
    assert json.loads(capsys.readouterr().out)["images_seen"] == 2
    assert load_pipeline(tmp_path / "pipeline").refiner is not None
    assert len(load_index(tmp_path / "pipeline" / "index.safetensors").keys) > 0
    assert run(["train", "vae2d", *options(cohort, tmp_path / "no"), "--generator", str(tiny_latent)]) == 2
    assert "which only the refiner takes" in capsys.readouterr().err


def test_a_localiser_is_trained_on_few_masks(cohort, tmp_path, capsys):
    few = {"steps": 1, "batch": 1, "annotated": 2, "pseudo": 2}
    assert run(["--json", "train", "localiser", *options(cohort, tmp_path / "net", **few)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["sha256"] == load_localiser(tmp_path / "net").sha256
    assert (said["annotated_pictures"], said["pseudo_offered"]) == (4, 2)
    assert run(["train", "localiser", *options(cohort, tmp_path / "net", annotated=99)]) == 1
    assert "expected 99" in capsys.readouterr().err


def test_settings_come_from_preset_file_and_command_in_this_order(cohort, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("batch: 4\nlr: 3e-4\nseed: 1\n")
    command = ["train", "ddpm2d-class-roi", "--show-config", "--config", str(tmp_path / "mine.yaml")]
    assert run([*command, "--set", "batch=5", "--seed", "7"]) == 0
    found = yaml.safe_load(capsys.readouterr().out)
    assert (found["batch"], found["lr"], found["seed"], found["steps"]) == (5, 3e-4, 7, 20_000)
    assert run(["--json", *command, "--preset", "paper", "--cohort", str(cohort.root)]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 2000 * -(-cohort.manifest.splits["train"] // 4)
    assert run([*command, "--preset", "paper"]) == 2
    assert "give --cohort DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "batch=0"], "batch is 0, expected greater than or equal to 2"),
        (["--set", "bach=1"], "did you mean batch?"),
        (["--set", "batch"], "expected key=value"),
        (["--config", "gone.yaml"], "gone.yaml: not readable"),
        (["--set", "patience=5", "--set", "evaluate_every=0"], "expected evaluations to be patient about"),
        (["--preset", "huge"], "'huge' is not one of"),
        (["--seed", "-1"], "Invalid value for '--seed'"),
    ],
)
def test_bad_settings_are_said_with_their_names(cohort, tmp_path, capsys, arguments, said):
    assert run(["train", "embedder", *options(cohort, tmp_path / "out"), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_trained_is_said(cohort, tmp_path, capsys):
    assert run(["train", "nonsense", *options(cohort, tmp_path / "out")]) == 2
    assert run(["train", "ddpm2d-ct-full", *options(cohort, tmp_path / "out")]) == 1
    assert run(["train", "embedder", "--cohort", str(cohort.root)]) == 2
    errors = capsys.readouterr().err
    assert "unknown model id" in errors
    assert "expected a 2D full one" in errors
    assert "no --out" in errors
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["vae2d", "--autoencoder", "vae"], "only models of latents have"),
        (["embedder", "--weights-dir", "w"], "embedder: found --weights-dir, which it is not built on"),
        (["ddpm2d-class-roi", "--set", "drop_text=0.2"], "drop_text is 0.2, which has no effect on ddpm2d-class-roi"),
    ],
)
def test_what_has_no_use_is_refused_never_ignored(cohort, tmp_path, capsys, arguments, said):
    assert run(["train", *arguments, *options(cohort, tmp_path / "out")]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_a_launcher_that_started_one_process_of_several_is_noticed(cohort, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    assert run(["train", "embedder", "--autoencoder", "vae", *options(cohort, tmp_path / "out")]) == 2
    assert "started one process" in capsys.readouterr().err


def test_a_search_ends_in_a_table_and_trains_nothing_twice(cohort, tmp_path, capsys):
    (tmp_path / "grid.yaml").write_text("lr: [1e-3, 1e-5]\ntemperature: [0.1]\n")
    quick = {"steps": 2, "batch": 4, "warmup_steps": 1, "evaluate_every": 1}
    command = ["train", "embedder", *options(cohort, tmp_path, **quick), "--search", str(tmp_path / "grid.yaml")]
    assert run(command) == 0
    text = capsys.readouterr().out
    assert "2 of 2: lr 1e-05, temperature 0.1" in text
    assert "validation" in text
    assert run(["--json", *command]) == 0
    said = json.loads(capsys.readouterr().out)
    losses = [trial["validation"] for trial in said["trials"]]
    assert losses == sorted(losses)
    assert yaml.safe_load((tmp_path / "best.yaml").read_text(encoding="utf-8"))["lr"] == said["trials"][0]["lr"]
    assert run(command) == 0
    assert "1 of 2" not in capsys.readouterr().out
    assert run(["train", "embedder", *options(cohort, tmp_path), "--search", str(tmp_path / "grid.yaml")]) == 2
    assert "expected evaluations to search by" in capsys.readouterr().err


def test_a_generator_begins_with_another_one(cohort, tmp_path, capsys):
    assert run(["train", "ddpm2d-ct-roi", *options(cohort, tmp_path / "first", **QUICK)]) == 0
    first = ["--init", str(tmp_path / "first" / "pipeline")]
    assert run(["train", "ddpm2d-ct-roi", *options(cohort, tmp_path / "second", **QUICK), *first]) == 0
    assert (
        "initial"
        in json.loads((tmp_path / "second" / "pipeline" / "training.json").read_text(encoding="utf-8"))["digests"]
    )
    (tmp_path / "told.yaml").write_text(f"init: {first[1]}")
    told = [*options(cohort, tmp_path / "told", **QUICK), "--config", str(tmp_path / "told.yaml")]
    assert run(["train", "ddpm2d-ct-roi", *told]) == 0
    records = [tmp_path / name / "pipeline" / "training.json" for name in ("second", "told")]
    digests = [json.loads(path.read_text(encoding="utf-8"))["digests"] for path in records]
    assert digests[0] == digests[1]
    (tmp_path / "told.yaml").write_text("init: [1]")
    assert run(["train", "ddpm2d-ct-roi", *told]) == 2
    assert "init is [1], expected a pipeline folder" in capsys.readouterr().err
    assert (
        run(["train", "ddpm2d-ct-roi", *options(cohort, tmp_path / "third", **QUICK), "--init", "ddpm2d-ct-roi"]) == 1
    )
    assert "give the settings it was trained with" in capsys.readouterr().err
    assert not (tmp_path / "third" / "pipeline").exists()
