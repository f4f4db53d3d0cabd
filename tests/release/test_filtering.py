from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.bench.foreign import read_foreign
from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import DataError, QuotaError, SubmissionError
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import PrivacyFilter
from synthuterus_bench.privacy.index import build_index
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.release import filtering
from synthuterus_bench.release.filtering import filter_set
from synthuterus_bench.release.merge import merge
from synthuterus_bench.vocab import CLASSES, Split, View
from tests.release.made import make_release


@pytest.fixture(scope="module")
def judge(cohort):
    return PrivacyFilter(load_embedder(), build_index(cohort, load_embedder()))


@pytest.fixture(scope="module")
def mixed(cohort, tmp_path_factory):
    """Six images of unseen patients, one training image, one unseen image again."""
    fresh, copies = list(cohort.scans(Split.TEST)), list(cohort.scans(Split.TRAIN))
    scans = [*fresh[:12:2], copies[3], fresh[0]]
    manifest = cohort.manifest.model_copy(update={"splits": {}, "digest": ""})
    writer = CohortWriter(tmp_path_factory.mktemp("mixed") / "set", manifest)
    for number, scan in enumerate(scans):
        writer.add(replace(scan, scan_id=f"s-{number}", split=Split.TRAIN, mask=None))
    return writer.close()


def filtered(mixed, judge, out):
    found = read_foreign(mixed.root, View.ROI)
    return filter_set(found.scans(), found.manifest, judge, out)


def test_copies_and_repetitions_fall_with_their_bound(mixed, judge, tmp_path):
    made, counts = filtered(mixed, judge, tmp_path / "out")
    assert [scan.scan_id for scan in made.scans()] == [f"s-{number}" for number in range(6)]
    assert counts["by_bound"] == {"tau": 1, "duplicate": 1}
    header, *records, footer = read_log(tmp_path / "out" / "audit/roi.jsonl")
    assert (footer["generated"], footer["accepted"]) == (8, 6)
    assert records[6]["bound"] == "tau"
    assert (records[7]["bound"], records[7]["duplicate_of"]) == ("duplicate", 0)
    assert header["reference_digest"] == judge.index.reference_digest
    assert "s-0" not in (tmp_path / "out" / "audit/roi.jsonl").read_text(encoding="utf-8")


def test_how_many_are_judged_at_once_changes_no_byte(mixed, judge, tmp_path, monkeypatch):
    filtered(mixed, judge, tmp_path / "one")
    monkeypatch.setitem(filtering._PIECE, 2, 3)
    filtered(mixed, judge, tmp_path / "two")
    one, two = (
        {path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()}
        for home in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


def test_where_nothing_passes_nothing_is_written(mixed, judge, tmp_path):
    with pytest.raises(QuotaError, match="none of which passes"):
        filtered(mixed, replace(judge, tau=-1.0), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_class_folders_are_read_and_others_are_named(cohort, tmp_path):
    for scan in cohort.scans(Split.TEST):
        (tmp_path / "set" / scan.orientation).mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / scan.orientation / f"{scan.scan_id}.png").write_bytes(encode_png(scan.pixels))
    found = read_foreign(tmp_path / "set", View.ROI)
    scans = list(found.scans())
    assert len(found) == len(scans) == cohort.manifest.splits[Split.TEST]
    assert {scan.orientation for scan in scans} == set(CLASSES)
    assert not any("test-" in scan.scan_id for scan in scans)
    assert all(scan.pixels.dtype == np.uint16 for scan in scans)
    with pytest.raises(SubmissionError, match="nothing there"):
        read_foreign(tmp_path / "none", View.ROI)
    with pytest.raises(DataError, match="expected full"):
        read_foreign(cohort.root, View.FULL)


def test_of_a_release_the_config_of_the_reference_is_taken(tmp_path):
    images = make_release(tmp_path / "images", "ddpm2d-ct-roi")
    volumes = make_release(tmp_path / "volumes", "ddpm3d-ct-roi", scans=4)
    merge([images, volumes, make_release(tmp_path / "full", "ddpm2d-ct-full", scans=4)], tmp_path / "all")
    found = [(len(one), one.manifest.dims) for one in (read_foreign(tmp_path / "all", View.ROI, d) for d in (2, 3))]
    assert found == [(8, 2), (4, 3)]
    assert len(read_foreign(tmp_path / "all", View.FULL)) == 4
