import shutil

import pytest

from synthuterus_bench.cohorts.imports.dataset import is_dataset, open_dataset
from synthuterus_bench.cohorts.layout import audit_file, config_of, configs_in, is_cohort
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import CohortError
from synthuterus_bench.vocab import Config, View
from tests.cohorts.test_store import write
from tests.release.made import make_release


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Two configs, put together by hand."""
    out = make_release(tmp_path_factory.mktemp("layout") / "synthuterus", "ddpm2d-ct-full", scans=4)
    roi = make_release(out.parent / "roi", scans=8)
    shutil.copytree(roi / "roi", out / "roi")
    return out


def test_every_view_and_shape_has_its_config():
    found = [config_of(view, dims) for dims in (2, 3) for view in View]
    assert found == ["full", "roi", "volumes-full", "volumes-roi"] == [*Config]


def test_a_release_opens_as_its_default_or_as_one_config(release):
    assert configs_in(release) == ["full", "roi"]
    whole, roi = load_cohort(release), load_cohort(release / "roi")
    assert (whole.config, len(whole), len(list(whole.scans()))) == ("full", 4, 4)
    assert (roi.config, len(roi), len(list(roi.scans()))) == ("roi", 8, 8)
    assert whole.root == whole.home == roi.home == release
    assert audit_file(whole.home, whole.config).is_file()
    assert load_cohort(release / "full").manifest == whole.manifest


def test_a_config_alone_in_a_folder_of_another_name_still_opens(release, tmp_path):
    copy = shutil.copytree(release / "roi", tmp_path / "elsewhere")
    assert [scan.scan_id for scan in load_cohort(copy).scans()] == [f"synth-roi-{k:05d}" for k in range(8)]


def test_a_cohort_is_no_release(tmp_path):
    cohort = write(tmp_path / "c")
    assert configs_in(cohort.root) == []
    assert is_cohort(cohort.root)
    assert (cohort.home, cohort.shards) == (cohort.root, cohort.root / "roi")


def test_two_prepared_views_beside_each_other_are_no_release(release, tmp_path):
    for view in ("full", "roi"):
        shutil.copytree(release / view, tmp_path / view)
    assert not is_cohort(tmp_path)
    with pytest.raises(CohortError, match=r"no cohort\.json"):
        load_cohort(tmp_path)


def test_an_import_takes_the_default_of_a_release(release):
    assert is_dataset(release)
    found = open_dataset(release)
    assert found.ours == load_cohort(release).manifest
    assert [path.parent.name for path, _ in found.files] == ["full"]
