"""The frozen protocols: a digest that changes is a new version, never another meaning of the same one."""

import json

import pytest

from synthuterus_bench.bench.suite import DEMO, FOLDER, NAMES, ROI, SUITES, Regime, Suite, find_suite, read_suite
from synthuterus_bench.cohorts.phantom.frozen import frozen
from synthuterus_bench.errors import SuiteError, UsageError
from synthuterus_bench.metrics.prdc import PRDC
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.vocab import Plane

DIGESTS = {
    ("uterus-2d-roi", 1): "7c9f95da2298d251",
    ("uterus-2d-full", 1): "bca1291b2cbeceec",
    ("uterus-3d-roi", 1): "b35c2494095030c6",
    ("uterus-3d-full", 1): "c268f163d94cf299",
    ("demo", 1): "25847009c84a8671",
}
PAPER = ("fid-2048", "lpips", "irs-adjusted")


def test_every_protocol_is_the_frozen_one():
    found = {(suite.id, suite.version): suite.digest[:16] for suite in SUITES.values()}
    assert found == DIGESTS, "a changed protocol is a new version: count it up in the file, then freeze its digest here"


def test_every_file_is_a_suite_that_is_offered():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(NAMES) == set(SUITES)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "demo"])
def test_the_phantom_reference_is_the_frozen_hospital(name):
    suite = SUITES[name]
    assert suite.phantom_digest == frozen(suite.phantom, suite.view, suite.dims)["digest"]
    assert (suite.phantom_scans, suite.phantom_seed) == (None, 0)


def test_the_papers_protocol_is_part_of_the_2d_suites():
    for name in ("uterus-2d-roi", "uterus-2d-full"):
        assert set(PAPER) <= set(SUITES[name].metrics)
        assert [regime.name for regime in SUITES[name].regimes] == ["supervised", "pretrained", "labels-10", "k-means"]
        assert len(SUITES[name].seeds) == 3
        assert SUITES[name].probes


def test_precision_and_recall_never_stand_without_anatomy():
    assert any(PRDC[0].name in suite.metrics for suite in SUITES.values())
    for suite in SUITES.values():
        if {metric.name for metric in PRDC} & set(suite.metrics):
            assert {"anatomy-plausible", "anatomy-valid", "anatomy-agreement"} <= set(suite.metrics)


def test_every_setting_changes_the_digest():
    digests = {suite.digest for suite in SUITES.values()}
    for update in ({"permutations": 51}, {"seeds": (1,)}, {"n_real_per_class": 95}, {"phantom_digest": "0" * 64}):
        digests.add(DEMO.model_copy(update=update).digest)
    assert len(digests) == len(SUITES) + 4


def test_an_unknown_suite_is_a_wrong_command():
    with pytest.raises(UsageError, match="uterus-2d-roi or uterus-2d-full"):
        find_suite("none")


def changed(**update):
    return json.dumps(json.loads((FOLDER / "uterus-3d-roi.json").read_text(encoding="utf-8")) | update)


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"metrics": ["fid"]}, "no such metric fid"),
        ({"volume_metrics": ["lpips"]}, "lpips is no measure of features"),
        ({"size": 256}, "size and window"),
        ({"planes": ["coronal"]}, "sagittal as its first plane"),
        ({"dims": 2}, "planes and volumes belong to 3D"),
        ({"version": 0}, "version"),
        ({"colour": "red"}, "colour"),
        ({"id": "other"}, "expected uterus-3d-roi"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, update, said):
    path = tmp_path / "uterus-3d-roi.json"
    path.write_text(changed(**update))
    with pytest.raises(SuiteError, match=said):
        read_suite(path)


def test_regimes_say_all_of_how_they_learn():
    with pytest.raises(ValueError, match="belong to every regime but k-means"):
        Regime(name="supervised", net="resnet18", side=64, learning_rate=1e-3)
    with pytest.raises(ValueError, match="belong to every regime but k-means"):
        Regime(name="k-means", updates=3)


def test_volumes_are_compared_in_three_planes_and_as_wholes():
    for name in ("uterus-3d-roi", "uterus-3d-full"):
        suite = SUITES[name]
        assert suite.planes == tuple(Plane)
        assert {"irs-adjusted", "fd-embedder"} <= set(suite.volume_metrics) <= set(METRICS)
    assert ROI.needs == {METRICS[name].need for name in ROI.metrics}
    assert Suite.model_validate_json(json.dumps(ROI.model_dump(mode="json"))).digest == ROI.digest
