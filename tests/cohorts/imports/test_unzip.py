import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthuterus_bench.cohorts.imports.unzip import extract
from synthuterus_bench.errors import DataError

FILES = {"UMD/a/x_t2.nii.gz": b"image" * 1000, "UMD/b/y.dcm": b"", "UMD/readme.txt": b"hello"}
JUNK = {"__MACOSX/UMD/a/._x_t2.nii.gz": b"x", "UMD/.DS_Store": b"x", "UMD/a/Thumbs.db": b"x"}


def packed(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("UMD/empty/", b"")
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_unpacks_all_but_junk(tmp_path):
    assert extract(packed(tmp_path / "a.zip", FILES | JUNK), tmp_path / "out") == 3
    assert contents(tmp_path / "out") == FILES


def test_goes_on_with_what_is_missing_or_cut(tmp_path):
    archive, out = packed(tmp_path / "a.zip", FILES), tmp_path / "out"
    extract(archive, out)
    before = (out / "UMD/readme.txt").stat().st_mtime_ns
    (out / "UMD/a/x_t2.nii.gz").write_bytes(b"cut")
    (out / "UMD/b/y.dcm").unlink()
    seen = []

    def track(items, label, total=None):
        seen.append(total)
        return iter(items)

    assert extract(archive, out, track) == 3
    assert seen == [2]
    assert contents(out) == FILES
    assert (out / "UMD/readme.txt").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "UMD/../../evil", "..\\evil", "C:/evil", "UMD/a/../../../evil"]
)
def test_nothing_leaves_the_folder(tmp_path, name):
    archive = packed(tmp_path / "a.zip", FILES | {name: b"evil"})
    with pytest.raises(DataError, match="expected names inside the folder"):
        extract(archive, tmp_path / "deep" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_links_in_the_archive_are_refused(tmp_path):
    link = zipfile.ZipInfo("UMD/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="a link or device"):
        extract(tmp_path / "a.zip", tmp_path / "out")


def test_links_in_the_folder_are_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "UMD").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="found a link out of"):
        extract(packed(tmp_path / "a.zip", FILES), tmp_path / "out")
    assert [*(tmp_path / "elsewhere").iterdir()] == []


def test_two_members_of_one_name(tmp_path):
    path = packed(tmp_path / "a.zip", FILES)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("UMD/readme.txt", b"other")
    with pytest.raises(DataError, match="two members of one name"):
        extract(path, tmp_path / "out")


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: raw.replace(b"hello", b"hallo")])
def test_damage_is_one_line_and_leaves_no_half_file(tmp_path, damage):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", b"hello")
    (tmp_path / "a.zip").write_bytes(damage((tmp_path / "a.zip").read_bytes()))
    with pytest.raises(DataError, match="found a damaged or encrypted archive"):
        extract(tmp_path / "a.zip", tmp_path / "out")
    assert contents(tmp_path) == {"a.zip": (tmp_path / "a.zip").read_bytes()}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_ends_in_a_clean_error_or_in_the_right_bytes(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    raw = bytearray(packed(folder / "a.zip", FILES).read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[place] = data.draw(st.integers(0, 255))
    else:
        raw = raw[:place]
    (folder / "a.zip").write_bytes(raw)
    try:
        extract(folder / "a.zip", folder / "out")
    except DataError as error:
        told = error.message
    else:
        told = ""
        assert {*contents(folder / "out").values()} <= {*FILES.values()}
    assert "\n" not in told


def test_other_methods_of_packing_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("UMD/readme.txt", b"hello" * 100)
    with pytest.raises(DataError, match="packed by method 12, expected deflate"):
        extract(tmp_path / "a.zip", tmp_path / "out")
