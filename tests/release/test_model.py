"""What of a model is sent, and what its gate finds."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from synthuterus_bench.errors import GateError, HubError, UsageError, WeightsError
from synthuterus_bench.generators.folder import find_pipeline, weights_digest
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.privacy.index import load_index, save_index
from synthuterus_bench.privacy.losses import measure_membership
from synthuterus_bench.privacy.membership import save_membership
from synthuterus_bench.release.hub import parcel_of, push
from synthuterus_bench.release.model import check_model, is_allowed
from synthuterus_bench.release.pull import pull
from tests.release.test_hub import contents

NAME = "org/ddpm2d-ct-roi"


@pytest.fixture(scope="module")
def tested(tiny_model, cohort, tmp_path_factory):
    """The tiny model with its membership test."""
    folder = shutil.copytree(tiny_model, tmp_path_factory.mktemp("tested") / "model")
    save_membership(folder, measure_membership(folder, cohort.root, scans=8))
    return folder


@pytest.fixture
def model(tested, tmp_path):
    return shutil.copytree(tested, tmp_path / "model")


def names(folder):
    return {item.name for item in parcel_of(folder).items}


def test_a_model_goes_there_and_back(hub, model, tmp_path):
    parcel = parcel_of(model)
    push(parcel, NAME, tag="v1")
    done = pull(NAME, tmp_path / "back", "v1")
    assert done.origin.kind == "model"
    back = contents(tmp_path / "back")
    assert {name: back[name] for name in back if name != "SHA256SUMS"} == contents(model)
    assert weights_digest(tmp_path / "back") == weights_digest(model)
    assert load_pipeline(tmp_path / "back").image_size == 128
    assert names(tmp_path / "back") == names(model)


def test_generate_takes_it_from_the_hub_by_its_commit(hub, model):
    done = push(parcel_of(model), NAME)
    assert weights_digest(find_pipeline("", repo=f"{NAME}@{done.commit}")) == weights_digest(model)


def test_what_a_training_leaves_stays_behind(model):
    before = names(model)
    for name in ("optimizer.safetensors", "checkpoint.json", "events.out.tfevents", "notes.txt", ".DS_Store"):
        (model / name).write_bytes(b"\0")
    (model / "logs").mkdir()
    (model / "logs" / "run.log").write_text("x")
    parcel = parcel_of(model)
    assert {item.name for item in parcel.items} == before
    assert len(parcel.left_out) == 6


def test_codes_of_a_private_cohort_stay_behind_wherever_they_lie(model):
    """Beside the folder, as training puts them, and inside it, where someone may have moved them."""
    shutil.copy(model / "index.safetensors", model / "index.private.safetensors")
    record = json.loads((model / "training.json").read_text(encoding="utf-8"))
    (model / "training.json").write_text(json.dumps(record | {"preset": None}))
    parcel = parcel_of(model)
    assert not {item.name for item in parcel.items} & {"index.safetensors", "index.private.safetensors"}
    assert dict(parcel.left_out)["index.safetensors"] == "codes of training images"


def test_codes_of_another_cohort_stay_behind(model):
    index = load_index(model / "index.safetensors")
    save_index(type(index)(index.codes, index.keys, index.encoder_sha256, "0" * 64), model / "index.safetensors")
    assert "index.safetensors" not in names(model)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("unet/diffusion_pytorch_model.safetensors", True),
        ("unet/diffusion_pytorch_model-00001-of-00002.safetensors", True),
        ("unet/diffusion_pytorch_model.safetensors.index.json", True),
        ("text_encoder/model.safetensors", True),
        ("vae/config.json", True),
        ("measured.json", True),
        ("losses.png", True),
        ("optimizer/model.safetensors", False),
        ("unet/optimizer.safetensors", False),
        ("unet/ema.safetensors", False),
        ("unet/deep/config.json", False),
        ("patients.json", False),
        ("cohort.json", False),
        ("unet/../README.md", False),
    ],
)
def test_the_list_of_what_may_go(name, allowed):
    assert is_allowed(name) is allowed


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values))


HIDDEN = {
    "a path in a setting": ("unet/config.json", {"source": "/home/jane/cohort"}, "absolute path source"),
    "where it was loaded from": ("unet/config.json", {"_name_or_path": "../jane/runs"}, "a place on a disk"),
    "patients": ("unet/config.json", {"patients": ["a", "b"]}, "text under 'patients'"),
    "a patient": ("scheduler/scheduler_config.json", {"test": {"patient_id": "p7"}}, "text under 'patient_id'"),
    "a long list": ("unet/config.json", {"train": [f"s{n}" for n in range(99)]}, "a list of 99 names under 'train'"),
    "a DICOM field": ("unet/config.json", {"InstitutionName": "Saint Elsewhere"}, "JSON key InstitutionName"),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_settings_that_tell_of_people_or_places_are_found(model, name):
    file, values, said = HIDDEN[name]
    change(model / file, **values)
    with pytest.raises(GateError, match=said) as caught:
        parcel_of(model)
    assert not {"jane", "Elsewhere", "p7"} & set(caught.value.message.replace("/", " ").split())


def test_a_path_in_the_training_record_or_the_card_is_found(model):
    record = json.loads((model / "training.json").read_text(encoding="utf-8"))
    (model / "training.json").write_text(json.dumps(record | {"cohort": "/data/jane"}))
    with pytest.raises(GateError, match=r"absolute path cohort in training\.json"):
        parcel_of(model)
    (model / "training.json").write_text(json.dumps(record))
    (model / "README.md").write_text((model / "README.md").read_text(encoding="utf-8") + "\nfrom /data/jane/runs\n")
    with pytest.raises(GateError, match=r"absolute path .md in README\.md"):
        parcel_of(model)


def test_a_record_with_more_than_a_record_is_refused(model):
    change(model / "training.json", patients=["a"])
    with pytest.raises(WeightsError, match="not a training record"):
        parcel_of(model)


def rewrite(path, tensors=None, metadata=None):
    save_file(load_file(path) | (tensors or {}), path, metadata={"format": "pt"} | (metadata or {}))


def test_a_header_and_tensors_that_do_not_belong_are_found(model):
    weights = model / "unet" / "diffusion_pytorch_model.safetensors"
    kept = weights.read_bytes()
    rewrite(weights, metadata={"scan_ids": '["a", "b"]'})
    with pytest.raises(GateError, match="text under 'scan_ids'"):
        parcel_of(model)
    weights.write_bytes(kept)
    rewrite(weights, metadata={"run": "/home/jane/runs"})
    with pytest.raises(GateError, match="absolute path run"):
        parcel_of(model)
    weights.write_bytes(kept)
    rewrite(weights, tensors={"optimizer.exp_avg": torch.zeros(3)})
    with pytest.raises(GateError, match=r"unet has optimizer\.exp_avg in its file"):
        parcel_of(model)


def test_weights_that_are_not_those_that_were_tested(model):
    weights = model / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    name = min(tensors)
    rewrite(weights, tensors={name: tensors[name] + 1})
    with pytest.raises(GateError, match=r"membership\.json is of other weights"):
        parcel_of(model)


def test_a_model_without_test_or_card(model, tiny_model):
    with pytest.raises(WeightsError, match=r"no membership\.json"):
        parcel_of(tiny_model)
    card = (model / "README.md").read_text(encoding="utf-8")
    for text, said in ((card.partition("## Membership")[0], "does not say"), ("# Model\n", "no README.md with a lic")):
        (model / "README.md").write_text(text)
        with pytest.raises(GateError, match=said):
            parcel_of(model)
    (model / "README.md").unlink()
    with pytest.raises(GateError, match=r"found no README\.md"):
        parcel_of(model)


def test_files_that_would_change_the_digest_are_not_left_out_silently(model):
    (model / "unet" / "extra.json").write_text("{}")
    with pytest.raises(GateError, match=r"found unet/extra\.json"):
        parcel_of(model)


def test_a_link_to_another_folder(model, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (model / "logs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GateError, match="a link to another folder"):
        check_model(model)


def test_the_folder_of_a_training_names_the_model_in_it(model, tmp_path):
    (tmp_path / "run").mkdir()
    model.rename(tmp_path / "run" / "pipeline")
    with pytest.raises(UsageError, match="the folder of a training") as caught:
        parcel_of(tmp_path / "run")
    assert str(tmp_path / "run" / "pipeline") in caught.value.hint


def test_code_that_somebody_put_beside_a_model_is_not_kept(hub, model, tmp_path):
    from synthuterus_bench.release.parcel import Kind, Parcel, checksums_of, item_of

    items = [*parcel_of(model).items[1:], item_of("unet.py", b"import os")]
    push(Parcel(Kind.MODEL, (item_of("SHA256SUMS", checksums_of(items)), *items)), NAME)
    with pytest.raises(GateError, match=r"found unet\.py"):
        pull(NAME, tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("name", ["ddpm2d-uncond-roi", "ldm2d-class-roi", "ddpm3d-text-roi"])
def test_every_family_passes(model_of, tmp_path, name):
    """Up to the test, which needs held-out patients."""
    folder = shutil.copytree(model_of(name), tmp_path / "model")
    with pytest.raises(WeightsError, match=r"no membership\.json"):
        check_model(folder)


def test_a_refiner_goes_with_its_model(tiny_refined, cohort, tmp_path):
    folder = shutil.copytree(tiny_refined, tmp_path / "model")
    save_membership(folder, measure_membership(folder, cohort.root, 8))
    checked = check_model(folder)
    assert {"refiner/config.json", "refiner/diffusion_pytorch_model.safetensors"} <= set(checked.kept)
    extra = folder / "refiner" / "notes.md"
    extra.write_text("kept at home")
    assert "refiner/notes.md" not in check_model(folder).kept


def test_a_missing_repository_is_not_made_by_a_pull(hub, tmp_path):
    with pytest.raises(HubError, match="no such release or model"):
        pull(NAME, tmp_path / "back")
    assert hub.count("POST") == 0
