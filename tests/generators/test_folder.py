"""A folder of somebody else's is looked at before anything in it is loaded."""

import json
import shutil
from pathlib import Path

import pytest

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.folder import check_folder, weights_digest
from synthuterus_bench.generators.pipeline import load_pipeline


@pytest.fixture
def folder(tiny_model, tmp_path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    return copy


def change(folder: Path, **entries: object) -> None:
    file = folder / "model_index.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | entries))


def test_what_was_trained_here_passes(tiny_model):
    check_folder(tiny_model)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"_class_name": "DDPMPipeline"}, "found a pipeline DDPMPipeline"),
        ({"_class_name": ["mine", "SynthUterusPipeline"]}, "found a pipeline"),
        ({"unet": ["diffusers", "UNet1DModel"]}, "found unet diffusers.UNet1DModel"),
        ({"unet": ["diffusers", ["UNet2DModel"]]}, "found unet diffusers"),
        ({"unet": ["mine", "UNet2DConditionModel"]}, "found unet mine.UNet2DConditionModel, expected diffusers"),
        ({"unet": ["transformers", "CLIPTextModel"]}, "found unet transformers.CLIPTextModel"),
        ({"tokenizer": ["mine", "CLIPTokenizer"]}, "found tokenizer mine.CLIPTokenizer"),
        ({"safety_checker": ["mine", "Checker"]}, "found safety_checker, which no generator of this package has"),
        ({"unet": 3}, "not an index"),
        ({"sigma_data": "much"}, "not a loadable pipeline"),
    ],
)
def test_an_index_that_names_anything_else_is_refused(folder, entries, said):
    change(folder, **entries)
    with pytest.raises(WeightsError, match=said):
        load_pipeline(folder)


def test_code_is_refused(folder):
    (folder / "unet" / "mine.py").write_text("")
    with pytest.raises(WeightsError, match=r"found code \(mine\.py\)"):
        check_folder(folder)


def test_a_part_that_lies_elsewhere_is_refused_since_its_digest_would_not_be_seen(folder, tmp_path):
    (folder / "unet").rename(tmp_path / "elsewhere")
    (folder / "unet").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WeightsError, match="found unet, a link to another folder"):
        check_folder(folder)


def test_links_to_files_are_how_the_hub_keeps_them(folder, tmp_path):
    file = folder / "unet" / "config.json"
    file.rename(tmp_path / "blob")
    file.symlink_to(tmp_path / "blob")
    check_folder(folder)


def test_the_words_of_a_tokenizer_are_part_of_the_digest(folder):
    before = weights_digest(folder)
    (folder / "tokenizer" / "merges.txt").write_text("a b\n")
    assert weights_digest(folder) != before
