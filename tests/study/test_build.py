import json
import shutil
import stat
from pathlib import Path

import pytest

from synthuterus_bench.errors import DataError, StudyError, UsageError
from synthuterus_bench.study.build import build_study, key_home, shuffle
from synthuterus_bench.study.key import load_key
from synthuterus_bench.vocab import Kind
from tests.study.samples import cohort, pixels


def test_the_key_lies_beside_and_is_private(built):
    assert [path.name for path in built.page.parent.iterdir()] == ["study.html"]
    assert built.key_path.parent.name == "out.private"
    assert stat.S_IMODE(built.key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(built.key_path.parent.stat().st_mode) == 0o700
    assert load_key(built.key_path) == built.key


def test_as_many_of_each_kind_and_class(built):
    kinds = [item.kind for item in built.key.items]
    assert kinds.count(Kind.REAL) == kinds.count(Kind.SYNTHETIC) == 10
    classes = {kind: sorted(item.orientation for item in built.key.items if item.kind is kind) for kind in Kind}
    assert classes[Kind.REAL] == classes[Kind.SYNTHETIC]


def test_a_second_run_gives_the_same_bytes(built, sources, tmp_path):
    again = build_study(*sources, tmp_path / "again", n=10, seed=3)
    assert again.page.read_bytes() == built.page.read_bytes()
    assert again.key_path.read_bytes() == built.key_path.read_bytes()
    other = build_study(*sources, tmp_path / "other", n=10, seed=4)
    assert other.key.study != built.key.study


def test_the_order_hangs_on_more_than_the_seed():
    order = lambda salt: [place for _, place in shuffle([(Kind.REAL, k) for k in range(20)], 0, salt)]
    assert order("a") == order("a") != order("b")


def test_a_key_changed_later_is_refused(built, tmp_path):
    values = json.loads(built.key_path.read_text(encoding="utf-8"))
    values["items"][0]["kind"] = "real" if values["items"][0]["kind"] == "synthetic" else "synthetic"
    path = tmp_path / "key.json"
    path.write_text(json.dumps(values))
    with pytest.raises(StudyError, match="the key was changed"):
        load_key(path)


def test_a_lost_page_is_made_again_but_no_other_key_is_overwritten(sources, tmp_path):
    first = build_study(*sources, tmp_path / "out", n=4)
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(StudyError, match="the key of another study"):
        build_study(*sources, tmp_path / "out", n=4, seed=1)
    assert not (tmp_path / "out").exists()
    assert build_study(*sources, tmp_path / "out", n=4).key == first.key
    with pytest.raises(DataError, match="expected nothing there yet"):
        build_study(*sources, tmp_path / "out", n=4)


def test_scans_that_cannot_be_one_study_are_refused(sources, tmp_path):
    with pytest.raises(StudyError, match="found the scans of"):
        build_study(sources[0], sources[0], tmp_path / "out")
    stacks = cohort(tmp_path / "stacks", Kind.SYNTHETIC, people=1, each=1, slices=3).root
    with pytest.raises(StudyError, match="roi in 2D and roi in 3D"):
        build_study(sources[0], stacks, tmp_path / "out", n=4)
    small = cohort(tmp_path / "small", Kind.SYNTHETIC, people=1, each=1, pixels=pixels(Kind.REAL, 0)[:8, :8]).root
    with pytest.raises(StudyError, match="the shape would tell the kind"):
        build_study(sources[0], small, tmp_path / "out", n=4)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.private").exists()


def test_the_folder_here_has_its_key_beside_it_too(sources, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    made = build_study(*sources, Path("."), n=4)
    assert made.key_path == tmp_path / "here.private" / "key.json"
    assert made.page == here / "study.html"
    assert [path.name for path in here.iterdir()] == ["study.html"]


@pytest.mark.parametrize("out", ["/", "..", "study/.."])
def test_a_place_without_a_name_is_refused_before_anything_is_read(out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="found no name of a folder at its end"):
        build_study(tmp_path / "none", tmp_path / "none", Path(out))
    assert not [*tmp_path.iterdir()]
    assert key_home(Path("a/study")) == Path("a/study.private")


def test_without_its_page_no_key_stays(sources, tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="expected nothing there yet"):
        build_study(*sources, tmp_path / "full", n=4)
    monkeypatch.setattr("synthuterus_bench.study.build.study_page", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_study(*sources, tmp_path / "deep" / "out", n=4)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
