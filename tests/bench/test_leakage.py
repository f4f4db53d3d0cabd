import json
from dataclasses import replace

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.vocab import Split


@pytest.fixture(scope="module")
def audited(cohort, tmp_path_factory):
    """A set made of the training images, each its own."""
    home = tmp_path_factory.mktemp("audit")
    writer = CohortWriter(home / "set", cohort.manifest.model_copy(update={"splits": {}, "digest": ""}))
    for scan in cohort.scans(Split.TRAIN):
        writer.add(replace(scan, patient_id=None, mask=None))
    writer.close()
    out = home / "audit"
    assert run(["--quiet", "audit", "run", str(home / "set"), "--reference", str(cohort.root), "--out", str(out)]) == 0
    return out


def test_the_public_part_names_no_one_and_the_private_part_lies_beside_it(audited, cohort):
    ids = [scan.scan_id for scan in cohort.scans(Split.TRAIN)]
    public = "".join(path.read_text(encoding="utf-8") for path in audited.iterdir())
    private = audited.parent / "audit.private"
    assert sorted(path.name for path in audited.iterdir()) == ["audit.json", "report.html"]
    assert not any(name in public for name in ids)
    assert str(cohort.root) not in public
    assert any(name in (private / "report.html").read_text(encoding="utf-8") for name in ids)
    neighbours = [json.loads(line) for line in (private / "neighbours.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["neighbour_id"] for one in neighbours[: len(ids)]] == ids


def test_copies_are_counted_and_leak(audited, cohort):
    found = json.loads((audited / "audit.json").read_text(encoding="utf-8"))
    assert found["scans"] == cohort.manifest.splits[Split.TRAIN]
    assert found["rejected_by"]["tau"] == cohort.manifest.splits[Split.TRAIN]
    assert found["attacks"]["membership"]["auc"] == 1
    assert found["attacks"]["copying"]["authentic"] == 0
    assert found["attacks"]["leaks"]


def test_a_reference_of_another_view_is_refused(cohort, tmp_path, capsys):
    code = run(["audit", "run", str(tmp_path), "--reference", str(cohort.root), "--out", str(tmp_path / "a")])
    assert code == 1
    assert "expected a submission" in capsys.readouterr().err
