import errno
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from synthuterus_bench.errors import DataError
from synthuterus_bench.repro import MANY_FILES, atomic_path, check_place, staged_folder


def test_a_folder_appears_whole(tmp_path):
    out = tmp_path / "deep" / "out"
    with staged_folder(out) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("x")
        assert not out.parent.exists()
    assert (out / "sub" / "file").read_text(encoding="utf-8") == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert os.stat(out).st_mode & 0o777 == 0o755


@pytest.mark.parametrize(("files", "waits"), [(3, (5, 0)), (MANY_FILES, (1, 1))])
def test_many_files_are_flushed_at_once(tmp_path, monkeypatch, files, waits):
    """Each file, the folder and the one above it; of many files the disk is waited for once."""
    calls = {"fsync": 0, "sync": 0}
    monkeypatch.setattr(os, "fsync", lambda handle: calls.update(fsync=calls["fsync"] + 1))
    monkeypatch.setattr(os, "sync", lambda: calls.update(sync=calls["sync"] + 1))
    with staged_folder(tmp_path / "out") as folder:
        for number in range(files):
            (folder / str(number)).write_text("x")
    assert (calls["fsync"], calls["sync"]) == waits
    assert len(list((tmp_path / "out").iterdir())) == files


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


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from synthuterus_bench.repro import staged_folder\n"
        "with staged_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'file').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code, tmp_path / "out"], check=False)
        (left,) = tmp_path.iterdir()
        assert left.suffix == ".partial"
    fill(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_folder_of_a_run_still_alive_stays(tmp_path):
    with ExitStack() as run:
        slow = run.enter_context(staged_folder(tmp_path / "out"))
        fill(tmp_path / "out")
        assert slow.is_dir()
        shutil.rmtree(tmp_path / "out")
        (slow / "file").write_text("slow")
    assert (tmp_path / "out" / "file").read_text(encoding="utf-8") == "slow"


def test_others_of_a_similar_name_stay(tmp_path):
    others = [".out.b.abcdefgh.partial", ".out.work", ".out.abc.partial", "out.abcdefgh.partial"]
    for name in others:
        (tmp_path / name).mkdir()
    (tmp_path / ".out.abcdefgh.partial").write_text("a file's own temporary")
    fill(tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"out", ".out.abcdefgh.partial", *others}


@pytest.mark.parametrize("name", ["out", "."])
def test_an_empty_folder_may_be_filled(tmp_path, monkeypatch, name):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out" if name == "." else tmp_path)
    fill(Path(name))
    assert (tmp_path / "out" / "file").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("make", [staged_folder, atomic_path])
def test_errors_of_the_disk_name_what_was_to_be_written(tmp_path, make, number):
    with pytest.raises(OSError) as caught, make(tmp_path / "out") as temporary:
        raise OSError(number, "", str(temporary))
    assert caught.value.filename == str(tmp_path / "out")


def test_a_place_is_tried_without_a_trace(tmp_path):
    check_place(tmp_path / "deep" / "out")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        check_place(tmp_path / "file" / "out")


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
    assert (tmp_path / "full" / "file").read_text(encoding="utf-8") == "before"
