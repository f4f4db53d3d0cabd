"""``croissant.json`` as mlcroissant, the reference library, reads it."""

import json

import pytest

from synthuterus_bench.cohorts.rows import features
from synthuterus_bench.release.croissant import EMPTY
from synthuterus_bench.release.merge import merge
from tests.release.made import make_release

mlc = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed: pip install synthuterus-bench[dev]")

EXPECTED = ('/datePublished" is recommended', '/url" is recommended')
"""A release does not know when and where it will be published."""


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    home = tmp_path_factory.mktemp("croissant")
    make_release(home / "images", scans=8)
    make_release(home / "volumes", "ddpm3d-ct-roi", scans=4)
    merge([home / "images", home / "volumes"], home / "synthuterus")
    return home / "synthuterus"


@pytest.fixture(scope="module")
def read(release):
    return mlc.Dataset(jsonld=str(release / "croissant.json"))


def test_it_is_valid(read):
    issues = read.metadata.ctx.issues
    assert not issues.errors
    assert all(any(known in warning for known in EXPECTED) for warning in issues.warnings)


@pytest.mark.parametrize(("config", "rows"), [("roi", 8), ("volumes-roi", 4)])
def test_its_records_are_the_rows(read, release, config, rows):
    found = list(read.records(config))
    assert [record[f"{config}/seed"] for record in found] == [1000 + index for index in range(rows)]
    assert found[0][f"{config}/prompt"].decode().startswith("sagittal T2-weighted TSE of an anteverted")
    names = list(read.records("orientations"))
    assert names[found[1][f"{config}/orientation"]]["orientations/name"] == "av-rf"
    if config == "roi":
        assert (found[0]["roi/image"].mode, found[0]["roi/image"].size) == ("I;16", (128, 128))
    else:
        assert found[0]["volumes-roi/volume"] == b"synth-volumes-roi-00000.nii.gz"


def test_every_column_that_is_filled_is_described(release):
    said = json.loads((release / "croissant.json").read_text(encoding="utf-8"))
    fields = {one["@id"]: {field["name"] for field in one["field"]} for one in said["recordSet"]}
    assert fields["roi"] == set(features(2)) - set(EMPTY)
    assert fields["volumes-roi"] == set(features(3)) - set(EMPTY)


def test_responsible_ai_fields(read, release):
    said = json.loads((release / "croissant.json").read_text(encoding="utf-8"))
    assert {name for name in said if name.startswith("rai:")} >= {
        "rai:dataCollection",
        "rai:dataBiases",
        "rai:dataLimitations",
        "rai:dataUseCases",
        "rai:dataSocialImpact",
        "rai:personalSensitiveInformation",
        "rai:annotationsPerItem",
    }
    assert "14 candidates were drawn for 12 rows" in said["rai:dataCollection"]
    assert any("not proven private" in one for one in read.metadata.data_limitations)
    assert read.metadata.data_use_cases
    assert read.metadata.personal_sensitive_information
