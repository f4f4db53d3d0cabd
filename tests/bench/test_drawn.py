import pytest

from synthuterus_bench.bench.drawn import drawn_release, is_pipeline
from synthuterus_bench.bench.submission import load_submission
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.vocab import View


def test_a_release_is_drawn_once_and_evaluated_like_any_other(tiny_model, suite, tmp_path):
    two = suite.model_copy(update={"n_per_class": 2})
    assert is_pipeline(tiny_model)
    release = drawn_release(tiny_model, two, tmp_path)
    before = (release / "cohort.json").stat().st_mtime_ns
    assert drawn_release(tiny_model, two, tmp_path) == release
    assert (release / "cohort.json").stat().st_mtime_ns == before
    submission = load_submission(release, two)
    assert set(submission.per_class.values()) == {2}
    assert submission.generator.name == "ddpm2d-ct-roi"


def test_a_foreign_pipeline_and_one_of_another_view_are_refused(tiny_model, suite, tmp_path):
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(SubmissionError, match=r"pipeline without training\.json"):
        drawn_release(tmp_path, suite, tmp_path)
    with pytest.raises(SubmissionError, match="expected one of view full"):
        drawn_release(tiny_model, suite.model_copy(update={"view": View.FULL}), tmp_path)
