import json

import pytest

from synthuterus_bench.errors import StudyError
from synthuterus_bench.study.answers import load_answers
from synthuterus_bench.study.build import build_study
from tests.study.samples import answer_file, sealed


@pytest.fixture
def file(built, tmp_path):
    return answer_file(tmp_path / "one.json", built.key, reader=1)


def edited(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}))
    return path


def refused(built, *paths) -> str:
    with pytest.raises(StudyError) as caught:
        load_answers(built.key, paths)
    return str(caught.value)


def test_whole_files_are_read(built, file, tmp_path):
    other = answer_file(tmp_path / "two.json", built.key, reader=2, group="senior-radiologist")
    assert [one.group for one in load_answers(built.key, [file, other])] == ["other", "senior-radiologist"]


@pytest.mark.parametrize("field", ["answer", "confidence", "ms"])
def test_an_edited_answer_is_found(built, file, field):
    rows = json.loads(file.read_text(encoding="utf-8"))["answers"]
    values = {"answer": {"real": "synthetic", "synthetic": "real"}}
    rows[7][field] = values["answer"][rows[7]["answer"]] if field == "answer" else rows[7][field] % 4 + 1
    message = refused(built, edited(file, answers=rows))
    assert message.startswith(f"{file}: ")
    assert "the file was edited" in message


@pytest.mark.parametrize(
    "change", [{"group": "senior-radiologist"}, {"reader": "00000000000000ff"}, {"study": "ab" * 32}]
)
def test_an_edited_head_is_found(built, file, change):
    assert "the file was edited" in refused(built, edited(file, **change))


def test_a_doubled_file_is_named_with_its_twin(built, file, tmp_path):
    copy = tmp_path / "copy.json"
    copy.write_bytes(file.read_bytes())
    message = refused(built, file, copy)
    assert str(copy) in message
    assert f"is in {file} already" in message
    assert "already" in refused(built, file, file)


def test_a_copy_under_another_code_is_found(built, file, tmp_path):
    values = json.loads(file.read_text(encoding="utf-8"))
    copy = sealed(tmp_path / "copy.json", {**values, "reader": "00000000000000ff"})
    assert f"a copy of {file}" in refused(built, file, copy)


def test_a_file_of_another_study_is_refused(built, sources, tmp_path):
    other = build_study(*sources, tmp_path / "other", n=10, seed=9).key
    path = answer_file(tmp_path / "one.json", other, reader=1)
    assert f"belongs to study {other.study[:12]}" in refused(built, path)


def test_incomplete_and_doubled_answers_are_named(built, file):
    values = json.loads(file.read_text(encoding="utf-8"))
    rows = values["answers"]
    sealed(file, {**values, "answers": [row for row in rows if row["item"] not in (3, 7)]})
    assert "incomplete, no answer to 2 of 20 images: 3, 7" in refused(built, file)
    sealed(file, {**values, "answers": [*rows, rows[0]]})
    assert "out of order or twice" in refused(built, file)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"study": 1, "study": 2}', "key given twice"),
        ('{"schema": "synthuterus-answers/1"}', "Field required"),
        ("null", "should be an object"),
        (json.dumps({"schema": "synthuterus-answers/1", "\x1b[31m": 1}), ": "),
    ],
)
def test_hostile_files_are_one_line(built, file, text, told):
    file.write_text(text)
    message = refused(built, file)
    assert told in message
    assert "\n" not in message
    assert "\x1b" not in message


def test_wrong_values_are_refused(built, file):
    values = json.loads(file.read_text(encoding="utf-8"))
    for change in (
        {"consent": False},
        {"group": "chief"},
        {"name": "Erika"},
        {"reader": "../../etc"},
        {"answers": [{**values["answers"][0], "confidence": "4"}]},
        {"answers": [{**values["answers"][0], "ms": 1e308}]},
        {"answers": [{**values["answers"][0], "ms": -1}]},
    ):
        file.write_text(json.dumps({**values, **change}))
        assert str(file) in refused(built, file)


def test_a_huge_file_is_not_read(built, file):
    file.write_text("x" * 4_000_001)
    assert "4000001 bytes" in refused(built, file)


def test_no_file_is_told(built, tmp_path):
    assert "no such answer file" in refused(built, tmp_path / "none.json")
