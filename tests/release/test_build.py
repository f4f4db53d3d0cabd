import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.errors import DataError, GateError, QuotaError, WeightsError
from synthuterus_bench.generators import refiner
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.privacy.index import load_index
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.privacy.selftest_record import Cell, SelfTest
from synthuterus_bench.release.build import ReleasePlan, generate, is_of_plan
from synthuterus_bench.release.checksums import write_checksums
from synthuterus_bench.release.gate import check_release
from synthuterus_bench.vocab import CLASSES, Config
from tests.release.made import change_log

SAMPLER = SamplerConfig(steps=2, dtype="float32")


@pytest.fixture(scope="module")
def plan(tiny_model):
    return ReleasePlan("ddpm2d-ct-roi", tiny_model, scans=40, sampler=SAMPLER, tau=0.999)


@pytest.fixture(scope="module")
def release(plan, tmp_path_factory):
    return generate(plan, tmp_path_factory.mktemp("release") / "synthuterus", workers=1)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_rows_classes_and_audit(release):
    scans = list(release.scans())
    assert Counter(scan.orientation for scan in scans) == dict.fromkeys(CLASSES, 10)
    assert all(scan.pixels.dtype == np.uint16 and scan.prompt and scan.patient_id is None for scan in scans)
    records = {record["seed"]: record for record in read_log(audit_file(release.root, Config.ROI))[1:-1]}
    assert all(records[scan.seed]["max_similarity"] == pytest.approx(scan.max_similarity) for scan in scans)


def test_datasets_loads_it_without_a_network(release, tmp_path):
    code = (
        "import datasets\n"
        "d = datasets.load_dataset('synthuterus')['train']\n"
        "assert len(d) == 40 and d.features['orientation'].names[:4] == ['av-af', 'av-rf', 'rv-af', 'rv-rf']\n"
        "assert d[0]['image'].mode == 'I;16' and d[0]['image'].size == (128, 128)\n"
    )
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=release.root.parent, env=offline, check=True)


def test_the_number_of_workers_changes_no_byte(plan, release, tmp_path):
    again = generate(plan, tmp_path / "synthuterus", workers=2)
    assert contents(again.root) == contents(release.root)


def test_a_second_run_finds_it_done_and_another_plan_is_refused(plan, release):
    before = contents(release.root)
    assert generate(plan, release.root, workers=1).manifest == release.manifest
    with pytest.raises(DataError, match="another seed"):
        generate(replace(plan, seed=1), release.root, workers=1)
    assert contents(release.root) == before


def test_a_release_is_of_the_plan_it_was_made_by_and_of_no_other(plan, release, tmp_path):
    assert is_of_plan(release.root, plan)
    assert not is_of_plan(release.root, replace(plan, seed=plan.seed + 1))
    assert not is_of_plan(release.root, replace(plan, sampler=replace(plan.sampler, guidance=9.0)))
    assert not is_of_plan(tmp_path, plan)


def test_a_release_of_before_steps_could_be_spaced_is_one_of_even_steps(plan, tmp_path):
    even = replace(plan, scans=4, sampler=replace(SAMPLER, spacing=1.0))
    made = generate(even, tmp_path / "synthuterus")

    def forget(records):
        del records[0]["sampler"]["spacing"]

    change_log(made.root, forget)
    before = contents(made.root)
    assert generate(even, made.root).manifest == made.manifest
    with pytest.raises(DataError, match="another sampler"):
        generate(replace(even, sampler=SAMPLER), made.root)
    assert contents(made.root) == before


def test_a_run_killed_in_the_middle_ends_in_the_same_bytes(plan, release, tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from synthuterus_bench.generators.solve import SamplerConfig\n"
        "from synthuterus_bench.release.build import ReleasePlan, generate\n"
        "plan = ReleasePlan('ddpm2d-ct-roi', Path(sys.argv[1]), scans=40, tau=0.999,\n"
        "                   sampler=SamplerConfig(steps=2, dtype='float32'))\n"
        "generate(plan, Path(sys.argv[2]), workers=1)\n"
    )
    out = tmp_path / "synthuterus"
    run = subprocess.Popen([sys.executable, "-c", code, plan.folder, out])
    work = tmp_path / ".synthuterus.work"
    while run.poll() is None and not list(work.rglob("*.safetensors")):
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not out.exists()
    generate(plan, out, workers=1)
    assert contents(out) == contents(release.root)
    assert not work.exists()


def test_rejected_candidates_are_replaced_by_the_next_of_the_release(plan, release, tmp_path):
    similarities = sorted(scan.max_similarity for scan in release.scans())
    strict = replace(plan, tau=similarities[-3] - 1e-6, cap=20)
    made = generate(strict, tmp_path / "synthuterus", workers=1)
    _, *candidates, footer = read_log(audit_file(made.root, Config.ROI))
    assert len(made) == footer["accepted"] == 40
    assert footer["rejected"] >= 3
    assert footer["max_kept_similarity"] <= strict.tau
    assert all(record["bound"] == "tau" for record in candidates if record["decision"] == "rejected")
    assert [record["index"] for record in candidates] == list(range(len(candidates)))
    rejected = [record for record in candidates[:40] if record["decision"] == "rejected"]
    for first, second in zip(rejected, candidates[40:], strict=False):
        assert (first["orientation"], first["prompt"]) == (second["orientation"], second["prompt"])


def test_a_class_that_cannot_be_filled_stops_and_leaves_no_release(plan, tmp_path):
    with pytest.raises(QuotaError, match="0 of 10 places filled after 20 candidates"):
        generate(replace(plan, tau=-1.0, cap=2), tmp_path / "synthuterus", workers=1)
    assert not (tmp_path / "synthuterus").exists()


def test_a_reference_cohort_can_be_given(plan, cohort, release, tmp_path):
    made = generate(replace(plan, reference=cohort.root), tmp_path / "synthuterus", workers=1)
    assert [scan.max_similarity for scan in made.scans()] == pytest.approx(
        [scan.max_similarity for scan in release.scans()], abs=2e-3
    )


def test_the_card_says_when_the_reference_is_not_the_training_data(plan, release, tmp_path):
    other = draw_cohort(tmp_path / "other", scans=24, seed=77)
    made = generate(replace(plan, reference=other.root), tmp_path / "synthuterus")
    header = read_log(audit_file(made.root, Config.ROI))[0]
    assert (header["reference_is_training_data"], header["reference_digest"]) == (False, other.manifest.digest)
    assert "**not the generator's training images**" in " ".join(
        (made.root / "README.md").read_text(encoding="utf-8").split()
    )
    assert read_log(audit_file(release.root, Config.ROI))[0]["reference_is_training_data"]
    card = (release.root / "README.md").read_text(encoding="utf-8")
    assert "\n| field strength | av-af | av-rf | rv-af | rv-rf | all |\n|---|---|---|---|---|---|\n| " in card


def test_weights_of_another_model_are_refused(plan, tmp_path):
    with pytest.raises(WeightsError, match="found weights of ddpm2d-ct-roi, expected ddpm2d-ct-full"):
        generate(replace(plan, model="ddpm2d-ct-full"), tmp_path / "synthuterus")


def test_a_model_without_an_index_asks_for_a_reference(plan, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(plan.folder, folder)
    (folder / "index.safetensors").unlink()
    with pytest.raises(WeightsError, match="no such index"):
        generate(replace(plan, folder=folder), tmp_path / "synthuterus", workers=1)
    assert not (tmp_path / "synthuterus").exists()


@pytest.fixture
def copy(release, tmp_path):
    return shutil.copytree(release.root, tmp_path / "copy")


def test_the_gate_passes_what_generate_made(copy):
    check_release(copy)


def test_the_gate_sees_a_changed_byte(copy):
    file = next((copy / "roi").iterdir())
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(GateError, match="does not have the digest"):
        check_release(copy)


def test_the_gate_sees_an_extra_file(copy):
    (copy / "patients.csv").write_text("x")
    with pytest.raises(GateError, match=r"patients\.csv"):
        check_release(copy)


def test_the_gate_sees_a_row_without_a_record(copy, release):
    from synthuterus_bench.privacy.log import write_log

    header, *candidates, _ = read_log(audit_file(copy, Config.ROI))
    for record in [header, *candidates]:
        record.pop("previous")
    write_log(audit_file(copy, Config.ROI), header, candidates[1:])
    write_checksums(copy)
    with pytest.raises(GateError, match="no accepted audit record"):
        check_release(copy)


def test_the_gate_sees_missing_checksums(copy):
    (copy / "SHA256SUMS").unlink()
    with pytest.raises(GateError, match="no SHA256SUMS"):
        check_release(copy)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("notes.json", '{"InstitutionName": "Saint Elsewhere"}', "JSON key InstitutionName in notes.json"),
        ("NOTES.md", "trained on /home/jane/cohort", "absolute path .md in NOTES.md"),
        ("release.salt", "00" * 32, "salt file in release.salt"),
        ("weights.bin", "\0\1\2", "not looked into .bin in weights.bin"),
    ],
)
def test_the_gate_sees_what_tells_of_people_and_places(copy, name, text, found):
    (copy / name).write_text(text)
    write_checksums(copy)
    with pytest.raises(GateError, match=found) as caught:
        check_release(copy)
    assert not {"Elsewhere", "jane"} & {*caught.value.message.replace("/", " ").split()}


def plant_selftest(plan, tmp_path, caught=99, **changes):
    """The model with a self-test beside its index, of that index unless told otherwise."""
    folder = shutil.copytree(plan.folder, tmp_path / "model")
    index = load_index(folder / "index.safetensors")
    cell = Cell(transform="flip", strength=1, plants=100, caught=caught)
    facts = {"encoder_sha256": index.encoder_sha256, "reference_digest": index.reference_digest} | changes
    test = SelfTest(**facts, cells=[cell], negatives=1000, false_positives=2)
    (folder / "selftest.json").write_text(test.model_dump_json())
    return replace(plan, folder=folder, scans=4)


def test_a_floor_wants_a_selftest_and_the_release_carries_it(plan, tmp_path):
    with pytest.raises(GateError, match=r"no self-test of the privacy filter, expected one for --floor 0\.98"):
        generate(replace(plan, floor=0.98), tmp_path / "none")
    tested = plant_selftest(plan, tmp_path)
    with pytest.raises(DataError, match=r"elsewhere\.json: no self-test"):
        generate(replace(plan, selftest=tmp_path / "elsewhere.json"), tmp_path / "none")
    with pytest.raises(GateError, match=r"below its floor 0\.995"):
        generate(replace(tested, floor=0.995), tmp_path / "none")
    assert not (tmp_path / "none").exists()
    made = generate(replace(tested, floor=0.98), tmp_path / "synthuterus")
    assert (made.home / "audit" / "selftest-roi.json").read_bytes() == (tested.folder / "selftest.json").read_bytes()
    assert "| flip | 99 of 100 |  |  |" in (made.home / "README.md").read_text(encoding="utf-8")


def test_a_selftest_of_another_index_is_refused(plan, tmp_path):
    with pytest.raises(GateError, match="self-test of reference_digest"):
        generate(plant_selftest(plan, tmp_path, reference_digest="0" * 64), tmp_path / "synthuterus")


def test_a_refined_release_says_how_residuals_are_drawn(tiny_refined, cohort, tmp_path):
    plan = ReleasePlan(
        "ldm2d-ct-roi", tiny_refined, scans=4, sampler=SAMPLER, tau=1.0, twin_tau=1.0, reference=cohort.root, cap=40
    )
    made = generate(plan, tmp_path / "synthuterus", workers=1)
    header = read_log(audit_file(made.home, made.config))[0]
    assert header["refiner"] == asdict(refiner.SAMPLER)
    assert generate(plan, tmp_path / "synthuterus", workers=1).root == made.root
    check_release(made.root)
