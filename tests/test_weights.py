import io
import pickle
from pathlib import Path

import pytest
import torch

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.repro import digest_bytes
from synthuterus_bench.weights import KNOWN, Pretrained, load_pretrained, shipped, weights_folder


def known_for(data: bytes) -> Pretrained:
    return Pretrained("net-00000000.pth", "https://example.org/net.pth", digest_bytes(data)[:8], "a test")


def saved(state: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def test_names_carry_the_digest_their_publisher_states():
    for known in KNOWN:
        assert known.file.endswith(f"-{known.sha256}.pth")
        assert known.url.startswith("https://")
        assert known.url.endswith(known.file)


def test_loads_tensors_and_tells_the_whole_digest(tmp_path):
    data = saved({"a": torch.ones(3)})
    known = known_for(data)
    (tmp_path / known.file).write_bytes(data)
    loaded = load_pretrained(known, tmp_path)
    assert torch.equal(loaded.state["a"], torch.ones(3))
    assert loaded.sha256 == digest_bytes(data)


def test_a_missing_file_says_where_to_get_it_and_where_to_put_it(tmp_path):
    with pytest.raises(WeightsError) as caught:
        load_pretrained(KNOWN[0], tmp_path)
    assert KNOWN[0].url in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert str(tmp_path) in caught.value.hint


def test_an_altered_file_is_refused(tmp_path):
    data = saved({"a": torch.ones(3)})
    known = known_for(data)
    (tmp_path / known.file).write_bytes(data + b"x")
    with pytest.raises(WeightsError, match="expected " + known.sha256):
        load_pretrained(known, tmp_path)


class Harm:
    def __reduce__(self):
        return (Path.touch, (Path("harm"),))


@pytest.mark.parametrize("data", [saved({"a": Harm()}), pickle.dumps(Harm()), b"", b"nonsense", saved([1])])
def test_whatever_is_no_dictionary_of_tensors_is_refused_and_never_run(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    known = known_for(data)
    (tmp_path / known.file).write_bytes(data)
    with pytest.raises(WeightsError):
        load_pretrained(known, tmp_path)
    assert not (tmp_path / "harm").exists()


def test_folder_by_option_then_variable_then_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHBENCH_WEIGHTS", str(tmp_path / "b"))
    assert weights_folder(tmp_path / "a") == tmp_path / "a"
    assert weights_folder() == tmp_path / "b"
    monkeypatch.delenv("SYNTHBENCH_WEIGHTS")
    assert weights_folder().parts[-3:] == (".cache", "synthuterus-bench", "weights")


def test_shipped_files_are_found_or_named():
    with pytest.raises(WeightsError, match="no-such-thing"):
        shipped("no-such-thing")
