import json
from pathlib import Path

import pytest

from synthuterus_bench.board.verification import save_verification
from synthuterus_bench.cli import run
from tests.board.boards import CLAIMS, demo, file
from tests.board.samples import GENERATORS, sample
from tests.board.verified import honest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Every sample on a board in the folder that commands run in."""
    home = tmp_path / "leaderboard"
    for name in GENERATORS:
        file(home, demo(name))
    monkeypatch.chdir(tmp_path)
    return home


def test_values_tiers_and_badges(board, capsys):
    save_verification(honest(demo()), board)
    assert run(["leaderboard", "show"]) == 0
    told = capsys.readouterr().out
    assert "demo v1, against phantom-v1: pooled" in told
    assert "Embedder KID" in told
    assert "re-embedded" in told
    lines = told.splitlines()
    best, noise = (next(line for line in lines if name in line) for name in ("ddpm2d-ct-roi", "control: noise"))
    assert best.split()[:3] == ["1", "1–2", "ddpm2d-ct-roi"]
    assert noise.split()[:4] == ["-", "-", "control:", "noise"]
    assert "[0.0025 to 0.0057]" in told
    assert "FID" not in told


def test_every_metric_has_a_line_with_its_floor(board, capsys):
    assert run(["leaderboard", "show", "--all"]) == 0
    told = capsys.readouterr().out
    assert "FID 2048 unavailable: Inception-v3 weights not found" in told
    assert "…" not in told
    lines = [line.split() for line in told.splitlines()]
    kid = next(line for line in lines if "ddpm2d-ct-roi" in line)
    assert kid[:3] == ["1", "1–2", "ddpm2d-ct-roi"]
    assert " ".join(kid[3:6]) == "Embedder KID ↓"
    assert kid[7:10] == ["0.0025", "to", "0.0057"]
    assert kid[11] == "to"
    assert kid[-1] == "declared"
    assert ["FID", "2048", "↓", "unavailable"] in lines


@pytest.mark.parametrize("suite", ["demo", "uterus-2d-roi", "uterus-3d-roi"])
def test_no_column_of_the_board_is_cut(suite, capsys):
    assert run(["leaderboard", "show", str(ROOT / "leaderboard"), "--suite", suite]) == 0
    told = capsys.readouterr().out
    assert "value [interval]" in told
    assert "…" not in told
    head = told.splitlines()[3].split()
    assert head[:3] == ["tier", "place", "generator"]
    assert head[-1] == "verified"


def test_as_json(board, capsys):
    assert run(["--json", "leaderboard", "show", "--suite", "demo", "--scope", "rv-rf"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["boards"]
    assert (found["suite"], found["scope"], len(found["rows"])) == ("demo", "rv-rf", len(GENERATORS))
    first = found["rows"][0]
    assert first["tier"]["best"] == first["place"]["best"] == 1
    kid = next(result for result in first["results"] if result["metric"] == "kid-embedder")
    assert kid["ci"]["low"] < kid["value"] < kid["ci"]["high"]


def test_another_suite_has_no_entries(board, capsys):
    assert run(["leaderboard", "show", "--suite", "uterus-2d-roi"]) == 0
    assert capsys.readouterr().out == "no entries to show\n"


def test_what_was_retracted_or_superseded(board, capsys):
    newer = file(board, demo(supersedes=demo().id, training_data=["more of it"]))
    (board / "retractions.yaml").write_text("retractions: [{metric: lpips, reason: wrong layer}]")
    assert run(["leaderboard", "show", "--all"]) == 0
    told = capsys.readouterr().out
    assert "LPIPS withheld: withdrawn: wrong layer" in told
    assert run(["--json", "leaderboard", "show"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["boards"]
    shown = {row["entry"] for row in found["rows"]}
    assert newer.stem in shown
    assert demo().id not in shown


def test_markup_of_strangers_is_text(tmp_path, capsys):
    data = sample(suite=CLAIMS)
    data["generator"] = data["generator"] | {"name": "[bold red]x[/] [link=https://a.org]y"}
    (tmp_path / "a.json").write_text(json.dumps(data))
    assert run(["leaderboard", "show", str(tmp_path / "a.json")]) == 0
    told = capsys.readouterr().out
    assert "[bold" in told
    assert "\x1b" not in told


def test_nothing_is_shown_while_a_check_fails(board, capsys):
    next((board / "entries").rglob("*.json")).write_text("{")
    assert run(["leaderboard", "show"]) == 1
    assert capsys.readouterr().out == ""


def test_no_board_here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["leaderboard", "show"]) == 2
    assert "expected entries to show" in capsys.readouterr().err
