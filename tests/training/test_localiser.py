from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, WeightsError
from synthuterus_bench.nets.segmenter import FILE, Localiser, parts_of
from synthuterus_bench.prep.localise import draw
from synthuterus_bench.training.annotated import choose, pictures, read, slices
from synthuterus_bench.training.config import LocaliserConfig
from synthuterus_bench.training.localiser import (
    LocaliserTask,
    _held,
    load_record,
    pseudo_labels,
    round_digest,
    train_localiser,
)
from synthuterus_bench.vocab import UTERUS, Split


def tiny(steps=2, **changes):
    usual = {"warmup_steps": 1, "decay_steps": 0, "checkpoint_every": 1}
    return LocaliserConfig(steps=steps, **usual | {"annotated": 3, "pseudo": 4, "confident": 0.0, "batch": 2} | changes)


def test_annotated_patients_and_the_others_are_apart(cohort):
    chosen, waiting = choose(cohort, 5, 12, seed=0)
    assert len({place.patient for place in chosen}) == 5
    assert len(chosen) == 10
    assert len(waiting) == 12
    assert not {place.patient for place in chosen} & {place.patient for place in waiting}
    assert choose(cohort, 5, 12, seed=0) == (chosen, waiting)
    assert choose(cohort, 5, 12, seed=1)[0] != chosen
    names = {scan.scan_id for scan in cohort.scans(Split.TRAIN)}
    assert {scan.scan_id for scan in read(cohort, chosen + waiting)} < names


def test_too_few_masks_and_imported_cohorts_are_refused(cohort, tmp_path):
    with pytest.raises(CohortError, match=r"found 20 training patients with masks, expected 25"):
        choose(cohort, 25, 0, seed=0)
    scans = [replace(scan, mask=None) for scan in list(cohort.scans(Split.TRAIN))[:4]]
    for intensity in ("window", "native"):
        writer = CohortWriter(tmp_path / intensity, Manifest(
            name="n", view="roi", dims=2, intensity=intensity, splits={}, digest=""))  # fmt: skip
        for scan in scans:
            writer.add(scan)
        with pytest.raises(CohortError, match=r"found (0 training patients|an imported cohort)"):
            choose(writer.close(), 1, 0, seed=0)


def test_volumes_are_learned_from_slice_by_slice(cohort):
    scan = next(cohort.scans(Split.TRAIN))
    volume = replace(scan, pixels=np.stack([scan.pixels] * 3), mask=np.stack([scan.mask, scan.mask, 0 * scan.mask]))
    assert slices(volume).shape == (3, 128, 128)
    found = pictures(iter([volume, scan]))
    assert len(found) == 4
    assert found[2].uterus is None
    with pytest.raises(CohortError, match="found no uterus in the masks of 1 pictures"):
        pictures(iter([replace(scan, mask=0 * scan.mask)]))


def test_four_pictures_are_learned_by_heart(cohort):
    found = pictures(read(cohort, choose(cohort, 2, 0, seed=0)[0]))
    task = LocaliserTask(tiny(), 1, [found], Accelerator(cpu=True))
    z, mask = np.stack([p.z for p in found])[:, ::2, ::2], np.stack([p.mask for p in found])[:, ::2, ::2]
    optimizer = torch.optim.AdamW(task.net.parameters(), lr=5e-3)
    for _ in range(80):
        optimizer.zero_grad()
        task.criterion(
            task.net(torch.from_numpy(z.copy())[:, None]), torch.from_numpy(parts_of(mask)).float()
        ).backward()
        optimizer.step()
    drawn = np.isin(draw(Localiser(task.net, "")(z)), UTERUS)
    truth = parts_of(mask)[:, :3].any(1)
    assert 2 * (drawn & truth).sum() / (drawn.sum() + truth.sum()) > 0.9


class Sure:
    """A teacher that knows the masks, and is sure of every other scan."""

    def __init__(self, masks):
        self.masks, self.asked = iter(masks), 0

    def __call__(self, z):
        self.asked += 1
        return parts_of(next(self.masks)[None]).astype(np.float32) * np.float32(0.98 if self.asked % 2 else 0.8)


def test_only_confident_pseudo_labels_are_kept(cohort):
    scans = list(cohort.scans(Split.TRAIN))[:6]
    kept = pseudo_labels([slices(scan) for scan in scans], Sure([scan.mask for scan in scans]), 0.9)
    assert len(kept) == 3
    for picture, scan in zip(kept, scans[::2], strict=True):
        assert np.array_equal(picture.z, slices(scan)[0])
        same = parts_of(picture.mask[None])[:, :3] == parts_of(scan.mask[None])[:, :3]
        assert same.mean() > 0.998, "only seams and holes differ"


def test_a_killed_training_ends_in_the_same_weights(cohort, tmp_path, monkeypatch):
    whole = train_localiser(cohort, tiny(), tmp_path / "whole")
    for kill_at in ((1, 1), (2, 1)):
        with monkeypatch.context() as patch:
            _die_at(patch, *kill_at)
            with pytest.raises(KeyboardInterrupt):
                train_localiser(cohort, tiny(), tmp_path / "pieces")
    assert train_localiser(cohort, tiny(), tmp_path / "pieces").sha256 == whole.sha256
    record = load_record(tmp_path / "pieces")
    assert (record.annotated_pictures, record.pseudo_offered, record.steps_a_round) == (6, 4, 2)
    with pytest.raises(WeightsError, match="other data or settings"):
        train_localiser(cohort, tiny(seed=1), tmp_path / "pieces")
    with pytest.raises(WeightsError, match="no record"):
        load_record(tmp_path)


def _die_at(patch, number, step):
    honest = LocaliserTask.loss

    def loss(self, at, part):
        if (self.number, at) == (number, step):
            raise KeyboardInterrupt
        return honest(self, at, part)

    patch.setattr(LocaliserTask, "loss", loss)


def test_the_second_round_starts_where_the_first_ended(cohort, tmp_path):
    train_localiser(cohort, tiny(1, pseudo=0, negatives=1.0), tmp_path)
    first = load_file(tmp_path / "round-1" / FILE)
    second = load_file(tmp_path / "round-2" / FILE)
    moved = max(float((first[key].float() - second[key].float()).abs().max()) for key in first)
    assert 0 < moved < 5e-3


def test_the_first_round_knows_nothing_of_pseudo_labels(cohort):
    ours, theirs = tiny(pseudo=0), tiny(pseudo=4, confident=0.5)
    assert round_digest(cohort, ours, 1, 1) == round_digest(cohort, theirs, 1, 1)
    assert round_digest(cohort, ours, 2, 1) != round_digest(cohort, theirs, 2, 1)
    assert round_digest(cohort, tiny(4), 1, 1) == round_digest(cohort, tiny(2), 1, 1)
    assert round_digest(cohort, tiny(4), 2, 1) != round_digest(cohort, tiny(2), 2, 1)


def test_validation_looks_at_masks_of_the_validation_split_only_when_asked(cohort):
    watched = _held(cohort, tiny(evaluate_every=1))
    assert len(watched) == cohort.manifest.splits[Split.VALIDATION]
    assert _held(cohort, tiny()) == []
    task = LocaliserTask(tiny(), 1, [watched], Accelerator(cpu=True), watched)
    with torch.no_grad():
        assert task.validate() == task.validate() > 0
