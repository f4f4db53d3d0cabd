import os
from pathlib import Path

import pytest

from synthuterus_bench.errors import DataError
from synthuterus_bench.repro import staged_folder


def test_a_folder_appears_whole(tmp_path):
    out = tmp_path / "deep" / "out"
    with staged_folder(out) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("x")
        assert not out.parent.exists()
    assert (out / "sub" / "file").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert os.stat(out).st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_nothing(tmp_path, error):
    with pytest.raises(error):
        fill(tmp_path / "deep" / "out", error)
    assert list(tmp_path.iterdir()) == []


def fill(out, error=None):
    with staged_folder(out) as folder:
        (folder / "file").write_text("x")
        if error:
            raise error


@pytest.mark.parametrize("name", ["out", "."])
def test_an_empty_folder_may_be_filled(tmp_path, monkeypatch, name):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out" if name == "." else tmp_path)
    fill(Path(name))
    assert (tmp_path / "out" / "file").exists()


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("full", "^full: found a folder with files in it, expected nothing there yet$"),
        ("full/file", "^full/file: found a file, expected nothing there yet$"),
        ("full/file/below", "full/file: found a file, expected a folder to write below under$"),
    ],
)
def test_what_exists_stays(tmp_path, monkeypatch, out, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("before")
    with pytest.raises(DataError, match=message):
        fill(Path(out))
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["full", "full/file"]
    assert (tmp_path / "full" / "file").read_text() == "before"
