from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.bench.drawn import drawn_release, is_pipeline
from synthuterus_bench.bench.notes import AGREEMENT, left_out, notes_on
from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.index import INDEX_FILE, build_index, save_index
from synthuterus_bench.release import build
from synthuterus_bench.training.generator import train_generator
from synthuterus_bench.vocab import View
from tests.conftest import tiny_config


@pytest.fixture(scope="module")
def untold(cohort, tmp_path_factory):
    home = tmp_path_factory.mktemp("untold")
    train_generator(parse_id("ddpm2d-uncond-roi"), cohort, tiny_config(), home)
    save_index(build_index(cohort, load_embedder()), home / "pipeline" / INDEX_FILE)
    return home / "pipeline"


@pytest.fixture
def release_of_volumes(cohort, tmp_path):
    """Eight volumes as a generator of volumes would leave them, without its log."""
    manifest = cohort.manifest.model_copy(update={"dims": 3, "splits": {}, "digest": ""})
    writer = CohortWriter(tmp_path / "volumes", manifest)
    for _, scan in zip(range(8), cohort.scans(), strict=False):
        pixels = np.stack([np.roll(scan.pixels, k, 0) for k in range(24)])
        writer.add(replace(scan, pixels=pixels, mask=None, spacing_mm=(4.0, 1.0, 1.0), generator="ddpm3d-ct-roi@0"))
    return writer.close()


def test_a_release_is_drawn_once_and_evaluated_like_any_other(tiny_model, suite, tmp_path, monkeypatch):
    two = suite.model_copy(update={"n_per_class": 2})
    assert is_pipeline(tiny_model)
    release = drawn_release(tiny_model, two, tmp_path)
    before = (release / "roi" / "cohort.json").stat().st_mtime_ns
    assert drawn_release(tiny_model, two, tmp_path) == release
    assert (release / "roi" / "cohort.json").stat().st_mtime_ns == before
    monkeypatch.setattr(build, "version", lambda name: "of another year")
    assert drawn_release(tiny_model, two, tmp_path) != release, "newer libraries draw anew, they do not fail"
    submission = load_submission(release, two)
    assert set(submission.per_class.values()) == {2}
    assert submission.generator.name == "ddpm2d-ct-roi"


def test_classes_of_an_untold_generator_are_measured_and_counted(untold, suite, tmp_path):
    four = suite.model_copy(update={"n_per_class": 4})
    release = drawn_release(untold, four, tmp_path)
    submission = load_submission(release, four)
    assert submission.measured
    assert (len(submission.labels), submission.per_class["ambiguous"]) == (16, 16)
    assert left_out(submission)[AGREEMENT]
    assert "16 of 16 images are ambiguous" in notes_on(submission)[0]
    assert submission.generator.conditioning == "uncond"
    with pytest.raises(SubmissionError, match="found 16 images, expected at least 40"):
        load_submission(release, four.model_copy(update={"min_per_class": 10}))


def test_of_volumes_the_middle_slice_is_taken_and_that_is_said(release_of_volumes, suite):
    two = suite.model_copy(update={"n_per_class": 2})
    submission = load_submission(release_of_volumes.root, two)
    assert submission.pixels.shape == (8, 128, 128)
    middle = {scan.pixels[12].tobytes() for scan in release_of_volumes.scans()}
    assert {image.tobytes() for image in submission.pixels} == middle
    assert notes_on(submission) == ("volumes: the middle slice of each is evaluated",)
    assert submission.generator.dims == 3


def test_a_foreign_pipeline_and_one_of_another_view_are_refused(tiny_model, suite, tmp_path):
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(SubmissionError, match=r"pipeline without training\.json"):
        drawn_release(tmp_path, suite, tmp_path)
    with pytest.raises(SubmissionError, match="expected one of view full"):
        drawn_release(tiny_model, suite.model_copy(update={"view": View.FULL}), tmp_path)
