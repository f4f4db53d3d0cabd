import json

import pytest

from synthuterus_bench.cli import run
from tests.board.samples import sample


@pytest.fixture
def entries(tmp_path):
    for name, generator in (("a", "ddpm2d-ct-roi"), ("b", "ddpm2d-class-roi"), ("c", "ddpm2d-ct-roi")):
        (tmp_path / f"{name}.json").write_text(json.dumps(sample(generator)))
    return tmp_path


def test_two_entries_as_a_table(entries, capsys):
    assert run(["compare", str(entries / "a.json"), str(entries / "b.json")]) == 0
    text = capsys.readouterr().out
    assert text.startswith("A = ddpm2d-ct-roi, B = ddpm2d-class-roi; suite sample-suite v1")
    assert "A better" in text
    assert "Holm in two families" in text
    assert "A is better by kid-embedder" in text


def test_two_entries_as_json_and_as_a_file(entries, tmp_path, capsys):
    file = tmp_path / "comparison.json"
    assert run(["--json", "compare", str(entries / "b.json"), str(entries / "a.json"), "--out", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(file.read_text(encoding="utf-8"))
    assert found["paired"] is False
    (row,) = [row for row in found["rows"] if (row["metric"], row["scope"]) == ("kid-embedder", "pooled")]
    assert row["verdict"] == "second"
    assert row["p_corrected"] > row["p_value"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["a.json", "c.json"], 1, "both entries are of images"),
        (["a.json", "."], 2, "found a folder and an entry"),
        (["a.json", "none.json"], 1, "no such entry file"),
        (["a.json", "b.json", "--out", "."], 2, "found a folder"),
    ],
)
def test_what_cannot_be_compared_is_one_line(entries, monkeypatch, capsys, arguments, code, told):
    monkeypatch.chdir(entries)
    assert run(["compare", *arguments]) == code
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) <= 2


def test_entries_of_other_references_are_refused(entries, capsys):
    other = sample("ddpm2d-class-roi")
    other["suite"] = other["suite"] | {"reference_digest": "ef" * 32}
    (entries / "b.json").write_text(json.dumps(other))
    assert run(["compare", str(entries / "a.json"), str(entries / "b.json")]) == 1
    assert "different references" in capsys.readouterr().err
