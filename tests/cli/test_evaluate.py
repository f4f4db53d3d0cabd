import json

import numpy as np
import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.imagefile import encode_png


@pytest.fixture
def incomplete(tmp_path):
    for name in ("av-af", "rv-rf"):
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "images" / name / "a.png").write_bytes(encode_png(np.eye(128, dtype=np.uint8)))
    return tmp_path / "images"


def test_a_bad_submission_is_one_line_and_nothing_is_written(incomplete, tmp_path, capsys):
    out = tmp_path / "entry.json"
    assert run(["evaluate", str(incomplete), "--suite", "demo", "--out", str(out)]) == 1
    assert "found classes av-af, rv-rf; expected av-af, av-rf, rv-af, rv-rf" in capsys.readouterr().err
    assert not out.exists()
    assert not list(tmp_path.glob("*.json"))


def test_json_errors_stay_json(incomplete, capsys):
    assert run(["--json", "evaluate", str(incomplete)]) == 1
    assert "found classes" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize(
    "arguments", [["--suite", "none"], ["--device", "tpu"], ["--out", "."], ["--publish-features", "f.npz"]]
)
def test_wrong_commands_exit_with_two(incomplete, capsys, arguments):
    assert run(["evaluate", str(incomplete), *arguments]) == 2


@pytest.mark.parametrize("arguments", [["--report", "r.html"], ["--name", "mine"]])
def test_what_is_not_for_reconstructions_is_refused_beside_them(tmp_path, capsys, arguments):
    assert run(["evaluate", "--reconstruction", str(tmp_path), "--cohort", str(tmp_path), *arguments]) == 2
    assert f"{arguments[0]} belongs to the evaluation of images" in " ".join(capsys.readouterr().err.split())


def test_a_split_is_of_reconstructions_only(incomplete, capsys):
    assert run(["evaluate", str(incomplete), "--split", "train"]) == 2
    assert "--reconstruction and --cohort go together" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["images"], ["--name", "mine"], ["--plot", "p.png"], ["--report", "r.html"]])
def test_controls_make_their_own_images(capsys, arguments):
    assert run(["evaluate", "--controls", "--suite", "demo", *arguments]) == 2


def test_controls_are_of_images(capsys):
    assert run(["evaluate", "--controls", "--suite", "demo", "--reference", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert run(["evaluate", "--controls", "--suite", "uterus-3d-roi", "--reference", "nowhere"]) == 2
    assert "uterus-3d-roi of volumes, expected one of images" in capsys.readouterr().err


def test_help_holds_an_example(capsys):
    assert run(["evaluate", "--help"]) == 0
    assert "Example: synthbench evaluate" in capsys.readouterr().out


def test_the_table_shows_values_floors_and_reasons():
    from synthuterus_bench.bench.run import Evaluation
    from synthuterus_bench.cli.evaluate import _human
    from synthuterus_bench.entry import Entry

    digest, base = "0" * 64, {"direction": "lower", "scope": "pooled", "n_real": 4, "n_fake": 4}
    ok = {"metric": "fd-embedder", "status": "ok", "value": 1.5, "floor": {"value": 1.0, "low": 0.75, "high": 1.25}}
    gone = {"metric": "lpips", "status": "unavailable", "reason": "no weights [bold]here[/bold]"}
    entry = Entry.model_validate(
        {
            "suite": {"id": "demo", "version": 1, "protocol_digest": digest, "reference": "phantom-v0"}
            | {"reference_digest": digest},
            "schema": "synthuterus-entry/1",
            "generator": {"name": "mine"},
            "dataset": {"manifest_sha256": digest, "n_per_class": {"av-af": 4}},
            "results": [base | ok, base | gone],
            "environment": {},
        }
    )
    text = _human(Evaluation(entry, None, {"metrics": 1.0}), "e.json", "e.details.json")
    for words in ("1.5", "(0.75 to 1.25)", "unavailable", "lpips unavailable: no weights [bold]here[/bold]", "mine"):
        assert words in text


def test_warnings_of_the_library_are_told_as_the_command_line_tells_them(capsys):
    import warnings

    from synthuterus_bench.cli.output import Output
    from synthuterus_bench.metrics.store import CacheWarning

    before = warnings.showwarning
    with Output().telling(CacheWarning):
        for _ in range(2):
            warnings.warn("x.safetensors: found a damaged file; made anew", CacheWarning, stacklevel=1)
    said = capsys.readouterr()
    assert said.err == "warning: x.safetensors: found a damaged file; made anew\n" * 2
    assert not said.out
    assert warnings.showwarning is before
