"""Regimes and probes on planted pictures: what tells the class is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from synthuterus_bench import weights
from synthuterus_bench.bench import probing, tasks
from synthuterus_bench.bench.suite import DEMO, ROI, Probes, Regime, Suite
from synthuterus_bench.bench.tasks import score_tasks
from synthuterus_bench.board.arithmetic import wrong_arithmetic
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.vocab import CLASSES

SIDE = 32
SLIM = {"net": "slim-resnet", "side": SIDE, "learning_rate": 3e-3}
CHANCE = 0.25
BOTH_PROBES = ("probe-masked", "probe-border")


class Middle:
    """A stand-in for the localiser: the uterus is a square of 12 pixels in the middle of every picture."""

    sha256 = "d" * 64

    def __call__(self, z):
        parts = np.zeros((len(z), 5, *z.shape[1:]), np.float32)
        parts[:, 0, 10:22, 10:22] = 1
        return parts


@pytest.fixture(autouse=True)
def _localiser(monkeypatch):
    monkeypatch.setattr(probing, "load_localiser", Middle)


def planted(n, seed, where, field_tells=True):
    """Noise with a bright spot in one of four places, near the ``corner`` or in the ``middle``: its place is the class.

    Pictures at 3 T have twice the noise, if ``field_tells``.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % len(CLASSES)
    fields = np.where(np.arange(n) // len(CLASSES) % 2, 3.0, 1.5)
    z = rng.normal(size=(n, SIDE, SIDE)) * np.where(field_tells, fields / 3, 0.75)[:, None, None]
    starts = {"corner": (0, SIDE - 4), "middle": (11, 17)}[where]
    for image, label in zip(z, labels, strict=True):
        row, column = starts[label // 2], starts[label % 2]
        image[row : row + 4, column : column + 4] += 4
    means = z.reshape(n, 4, 8, 4, 8).mean((2, 4)).reshape(n, -1)
    return Labelled(to_window(z), means, labels, np.arange(n), fields)


def small(*regimes, probes=None, seeds=(0,)):
    changes = {"id": "small", "regimes": regimes, "probes": probes, "seeds": seeds, "resamples": 60}
    return DEMO.model_copy(update=changes)


SUPERVISED = Regime(name="supervised", updates=24, **SLIM)


def run(suite, where="middle", **options):
    sets = [planted(n, seed, where) for seed, n in enumerate((96, 96, 48))]
    return score_tasks(suite, *sets, device="cpu", workers=1, **options)


def pick(done, metric, scope="pooled", regime=None):
    (found,) = [
        one
        for one in done.results
        if (one.metric, one.scope) == (metric, scope) and regime in (None, one.params["regime"])
    ]
    return found


@pytest.fixture(scope="module")
def everything():
    """Three regimes and all probes of pictures whose class is told by the organ."""
    few = Regime(name="labels-10", updates=12, share=0.1, **SLIM)
    suite = small(SUPERVISED, few, Regime(name="k-means"), probes=Probes(margin=1, frame=5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probing, "load_localiser", Middle)
        return run(suite)


def test_every_measure_of_every_regime_in_every_scope(everything):
    measures = ("macro-f1", "macro-f1-gain", "balanced-accuracy", "auc", "macro-f1-added")
    expected = {
        (m, s, r) for m in measures for s in ("pooled", *CLASSES) for r in ("supervised", "labels-10", "k-means")
    }
    expected |= {(m, s, "supervised") for m in (*BOTH_PROBES, "anatomy-gap") for s in ("pooled", *CLASSES)}
    expected |= {("probe-field", "pooled", "supervised")}
    assert {(one.metric, one.scope, one.params["regime"]) for one in everything.results} == expected
    assert {one.status for one in everything.results} == {"ok"}
    assert list(wrong_arithmetic(everything.results)) == []
    for one in everything.results:
        assert one.ci.low <= one.value <= one.ci.high
        assert one.ci.unit == "patient"
        assert (one.floor is None) == (one.metric == "macro-f1-added")
        assert one.per_seed == [one.value]


def test_a_shape_in_the_organ_is_learned_and_gone_with_it(everything):
    assert pick(everything, "macro-f1", regime="supervised").value > 0.9
    assert pick(everything, "auc", regime="supervised").value > 0.98
    gap = pick(everything, "anatomy-gap")
    assert gap.value > 0.5
    assert gap.ci.low > 0.4
    assert gap.ci.method.startswith("paired")
    for name in BOTH_PROBES:
        assert pick(everything, name).value < CHANCE + 0.2
        assert pick(everything, name).params["guessing"] == pytest.approx(CHANCE, abs=0.02)
        assert pick(everything, name).direction == "none"


def test_field_strength_is_learned_where_it_shows(everything):
    found = pick(everything, "probe-field")
    assert found.params["field_strengths"] == "1.5, 3"
    assert found.params["guessing"] == pytest.approx(0.5, abs=0.02)
    assert found.value > 0.9


def test_a_tenth_of_the_labels_teaches_less(everything):
    few, all_ = (pick(everything, "macro-f1", regime=name) for name in ("labels-10", "supervised"))
    assert few.value < all_.value
    assert few.params["share"] == 0.1


def test_every_seed_has_its_value_and_its_own_tenth_of_the_labels(monkeypatch):
    learned = []

    def kept(jobs, **_):
        learned.extend(jobs)
        return [np.eye(4)[(np.arange(48) + job.seed) % 4] for job in jobs]

    monkeypatch.setattr("synthuterus_bench.bench.task.run_jobs", kept)
    done = run(small(Regime(name="labels-10", updates=12, share=0.1, **SLIM), seeds=(0, 1)))
    found = pick(done, "macro-f1")
    assert found.per_seed == [1, 0]
    assert found.value == 0.5
    assert len(done.confusions) == 6
    assert [job.updates for job in learned] == [12] * 6
    assert sorted(len(job.labels) for job in learned) == [8, 8, 8, 8, 16, 16]
    images = [{image.tobytes() for image in job.pixels} for job in learned if len(job.labels) == 8]
    assert len(set.union(*images)) == 32


def test_confusions_of_every_regime_arm_and_seed(everything):
    names = {name.removesuffix(", seed 0") for name in everything.confusions}
    assert names == {
        f"{regime}, {arm}"
        for regime in ("supervised", "labels-10", "k-means")
        for arm in ("submission", "real", "both")
    }


def test_a_bright_corner_is_found_by_both_probes_and_leaves_no_gap():
    done = run(small(SUPERVISED, probes=Probes(margin=1, frame=5)), "corner")
    assert pick(done, "macro-f1").value > 0.9
    for name in BOTH_PROBES:
        assert pick(done, name).value > 0.9
    gap = pick(done, "anatomy-gap")
    assert gap.value == pytest.approx(0, abs=0.1)
    assert gap.ci.low <= 0.0 <= gap.ci.high + 0.05


def test_a_corner_in_the_submission_alone_does_not_pass_for_anatomy():
    """Real pictures have their spot in the middle: what was learned from corners fails on them, whole or masked."""
    learn, real, test = planted(96, 0, "corner"), planted(96, 1, "middle"), planted(48, 2, "middle")
    done = score_tasks(small(SUPERVISED, probes=Probes(margin=1, frame=5)), learn, real, test, device="cpu", workers=1)
    gap = pick(done, "anatomy-gap")
    assert gap.value < 0.3
    assert gap.floor.value > 0.5


def test_submission_that_teaches_what_real_images_lack_adds_to_them():
    """The real arm never saw one of the classes told apart rightly: its labels are shuffled, the submission's not."""
    learn, real, test = (planted(n, seed, "middle") for seed, n in enumerate((96, 96, 48)))
    wrong = replace(real, labels=np.random.default_rng(0).permutation(real.labels))
    done = score_tasks(small(SUPERVISED), learn, wrong, test, device="cpu", workers=1)
    added = pick(done, "macro-f1-added")
    assert added.value > 0.2
    assert added.ci.low > 0
    assert added.ci.method.startswith("paired")


def test_probes_without_field_strengths_say_why():
    learn, real, test = (planted(n, seed, "middle") for seed, n in enumerate((24, 24, 24)))
    quick = small(SUPERVISED.model_copy(update={"updates": 1}), probes=Probes(margin=1, frame=5))
    silent = score_tasks(quick, replace(learn, fields=None), real, test, device="cpu", workers=1)
    found = pick(silent, "probe-field")
    assert (found.status, found.reason) == ("unavailable", "the submission does not say field strengths")
    one = replace(learn, fields=np.full(24, 3.0))
    found = pick(score_tasks(quick, one, real, test, device="cpu", workers=1), "probe-field")
    assert found.reason.endswith("found 3 T, expected two or more")


def test_too_few_images_leave_every_cell_unavailable():
    learn, real, test = (planted(n, seed, "middle") for seed, n in enumerate((3, 24, 24)))
    done = score_tasks(
        small(SUPERVISED, Regime(name="k-means"), probes=Probes(margin=1, frame=5)), learn, real, test, device="cpu"
    )
    assert {one.status for one in done.results} == {"unavailable"}
    assert {one.metric for one in done.results} >= {"auc", "macro-f1-added", "anatomy-gap", *BOTH_PROBES, "probe-field"}
    assert all("expected at least 2 images of each class" in one.reason for one in done.results)
    assert done.confusions == {}


PRETRAINED = Regime(name="pretrained", net="resnet18", side=SIDE, updates=6, learning_rate=3e-4, both=False)


def test_pretrained_without_its_file_is_unavailable_and_the_others_are_not(tmp_path):
    done = run(small(PRETRAINED, Regime(name="k-means")), weights_dir=tmp_path)
    lacking = [one for one in done.results if one.params["regime"] == "pretrained"]
    assert {one.status for one in lacking} == {"unavailable"}
    assert all(weights.RESNET18.file in one.reason and str(tmp_path) not in one.reason for one in lacking)
    assert pick(done, "macro-f1", regime="k-means").status == "ok"


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A random file of the architecture, trusted by its digest."""
    from torchvision.models import resnet18

    torch.manual_seed(0)
    torch.save(resnet18().state_dict(), tmp_path / weights.RESNET18.file)
    sha256 = weights.digest_file(tmp_path / weights.RESNET18.file)
    monkeypatch.setattr(tasks, "RESNET18", replace(weights.RESNET18, sha256=sha256[:8]))
    return tmp_path, sha256


def test_pretrained_begins_with_the_file(published, monkeypatch):
    folder, sha256 = published
    begun = []

    def kept(jobs, **_):
        begun.extend(job.start for job in jobs)
        return [np.full((48, 4), 0.25) for _ in jobs]

    monkeypatch.setattr("synthuterus_bench.bench.task.run_jobs", kept)
    done = run(small(PRETRAINED), weights_dir=folder)
    assert pick(done, "macro-f1").params["weights_sha256"] == sha256
    assert pick(done, "auc").value == 0.5
    assert all("layer4.1.bn2.weight" in state for state in begun)


@pytest.mark.slow
def test_pretrained_learns(published):
    done = run(small(PRETRAINED.model_copy(update={"updates": 18})), weights_dir=published[0])
    assert pick(done, "macro-f1").value > 0.8


def test_a_damaged_file_is_told_from_a_missing_one(published):
    folder, _ = published
    torch.save({"fc.bias": torch.zeros(4)}, folder / weights.RESNET18.file)
    found = pick(run(small(PRETRAINED), weights_dir=folder), "macro-f1")
    assert found.status == "unavailable"
    assert "found SHA-256" in found.reason


def test_probes_need_the_regime_they_learn_by():
    with pytest.raises(ValueError, match="not among its own"):
        Suite(**(DEMO.model_dump() | {"regimes": (Regime(name="k-means"),), "probes": Probes(margin=1, frame=1)}))


def test_the_suites_hold_what_the_paper_asks():
    assert [regime.name for regime in ROI.regimes] == ["supervised", "pretrained", "labels-10", "k-means"]
    assert len(ROI.seeds) == 3
    assert ROI.probes is not None
    assert DEMO.probes is None
