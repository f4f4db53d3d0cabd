import shutil
import subprocess
import sys

import pytest

from synthuterus_bench.bench.shipping.parcel import LIMIT, size_of
from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.generators.catalogue import SHIPPED, parse_id
from synthuterus_bench.generators.folder import find_pipeline, weights_digest
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.vocab import VIEW_SIZE


def test_a_folder_loads_in_a_fresh_process(tiny_model):
    code = (
        "from pathlib import Path; import sys\n"
        "from synthuterus_bench.generators.pipeline import load_pipeline\n"
        "print(load_pipeline(Path(sys.argv[1])).image_size)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tiny_model], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "128"


def test_the_record_says_what_it_was_trained_on(tiny_model, cohort):
    record = load_record(tiny_model)
    assert record.cohort_digest == cohort.manifest.digest
    assert record.images_seen == 8
    assert sum(record.proportions.values()) == record.train_scans


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_load_and_stay_small(name):
    folder = find_pipeline(name)
    assert load_pipeline(folder).image_size == VIEW_SIZE[parse_id(name).view]
    assert load_record(folder).model_id == name
    assert size_of(folder) <= LIMIT


def test_the_digest_sees_every_part_and_not_the_card(tiny_model, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    (copy / "README.md").write_text("another card")
    assert weights_digest(copy) == weights_digest(tiny_model)
    config = copy / "unet" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace("{", "{ ", 1))
    assert weights_digest(copy) != weights_digest(tiny_model)


def test_pickled_weights_are_refused(tiny_model, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    (copy / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(WeightsError, match="safetensors only"):
        load_pipeline(copy)


def test_damaged_weights_are_refused(tiny_model, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    file = copy / "unet" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="not a loadable pipeline"):
        load_pipeline(copy)


def test_missing_things_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"no model_index\.json"):
        load_pipeline(tmp_path)
    with pytest.raises(WeightsError, match=r"no training\.json"):
        load_record(tmp_path)
    with pytest.raises(UsageError, match="no weights of ddpm3d-ct-full"):
        find_pipeline("ddpm3d-ct-full")
    with pytest.raises(UsageError, match="no pinned revision"):
        find_pipeline("ddpm2d-ct-roi", repo="org/name")


def test_a_network_of_another_kind_than_the_id_is_refused(tiny_model, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    index = copy / "model_index.json"
    index.write_text(index.read_text(encoding="utf-8").replace("ddpm2d-ct-roi", "ddpm3d-ct-roi"))
    with pytest.raises(WeightsError, match="its denoiser is a UNet2DConditionModel"):
        load_pipeline(copy)


def test_diffusers_own_door_opens_it_without_remote_code(tiny_model):
    from diffusers import DiffusionPipeline

    assert type(DiffusionPipeline.from_pretrained(tiny_model, local_files_only=True)).__name__ == "SynthUterusPipeline"
