import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from synthuterus_bench.errors import StudyError, UsageError
from synthuterus_bench.study.exact import clopper_pearson
from synthuterus_bench.study.score import score_study
from synthuterus_bench.vocab import Kind
from tests.study.samples import answer_file, other, sealed


@pytest.fixture(scope="module")
def files(built, tmp_path_factory):
    home = tmp_path_factory.mktemp("answers")
    groups = ["ai-researcher"] * 3 + ["junior-radiologist"] * 2 + ["senior-radiologist"]
    return [
        answer_file(home / f"{k}.json", built.key, k, right=0.55 + 0.05 * k, group=group)
        for k, group in enumerate(groups)
    ]


@pytest.fixture(scope="module")
def score(built, files):
    return score_study(built.key_path, files)


def constant(built, path, answer, reader=1, confidence=3):
    """A reader who says the same of everything, or (a function) what it gives for an item."""
    said = [answer(item) if callable(answer) else answer for item in built.key.items]
    rows = [{"item": k, "answer": one, "confidence": confidence, "ms": 1000 + reader} for k, one in enumerate(said, 1)]
    head = {"schema": "synthuterus-answers/1", "study": built.key.study, "reader": f"{reader:016x}"}
    return sealed(path, {**head, "group": "other", "consent": True, "answers": rows})


def test_counts_are_those_of_the_files(built, files, score):
    said = np.array(
        [[row["answer"] for row in json.loads(file.read_text(encoding="utf-8"))["answers"]] for file in files]
    )
    right = said == np.array([item.kind for item in built.key.items])
    whole = score.groups[0]
    assert (whole.accuracy.hits, whole.accuracy.trials) == (right.sum(), 120)
    assert whole.accuracy.exact == pytest.approx(clopper_pearson(int(right.sum()), 120), rel=1e-5)
    assert [one.accuracy.hits for one in score.readers] == right.sum(1).tolist()
    assert [one.correct for one in score.items] == right.sum(0).tolist()
    assert [one.group for one in score.groups] == ["all", "ai-researcher", "junior-radiologist", "senior-radiologist"]
    assert sum(one.accuracy.hits for one in score.groups[1:]) == whole.accuracy.hits
    assert whole.accuracy_mean.value == pytest.approx(right.mean(), rel=1e-5)


def test_auc_is_the_mean_of_the_readers(built, files, score):
    truth = built.key.synthetic_items
    each = []
    for file in files:
        rows = json.loads(file.read_text(encoding="utf-8"))["answers"]
        each.append(roc_auc_score(truth, [(1 if r["answer"] == "synthetic" else -1) * r["confidence"] for r in rows]))
    assert [one.auc.value for one in score.readers] == pytest.approx(each, rel=1e-5)
    assert score.groups[0].auc.value == pytest.approx(np.mean(each), rel=1e-5)


def test_the_order_of_files_changes_nothing_but_the_list_of_readers(built, files, score):
    again = score_study(built.key_path, files[::-1])
    assert again.groups == score.groups
    assert again.items == score.items


def test_a_perfect_reader_is_above_chance_and_an_inverted_one_below(built, tmp_path):
    one, two = tmp_path / "a.json", tmp_path / "b.json"
    perfect = score_study(built.key_path, [constant(built, one, lambda item: item.kind)]).groups[0]
    inverted = score_study(built.key_path, [constant(built, two, lambda item: other(item.kind))]).groups[0]
    assert (perfect.accuracy.value, perfect.auc.value, perfect.verdict) == (1, 1, "above chance")
    assert (inverted.accuracy.value, inverted.auc.value, inverted.verdict) == (0, 0, "below chance")
    assert perfect.d_prime == -inverted.d_prime > 3
    assert perfect.accuracy_mean.interval == pytest.approx(clopper_pearson(20, 20), rel=1e-5)
    assert perfect.p_value == pytest.approx(2 * 0.5**20, rel=1e-5)


def test_a_reader_who_always_says_real_is_at_chance_but_not_shown_equal(built, tmp_path):
    one = score_study(built.key_path, [constant(built, tmp_path / "a.json", Kind.REAL)]).groups[0]
    assert (one.sensitivity.value, one.specificity.value, one.accuracy.value) == (0, 1, 0.5)
    assert (one.d_prime, one.auc.value, one.verdict, one.equivalent) == (0, 0.5, "not told from chance", False)
    assert one.criterion > 1
    assert one.kappa is None


def test_perfect_readers_together_have_the_interval_of_one(built, tmp_path):
    files = [constant(built, tmp_path / f"{k}.json", lambda item: item.kind, reader=k) for k in range(3)]
    whole = score_study(built.key_path, files).groups[0]
    assert whole.accuracy_mean.interval == pytest.approx(clopper_pearson(20, 20), rel=1e-5)
    assert whole.auc.interval[0] < 1 == whole.auc.interval[1]
    assert whole.kappa == 1
    assert whole.times.wrong is None


def test_many_readers_at_chance_are_shown_equivalent(built, tmp_path):
    files = [answer_file(tmp_path / f"{k}.json", built.key, 100 + k, right=0.5) for k in range(60)]
    whole = score_study(built.key_path, files, margin=0.1).groups[0]
    assert whole.equivalent
    assert not score_study(built.key_path, files, margin=0.01).groups[0].equivalent


def test_the_papers_numbers_stand_beside(score):
    values = {one.group: one.value for one in score.reported}
    assert values == {"ai-researcher": 0.463, "junior-radiologist": 0.4, "senior-radiologist": 0.5}


def test_names_of_real_scans_stay_in_the_key(built, score):
    real = [item.scan_id for item in built.key.items if item.kind is Kind.REAL]
    text = score.model_dump_json()
    assert not [name for name in real if name in text]
    assert len([one for one in score.items if one.scan_id]) == 10


def test_an_edited_key_is_refused(built, files, tmp_path):
    values = json.loads(built.key_path.read_text(encoding="utf-8"))
    for item in values["items"]:
        item["kind"] = other(item["kind"])
    (tmp_path / "key.json").write_text(json.dumps(values))
    with pytest.raises(StudyError, match="the key was changed"):
        score_study(tmp_path / "key.json", files)


def test_nothing_to_score_and_wrong_margins_are_refused(built, files):
    with pytest.raises(UsageError, match="no answer file"):
        score_study(built.key_path, [])
    with pytest.raises(UsageError, match="--margin"):
        score_study(built.key_path, files, margin=0.5)
