import os
import shutil
import signal
import subprocess
import sys

import pytest

from synthuterus_bench.cohorts.layout import audit_file, configs_in
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import DataError, GateError, UsageError
from synthuterus_bench.release.gate import check_release
from synthuterus_bench.release.merge import merge, write_card_anew
from synthuterus_bench.vocab import Config
from tests.release.made import add_selftest, make_release, sign

MODELS = {"roi": "ddpm2d-ct-roi", "full": "ddpm2d-class-full", "volumes-roi": "ddpm3d-ct-roi"}


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    home = tmp_path_factory.mktemp("single")
    made = {name: make_release(home / name, model, 4) for name, model in MODELS.items()}
    add_selftest(made["roi"])
    sign(made["roi"], card=True)
    return made


@pytest.fixture(scope="module")
def merged(single, tmp_path_factory):
    out = tmp_path_factory.mktemp("merged") / "synthuterus"
    merge([single["volumes-roi"], single["roi"], single["full"]], out)
    return out


def test_every_config_is_there_and_the_default_is_full(merged, single):
    check_release(merged)
    assert configs_in(merged) == ["full", "roi", "volumes-roi"]
    assert load_cohort(merged).config is Config.FULL
    for name, release in single.items():
        assert load_cohort(merged / name).manifest == load_cohort(release).manifest
        assert audit_file(merged, name).read_bytes() == audit_file(release, name).read_bytes()
    assert (merged / "audit" / "selftest-roi.json").is_file()
    card = (merged / "README.md").read_text(encoding="utf-8")
    assert "\n# SynthUterus\n" in card
    assert "12 synthetic sagittal T2-weighted MR images and volumes" in card


def test_datasets_loads_every_config_and_streams(merged, tmp_path):
    code = (
        "from datasets import load_dataset\n"
        "load = lambda *names, **how: load_dataset('synthuterus', *names, split='train', **how)\n"
        "assert load()[0]['image'].size == (256, 256), 'full is the default'\n"
        "assert load('full')[3]['scan_id'] == 'synth-full-00003'\n"
        "roi = load('roi')\n"
        "assert (len(roi), roi[0]['image'].mode, roi[0]['image'].size) == (4, 'I;16', (128, 128))\n"
        "assert load('volumes-roi')[0]['volume'].shape == (24, 128, 128)\n"
        "for name in ('full', 'roi', 'volumes-roi'):\n"
        "    rows = list(load(name, streaming=True))\n"
        "    assert [row['seed'] for row in rows] == [1000, 1001, 1002, 1003], name\n"
    )
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=merged.parent, env=offline, check=True)


def test_a_config_twice_is_refused(single, merged, tmp_path):
    with pytest.raises(UsageError, match="found config roi, which"):
        merge([single["roi"], merged], tmp_path / "synthuterus")
    assert not any(tmp_path.iterdir())


def test_neither_order_nor_steps_show(merged, single, tmp_path):
    merge([single["full"], single["roi"]], tmp_path / "first")
    found = merge([tmp_path / "first", single["volumes-roi"]], tmp_path / "whole")
    assert [*found] == ["full", "roi", "volumes-roi"]
    assert (tmp_path / "whole" / "SHA256SUMS").read_text(encoding="utf-8") == (merged / "SHA256SUMS").read_text(
        encoding="utf-8"
    )


def test_what_does_not_pass_the_gate_is_not_merged(single, tmp_path):
    broken = shutil.copytree(single["full"], tmp_path / "broken")
    (broken / "LICENSE").write_text("mine\n")
    with pytest.raises(GateError, match="LICENSE"):
        merge([single["roi"], broken], tmp_path / "synthuterus")
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


def test_licences_must_agree(single, tmp_path):
    other = make_release(tmp_path / "other", "ddpm2d-ct-full", 4, licence="cc0-1.0")
    with pytest.raises(DataError, match="expected one"):
        merge([single["roi"], other], tmp_path / "synthuterus")


def test_a_place_that_is_taken(single, tmp_path):
    (tmp_path / "synthuterus").mkdir()
    (tmp_path / "synthuterus" / "x").touch()
    with pytest.raises(DataError, match="expected nothing there yet"):
        merge([single["roi"]], tmp_path / "synthuterus")


def test_killed_in_the_middle_nothing_is_there_and_a_second_run_ends_in_the_same(single, tmp_path):
    out = tmp_path / "synthuterus"
    code = (
        "import os, signal, sys; from pathlib import Path; from synthuterus_bench.release import merge\n"
        "merge.write_card = lambda *given: os.kill(os.getpid(), signal.SIGKILL)\n"
        "merge.merge([Path(sys.argv[1])], Path(sys.argv[2]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, single["roi"], out], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.suffix for path in tmp_path.iterdir()] == [".partial"]
    merge([single["roi"]], out)
    assert [path.name for path in tmp_path.iterdir()] == ["synthuterus"]
    assert (out / "SHA256SUMS").read_text(encoding="utf-8") == (single["roi"] / "SHA256SUMS").read_text(
        encoding="utf-8"
    )


def test_a_card_is_not_written_onto_rows_that_were_changed(single, tmp_path):
    made = shutil.copytree(single["roi"], tmp_path / "made")
    write_card_anew(made)
    assert (made / "SHA256SUMS").read_text(encoding="utf-8") == (single["roi"] / "SHA256SUMS").read_text(
        encoding="utf-8"
    )
    (made / "roi" / "cohort.json").write_text("{}")
    before = (made / "README.md").read_text(encoding="utf-8")
    with pytest.raises(GateError, match="does not have the digest"):
        write_card_anew(made)
    assert (made / "README.md").read_text(encoding="utf-8") == before
