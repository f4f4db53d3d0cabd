import pytest

from synthuterus_bench.board.retractions import apply_retractions, load_retractions
from synthuterus_bench.entry import Entry
from synthuterus_bench.errors import DataError
from tests.board.samples import entry


def written(tmp_path, text: str):
    path = tmp_path / "retractions.yaml"
    path.write_text(text)
    return path


def withheld(found) -> set[str]:
    return {result.metric for result in found.results if result.status == "withheld"}


def test_shipped_file_loads():
    assert load_retractions() == []


@pytest.mark.parametrize(
    ("version", "bounds", "covered"),
    [
        ("0.1.0", "from: 0.1.0, before: 0.1.2", True),
        ("0.1.1", "from: 0.1.0, before: 0.1.2", True),
        ("0.1.2", "from: 0.1.0, before: 0.1.2", False),
        ("0.1.10", "from: 0.1.0, before: 0.1.2", False),
        ("0.0.9", "from: 0.1.0", False),
        ("9.0", "from: 0.1.0", True),
        ("nonsense", "before: 0.1.0", True),
        (None, "before: 0.1.0", True),
    ],
)
def test_version_range(tmp_path, version, bounds, covered):
    path = written(tmp_path, f"retractions: [{{metric: fid-64, {bounds}, reason: wrong layer}}]")
    environment = {} if version is None else {"synthuterus-bench": version}
    shown = apply_retractions(entry(environment=environment), load_retractions(path))
    assert withheld(shown) == ({"fid-64"} if covered else set())


def test_whole_entry(tmp_path):
    wrong = entry()
    path = written(tmp_path, f"retractions: [{{entry: {wrong.id}, reason: images mixed up}}]")
    shown = apply_retractions(wrong, load_retractions(path))
    assert {(result.status, result.value, result.reason) for result in shown.results} == {
        ("withheld", None, "withdrawn: images mixed up")
    }
    assert apply_retractions(entry("ldm2d-ct-roi"), load_retractions(path)) == entry("ldm2d-ct-roi")


def test_the_id_is_computed_once_an_entry(tmp_path, monkeypatch):
    """It is a digest of the whole; an entry has a hundred results and a board a thousand entries."""
    asked = []
    monkeypatch.setattr(Entry, "id", property(lambda self: asked.append(1) or "ab" * 32))
    path = written(tmp_path, f"retractions: [{{entry: {'cd' * 32}, reason: a}}, {{entry: {'ab' * 32}, reason: b}}]")
    shown = apply_retractions(entry(), load_retractions(path))
    assert {result.reason for result in shown.results} == {"withdrawn: b"}
    assert len(asked) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "retractions: 1",
        "[",
        "retractions: [{reason: x}]",
        "retractions: [{metric: a, entry: b, reason: x}]",
        "a: !!python/object:os.system {}",
    ],
)
def test_broken_file(tmp_path, text):
    with pytest.raises(DataError, match=r"retractions\.yaml: "):
        load_retractions(written(tmp_path, text))
