import errno
import json

import numpy as np
import pytest

from synthuterus_bench.bench.details import details_path, load_details
from synthuterus_bench.bench.provenance import Provenance, describe_generator, read_provenance
from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.bench.reference import load_reference, read_reference
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.entry import load_entry
from synthuterus_bench.errors import CohortError, EntryError, SubmissionError
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.repro import digest_array
from synthuterus_bench.vocab import CLASSES, View


@pytest.fixture(scope="module")
def done(cohort, suite, embedder, tmp_path_factory):
    """The reference cohort handed in against itself."""
    none = tmp_path_factory.mktemp("weights")
    return evaluate(cohort.root, suite, str(cohort.root), embedder=embedder, weights_dir=none)


def test_every_metric_in_every_scope(done, suite):
    scopes = {"pooled", *CLASSES}
    metrics = {*suite.metrics, "macro-f1", "macro-f1-gain", "balanced-accuracy", "auc", "macro-f1-added"}
    assert {(result.metric, result.scope) for result in done.entry.results} == {(m, s) for m in metrics for s in scopes}
    for result in done.entry.results:
        if result.metric in ("fid-2048", "fid-64", "lpips"):
            assert result.status == "unavailable"
            assert ".pth" in result.reason
        else:
            assert result.status == "ok"
            assert (result.floor is None) == (result.metric == "macro-f1-added")


def test_field_strengths_arrive_at_the_probes(cohort, suite, embedder):
    """What a cohort says of its scans, in the order of its images."""
    submission, real = load_submission(cohort.root, suite), read_reference(cohort, suite)
    bank = extract(Sets(submission, real).pixels, {Need.EMBEDDER}, embedder)
    ours, _, test = Sets(submission, real).labelled(bank)
    told = {digest_array(scan.pixels): scan.field_strength for scan in cohort.scans()}
    for part in (ours, test):
        assert [told[digest_array(image)] for image in part.pixels] == part.fields.tolist()
    assert len(set(test.fields)) > 1


def test_copies_are_counted(done):
    overlap = done.entry.overlap
    assert sum(overlap[f"copies_of_{split}"] for split in ("train", "validation", "test")) == 32
    assert (overlap["repeats"], overlap["blank"], overlap["out_of_range"]) == (0, 0, 0)


def test_twice_the_same_bytes_and_no_place_or_time_in_them(done, cohort, suite, embedder, tmp_path):
    again = evaluate(cohort.root, suite, str(cohort.root), embedder=embedder, weights_dir=tmp_path)
    for name, run in (("a", done), ("b", again)):
        run.save(tmp_path / f"{name}.json")
    for suffix in (".json", ".details.json"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
        text = (tmp_path / f"a{suffix}").read_text(encoding="utf-8")
        assert str(cohort.root.parent) not in text
        assert str(tmp_path) not in text
    assert load_entry(tmp_path / "a.json").id == again.entry.id


def test_the_self_test_beside_the_log_is_told(tmp_path):
    from synthuterus_bench.cohorts.layout import audit_file, selftest_file
    from synthuterus_bench.privacy.log import write_log
    from synthuterus_bench.privacy.selftest_record import Cell, SelfTest
    from synthuterus_bench.vocab import Config

    log = audit_file(tmp_path, Config.ROI)
    write_log(log, {"threshold": 0.95, "encoder_sha256": "e" * 64}, [])
    cells = [
        Cell(transform="shift", strength=1, plants=200, caught=200),
        Cell(transform="noise", strength=1, plants=200, caught=190),
    ]
    made = SelfTest(encoder_sha256="e" * 64, reference_digest="r", cells=cells, negatives=100, false_positives=1)
    made.save(selftest_file(tmp_path, Config.ROI))
    assert read_provenance(log).privacy.self_test == {"least_found_mild": 0.95, "false_positives": 0.01}
    made.model_copy(update={"encoder_sha256": "f" * 64}).save(selftest_file(tmp_path, Config.ROI))
    assert read_provenance(log).privacy.self_test is None
    selftest_file(tmp_path, Config.ROI).write_text("{")
    with pytest.raises(SubmissionError, match="not a self-test"):
        read_provenance(log)


def test_details_belong_to_the_entry(done, tmp_path):
    from synthuterus_bench.repro import digest_file

    path = tmp_path / "entry.json"
    written = done.save(path)
    assert written == details_path(path) == tmp_path / "entry.details.json"
    assert load_details(path) == done.details
    assert done.entry.artefacts["details_sha256"] == digest_file(written)
    with pytest.raises(EntryError):
        load_details(tmp_path / "other.json")


def test_an_entry_that_cannot_be_written_leaves_no_details(done, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr("synthuterus_bench.bench.run.save_entry", full)
    with pytest.raises(OSError):
        done.save(tmp_path / "entry.json")
    assert list(tmp_path.iterdir()) == []


def test_details_hold_confusions_and_similarities(done):
    confusion = done.details.confusions["supervised, submission, seed 0"]
    assert confusion.labels == tuple(CLASSES)
    assert np.sum(confusion.counts) == 24
    (histogram,) = done.details.similarities.values()
    assert sum(histogram.counts["submission"]) == 32
    assert sum(histogram.counts["held-out real"]) == 24
    assert len(histogram.edges) == len(histogram.counts["submission"]) + 1


@pytest.fixture
def noise(tmp_path):
    """A submission of black and white chequers, which no scan looks like."""
    rng = np.random.default_rng(0)
    for name in CLASSES:
        (tmp_path / "noise" / name).mkdir(parents=True)
        for k in range(8):
            gray = rng.choice([1, 255], (8, 8)).repeat(16, 0).repeat(16, 1) - rng.integers(0, 2, (128, 128))
            (tmp_path / "noise" / name / f"{k}.png").write_bytes(encode_png(gray.astype(np.uint8)))
    return tmp_path / "noise"


def test_noise_is_worse_than_the_reference_itself(done, noise, cohort, suite, embedder, tmp_path):
    poor = evaluate(noise, suite, str(cohort.root), embedder=embedder, weights_dir=tmp_path, name="noise")

    def pooled(run, metric):
        return next(r for r in run.entry.results if (r.metric, r.scope) == (metric, "pooled"))

    assert poor.entry.generator.name == "noise"
    for metric in ("fd-embedder", "kid-embedder"):
        assert pooled(poor, metric).value > pooled(poor, metric).floor.high
        assert pooled(poor, metric).value > pooled(done, metric).value
        null = next(n for n in poor.details.nulls if (n.metric, n.scope) == (metric, "pooled"))
        assert null.p_value == pytest.approx(1 / 7, abs=1e-5)


def test_the_phantom_is_drawn_once(suite, tmp_path):
    tiny = suite.model_copy(update={"phantom_scans": 48})
    first = load_reference("phantom", tiny, tmp_path)
    (folder,) = (tmp_path / "references").iterdir()
    stamp = folder.stat().st_mtime_ns
    again = load_reference("phantom", tiny, tmp_path)
    assert folder.stat().st_mtime_ns == stamp
    assert first.digest == again.digest
    assert first.name == "phantom-v1"


def test_a_reference_of_another_view_is_refused(cohort, suite):
    with pytest.raises(CohortError, match="expected a prepared 2D cohort of view full"):
        read_reference(cohort, suite.model_copy(update={"view": View.FULL}))


def write_log(root, header, footer):
    (root / "audit").mkdir(exist_ok=True)
    (root / "audit" / "audit.jsonl").write_text(f"{json.dumps(header)}\n{{}}\n{json.dumps(footer)}\n")


def test_privacy_and_sampling_come_from_the_audit_log(tmp_path):
    sampler = {"scheduler": "dpm++", "steps": 20, "guidance": 1.5, "spacing": 1.5, "other": 1}
    header = {"threshold": 0.9, "encoder_sha256": "a" * 64, "weights_sha256": "b" * 64, "seed": 7, "sampler": sampler}
    write_log(tmp_path, header, {"generated": 10, "rejected": 2})
    found = read_provenance(tmp_path / "audit" / "audit.jsonl")
    assert (found.privacy.threshold, found.privacy.generated, found.privacy.rejected) == (0.9, 10, 2)
    assert found.sampling.spacing == 1.5
    assert found.privacy.max_kept_similarity is None
    assert (found.sampling.scheduler, found.sampling.steps, found.sampling.seeds) == ("dpm++", 20, [7])
    known = describe_generator("mine", "ddpm2d-ct-roi@bbbb", 2, found.weights)
    assert (known.family, known.conditioning, known.roi, known.name) == ("ddpm2d", "ct", True, "mine")
    assert known.weights.sha256 == "b" * 64


def test_a_log_that_says_little_leaves_fields_open_and_one_that_lies_is_refused(tmp_path):
    assert read_provenance(tmp_path / "audit" / "audit.jsonl") == Provenance()
    write_log(tmp_path, {}, {})
    assert read_provenance(tmp_path / "audit" / "audit.jsonl").privacy.generated is None
    (tmp_path / "audit" / "audit.jsonl").write_text("not json")
    assert read_provenance(tmp_path / "audit" / "audit.jsonl").weights is None
    write_log(tmp_path, {"encoder_sha256": "none"}, {"generated": -1})
    with pytest.raises(SubmissionError, match=r"audit\.jsonl"):
        read_provenance(tmp_path / "audit" / "audit.jsonl")
