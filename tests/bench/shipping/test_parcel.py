from pathlib import Path

import pytest

from synthuterus_bench.bench.shipping import parcel
from synthuterus_bench.bench.shipping.parcel import CONTENTS, LIMIT, TOTAL, check_parcel, ship, size_of
from synthuterus_bench.bench.shipping.yard import VOLUMES
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.catalogue import SHIPPED
from synthuterus_bench.generators.folder import find_pipeline
from synthuterus_bench.generators.measured import load_measured
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.vocab import PresetName

ROOT = Path(__file__).parents[3]


def folder(path: Path, size: int = 10) -> Path:
    path.mkdir(parents=True)
    for name in CONTENTS:
        (path / name).write_bytes(b"x" * size)
    (path / "model_index.json").write_text('{"_class_name": "SynthUterusPipeline"}')
    return path


@pytest.mark.parametrize("model", SHIPPED)
def test_every_shipped_model_has_its_card_index_records_and_pictures(model):
    home = find_pipeline(model)
    assert load_record(home).cohort == PresetName.V1
    check_parcel(home)
    assert load_measured(home).samples >= VOLUMES
    assert (ROOT / "docs" / "images" / f"{model}.png").read_bytes() == (home / "samples.png").read_bytes()


def test_all_that_ships_is_no_larger_than_allowed():
    assert sum(size_of(find_pipeline(model)) for model in SHIPPED) <= TOTAL


def test_an_older_copy_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "shipped" / "one"
    ship(folder(tmp_path / "old"), target)
    (target / "stray.txt").write_text("of the old one")
    ship(folder(tmp_path / "new", 20), target)
    assert {path.name: path.stat().st_size for path in target.iterdir() if path.name != "model_index.json"} == {
        name: 20 for name in CONTENTS if name != "model_index.json"
    }
    assert [path.name for path in target.parent.iterdir()] == ["one"]


def test_what_lacks_a_picture_stays(tmp_path):
    home = folder(tmp_path / "one")
    (home / "losses.png").unlink()
    with pytest.raises(WeightsError, match=r"no losses\.png"):
        ship(home, tmp_path / "shipped" / "one")
    assert not (tmp_path / "shipped").exists()


def test_what_is_too_large_stays_and_the_largest_file_is_named(tmp_path):
    home = folder(tmp_path / "one")
    (home / "training.json").write_bytes(b"x" * LIMIT)
    with pytest.raises(WeightsError, match=r"bytes, 12,582,912 of them training\.json, expected at most"):
        check_parcel(home)


@pytest.mark.parametrize("limit", ["LIMIT", "TOTAL"])
@pytest.mark.parametrize(("name", "counts"), [("samples.png", False), ("index.safetensors", False), ("new.json", True)])
def test_pictures_and_index_do_not_count(tmp_path, monkeypatch, name, counts, limit):
    home, target = folder(tmp_path / "one"), tmp_path / "shipped" / "one"
    monkeypatch.setattr(parcel, limit, parcel.size_of(home) + 100)
    (home / name).write_bytes(b"x" * 500)
    if counts:
        with pytest.raises(WeightsError, match="expected"):
            ship(home, target)
    else:
        ship(home, target)
    assert target.exists() is not counts


def test_so_does_what_is_too_large_with_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(parcel, "TOTAL", 150)
    ship(folder(tmp_path / "a"), tmp_path / "shipped" / "a")
    ship(folder(tmp_path / "b", 12), tmp_path / "shipped" / "a")
    with pytest.raises(WeightsError, match="expected <= 150"):
        ship(folder(tmp_path / "c"), tmp_path / "shipped" / "c")
