import shutil

import pytest
from safetensors.numpy import load_file, save_file

from synthuterus_bench.errors import GateError
from synthuterus_bench.privacy.losses import measure_membership
from synthuterus_bench.privacy.mentions import check_mentions, ids_of


@pytest.fixture
def model(tiny_model, tmp_path):
    return shutil.copytree(tiny_model, tmp_path / "model")


def test_what_training_writes_mentions_nobody(model, cohort):
    assert len(ids_of(cohort)) > 72
    check_mentions(model, cohort)


@pytest.mark.parametrize("kind", ["scan_id", "patient_id"])
def test_an_id_in_a_text_is_found_and_not_repeated(model, cohort, kind):
    name = getattr(next(iter(cohort.scans())), kind)
    (model / "README.md").write_text(
        f"{(model / 'README.md').read_text(encoding='utf-8')}\nNot trained on {name}, which is bad.\n"
    )
    with pytest.raises(GateError, match=r"README\.md names 1 scans or patients") as caught:
        measure_membership(model, cohort.root)
    assert name not in caught.value.message


def test_an_id_in_a_header_is_found(model, cohort):
    names = sorted(ids_of(cohort))[:3]
    save_file(load_file(model / "index.safetensors"), model / "index.safetensors", {"keys": ",".join(names)})
    with pytest.raises(GateError, match=r"index\.safetensors names 3 scans or patients"):
        check_mentions(model, cohort)
