"""What was pushed is read by ``datasets`` in a process of its own, as anybody would read it."""

import os
import shutil
import subprocess
import sys

import pytest

from synthuterus_bench.release.gate import CHECKSUMS
from synthuterus_bench.release.hub import parcel_of, push
from synthuterus_bench.release.parcel import Kind, Parcel, checksums_of, item_of
from tests.support.hub_server import READ

NAME = "org/synthuterus"


def load(hub, home, code, token=READ, check=True):
    """Run code that calls ``load_dataset`` against the stand-in, with a cache of its own."""
    told = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}
    script = f"from datasets import load_dataset, get_dataset_config_names\nNAME = {NAME!r}\n{code}"
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **told, "HF_TOKEN": token},
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=check,
    )


def test_whole_streamed_and_by_tag(hub, small_release, tmp_path):
    push(parcel_of(small_release), NAME, tag="v1")
    code = """
configs = get_dataset_config_names(NAME)
for revision in ("main", "v1"):
    for config in (None, *configs):
        whole = load_dataset(NAME, config, revision=revision, split="train")
        streamed = load_dataset(NAME, config, revision=revision, split="train", streaming=True)
        for one, other in zip(whole, streamed, strict=True):
            column = "image"
            assert one[column].mode == "I;16" and one[column].size == (128, 128)
            assert one[column].tobytes() == other[column].tobytes()
            assert one["scan_id"] == other["scan_id"]
        print(config, len(whole))
"""
    said = load(hub, tmp_path / "home", code).stdout.split("\n")
    assert said.count("None 8") == 2
    assert hub.count("GET /_lfs") > 0


@pytest.fixture
def two_configs(small_release, tmp_path):
    """A folder with a config more, as a release of several views has."""
    folder = shutil.copytree(small_release, tmp_path / "two" / "synthuterus")
    shutil.copytree(folder / "roi", folder / "full")
    configs = [
        f"- config_name: {name}\n  data_files:\n  - {{split: train, path: {name}/train-*.parquet}}\n{default}"
        for name, default in (("full", "  default: true\n"), ("roi", ""))
    ]
    (folder / "README.md").write_text("".join(["---\nconfigs:\n", *configs, "---\n"]))
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    items = [item_of(name, folder / name) for name in names if name != CHECKSUMS]
    return Parcel(Kind.RELEASE, (item_of(CHECKSUMS, checksums_of(items)), *items))


def test_every_config_by_its_name(hub, two_configs, tmp_path):
    push(two_configs, NAME)
    code = """
assert sorted(get_dataset_config_names(NAME)) == ["full", "roi"]
for config in ("full", "roi"):
    assert len(load_dataset(NAME, config)["train"]) == 8
    assert sum(1 for _ in load_dataset(NAME, config, split="train", streaming=True)) == 8
assert load_dataset(NAME)["train"].info.config_name == "full"
"""
    load(hub, tmp_path / "home", code)


def test_a_private_one_is_not_there_for_a_stranger(hub, small_release, tmp_path):
    push(parcel_of(small_release), NAME)
    refused = load(hub, tmp_path / "home", "load_dataset(NAME)", token="hf_nobody", check=False)
    assert refused.returncode != 0
    assert hub.count("GET /_lfs") == 0
