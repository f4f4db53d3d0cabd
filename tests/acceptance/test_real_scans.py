"""Scans of patients, when they lie beside the project: through import, prep, the benchmark and the filter.

They show no uterus by orientation (two prostates, one pregnancy), so their slices are dealt over the four classes.
"""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import Decision, PrivacyFilter
from synthuterus_bench.privacy.index import build_index
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.vocab import CLASSES, Config, Sequence, Split

REAL = Path(__file__).parents[3] / "shared" / "real-mri"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="no real scans in ../shared/real-mri")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """All slices of the three sagittal scans, by the commands a hospital would give; a table tells the splits."""
    home = tmp_path_factory.mktemp("real")
    (home / "imported.salt").write_text(f"{2:064x}\n")
    labels = home / "labels.csv"
    labels.write_text("id,split\nsub-01,train\nProstateX-0000,train\nProstateX-0001,validation\n")
    for name in ("prostatex", "gravid-haste-bids"):
        shutil.copytree(REAL / name, home / "scans" / name)
    command = ["cohort", "import", str(home / "scans"), "--labels", str(labels), "--out", str(home / "imported")]
    assert run(["--quiet", *command]) == 0
    options = ["--view", "roi", "--slices", "all", "--roi", "middle", "--out", str(home / "cohort")]
    assert run(["--quiet", "prep", str(home / "imported"), *options]) == 0
    return load_cohort(home / "cohort")


def test_every_slice_arrives(prepared):
    scans = list(prepared.scans())
    assert len({scan.patient_id for scan in scans}) == 3
    assert {scan.pixels.shape for scan in scans} == {(128, 128)}
    split_of = {scan.patient_id: scan.split for scan in scans}
    assert Counter(split_of.values()) == {Split.TRAIN: 2, Split.VALIDATION: 1}
    kept = Counter(scan.patient_id for scan in scans)
    assert sorted(kept.values()) == [19, 19, 27], "the oblique stack of 22 slices stands in 27 straight ones"


@pytest.mark.slow
def test_they_are_far_from_the_phantom(prepared, reference, distances, pooled, tmp_path):
    """Ten half-widths of the floor's interval; both floor and interval are wide for 60 images."""
    for k, scan in enumerate(prepared.scans()):
        path = tmp_path / CLASSES[k % len(CLASSES)] / f"{k}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_png(scan.pixels))
    done = evaluate(tmp_path, distances, str(reference.root))
    result = pooled(done, "fd-embedder")
    assert done.details.intensity == "window"
    assert result.value - result.floor.value > 10 * (result.floor.high - result.floor.value)


def test_the_filter_compares_with_them(prepared, tiny_model, tmp_path):
    out = tmp_path / "synthuterus"
    fixed = ["--checkpoint", str(tiny_model), "--reference", str(prepared.root), "--out", str(out)]
    assert run(["--quiet", "generate", *fixed, "--scans", "8", "--steps", "2", "--workers", "1"]) == 0
    header, *records, _ = read_log(audit_file(out, Config.ROI))
    assert header["reference_digest"] == prepared.manifest.digest
    assert header["reference_scans"] == prepared.manifest.splits[Split.TRAIN]
    assert header["reference_is_training_data"] is False
    assert {record["neighbour"] for record in records} <= set(build_index(prepared, load_embedder()).keys)
    assert Counter((scan.field_strength, scan.sequence) for scan in load_cohort(out).scans()) == {
        (1.5, Sequence.HASTE): 4,
        (3.0, Sequence.TSE): 4,
    }
    assert not (tmp_path / ".synthuterus.work").exists()


def test_copies_of_them_are_rejected(prepared):
    judge = PrivacyFilter(load_embedder(), build_index(prepared, load_embedder()))
    verdicts = judge.judge(prepared.arrays(Split.TRAIN)[0])
    assert {verdict.decision for verdict in verdicts} == {Decision.REJECTED}
    assert [verdict.neighbour for verdict in verdicts] == judge.index.keys


def test_another_patient_passes(prepared):
    judge = PrivacyFilter(load_embedder(), build_index(prepared, load_embedder()))
    verdicts = judge.judge(prepared.arrays(Split.VALIDATION)[0])
    assert {verdict.decision for verdict in verdicts} == {Decision.ACCEPTED}
