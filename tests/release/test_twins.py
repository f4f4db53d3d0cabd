from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.errors import DataError, GateError
from synthuterus_bench.generators.sampler import sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.release import candidates
from synthuterus_bench.release.build import ReleasePlan, generate
from synthuterus_bench.release.gate import write_checksums
from synthuterus_bench.release.merge import merge
from synthuterus_bench.release.verify import verify
from synthuterus_bench.vocab import CLASSES
from tests.release.made import make_release


@pytest.fixture
def plan(tiny_model, monkeypatch):
    """A generator that draws candidate 1 again, nearly, as 5 and 9, and the first one of its class as 12."""

    def sample(pipeline, wanted, seed, config):
        pixels = sample_chunk(pipeline, wanted, seed, config)
        for row, one in enumerate(wanted):
            if one.index in (1, 5, 9):
                pixels[row] = np.clip(np.random.default_rng(1).integers(0, 60000, (128, 128)) + one.index, 0, 65535)
        return pixels

    monkeypatch.setattr(candidates, "sample_chunk", sample)
    return ReleasePlan(
        "ddpm2d-ct-roi", tiny_model, scans=16, sampler=SamplerConfig(steps=2, dtype="float32"), tau=0.999
    )


def test_repetitions_are_rejected_replaced_and_the_first_stays(plan, tmp_path):
    made = generate(plan, tmp_path / "out", workers=1)
    header, *records, footer = read_log(tmp_path / "out" / "audit/roi.jsonl")
    fallen = {record["index"]: record for record in records if record["bound"] == "duplicate"}
    assert {index: record["duplicate_of"] for index, record in fallen.items()} == {5: 1, 9: 1}
    assert records[1]["decision"] == "accepted"
    assert header["duplicate_threshold"] == 0.98
    assert (footer["generated"], footer["accepted"]) == (18, 16)
    assert Counter(scan.orientation for scan in made.scans()) == dict.fromkeys(CLASSES, 4)


def test_a_resumed_run_gives_the_same_bytes(plan, tmp_path, monkeypatch):
    def all_of(folder):
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    generate(plan, tmp_path / "whole", workers=1)
    monkeypatch.setattr("synthuterus_bench.release.build.write_release", _killed)
    with pytest.raises(KeyboardInterrupt):
        generate(plan, tmp_path / "killed", workers=1)
    monkeypatch.undo()
    monkeypatch.setattr(candidates, "sample_chunk", _killed)
    generate(plan, tmp_path / "killed", workers=1)
    assert all_of(tmp_path / "killed") == all_of(tmp_path / "whole")


def _killed(*_args, **_options):
    raise KeyboardInterrupt


def test_verify_checks_chain_checksums_and_scores(plan, cohort, tmp_path):
    out = tmp_path / "out"
    generate(plan, out, workers=1)
    assert verify(out).records == {"roi": 18}
    found = verify(out, cohort, load_embedder())
    assert found.scores == 16
    assert found.largest_difference < 1e-5
    other = replace(cohort, manifest=cohort.manifest.model_copy(update={"digest": "0" * 64}))
    with pytest.raises(DataError, match="reference_digest"):
        verify(out, other, load_embedder())
    both = tmp_path / "both"
    merge([out, make_release(tmp_path / "full", "ddpm2d-ct-full", scans=4)], both)
    again = verify(both, cohort, load_embedder())
    assert (again.scores, again.elsewhere, again.records) == (found.scores, ("full",), {"full": 5, "roi": 18})
    lines = (out / "audit/roi.jsonl").read_text(encoding="utf-8").splitlines()
    del lines[4]
    (out / "audit/roi.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="record 3 was dropped"):
        verify(out)


def test_a_score_that_row_and_log_invent_is_found(plan, cohort, tmp_path, monkeypatch):
    """The gate sees a log that says something else than its row; here it looks away."""
    from synthuterus_bench.privacy.log import write_log

    out = tmp_path / "out"
    generate(plan, out, workers=1)
    header, *records, _ = read_log(out / "audit/roi.jsonl")
    strip = lambda record: {
        name: value for name, value in record.items() if name not in ("kind", "previous", "version")
    }
    forged = [strip(record) | ({"max_similarity": 0.1} if record["index"] == 2 else {}) for record in records]
    write_log(out / "audit/roi.jsonl", strip(header), forged)
    write_checksums(out)
    with pytest.raises(GateError, match=r"its audit record 0\.1"):
        verify(out)
    monkeypatch.setattr("synthuterus_bench.release.verify.check_release", lambda release: None)
    with pytest.raises(GateError, match=r"has similarity .* the log says 0\.1"):
        verify(out, cohort, load_embedder())
