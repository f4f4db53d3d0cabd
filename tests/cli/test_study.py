import json

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.study.key import load_key
from synthuterus_bench.vocab import Kind
from tests.study.samples import answer_file, cohort


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    home = tmp_path_factory.mktemp("sources")
    return [str(cohort(home / kind, kind, people=2, each=1).root) for kind in Kind]


@pytest.fixture
def study(sources, tmp_path, capsys):
    command = ["build", "--real", sources[0], "--synthetic", sources[1], "--n", "8", "--out", str(tmp_path / "study")]
    assert run(["--json", "study", *command]) == 0
    return json.loads(capsys.readouterr().out)


def test_build_tells_where_page_and_key_are(study, tmp_path):
    assert study["page"] == str(tmp_path / "study" / "study.html")
    assert study["key"] == str(tmp_path / "study.private" / "key.json")
    assert study["images"] == 16
    assert load_key(tmp_path / "study.private" / "key.json").study == study["study"]


def test_build_again_is_refused(study, sources, tmp_path, capsys):
    command = ["--real", sources[0], "--synthetic", sources[1], "--out", str(tmp_path / "study")]
    assert run(["study", "build", *command, "--n", "8"]) == 1
    assert "expected nothing there yet" in capsys.readouterr().err


def test_score_as_text_json_and_page(study, tmp_path, capsys):
    key = load_key(tmp_path / "study.private" / "key.json")
    files = [str(answer_file(tmp_path / f"{k}.json", key, k, 0.7)) for k in range(2)]
    assert run(["study", "score", study["key"], *files, "--out", str(tmp_path / "score.html")]) == 0
    text = capsys.readouterr().out
    assert "16 images, 2 readers" in text
    assert "not measured here: AI researcher 46.3%" in text
    assert (tmp_path / "score.html").is_file()
    assert run(["--json", "study", "score", study["key"], *files]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "score.json").read_text(encoding="utf-8"))


def test_a_doubled_file_is_named(study, tmp_path, capsys):
    key = load_key(tmp_path / "study.private" / "key.json")
    file = str(answer_file(tmp_path / "a.json", key, 1))
    assert run(["study", "score", study["key"], file, file, "--out", str(tmp_path / "score.html")]) == 1
    assert f"error: {file}: the reader" in capsys.readouterr().err
    assert not (tmp_path / "score.html").exists()


def test_power(capsys):
    arguments = ["--readers", "1", "--readers", "3", "--images", "20", "--images", "100", "--draws", "200"]
    assert run(["--json", "study", "power", "--accuracy", "0.65", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["images_for_one_reader"] == 98
    assert [(cell["readers"], cell["images"]) for cell in found["cells"]] == [(1, 20), (1, 100), (3, 20), (3, 100)]
    assert run(["--quiet", "study", "power", "--equivalent", *arguments]) == 0
    assert run(["study", "power", *arguments]) == 0
    assert "a claim about one reader alone needs 98 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["power", "--accuracy", "0.5"], 2, "--equivalent"),
        (["power", "--equivalent", "--accuracy", "0.7"], 2, "within --margin"),
        (["score", "none.json", "a.json"], 1, "no such key file"),
        (["score", "none.json", "a.json", "--out", "score.txt"], 2, ".html"),
        (["build", "--real", "none", "--synthetic", "none", "--out", "out"], 1, "none: no such folder"),
    ],
)
def test_wrong_commands_are_one_line(arguments, code, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["study", *arguments]) == code
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) <= 2
    assert not [*tmp_path.iterdir()]
