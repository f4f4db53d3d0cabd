from dataclasses import replace

from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.generators.shares import shares_of
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.release.build import ReleasePlan, generate
from synthuterus_bench.vocab import Sequence, Split


def changed(cohort, out, **facts):
    writer = CohortWriter(out, cohort.manifest)
    for scan in cohort.scans():
        writer.add(replace(scan, **facts) if scan.split is Split.TRAIN else scan)
    return writer.close()


def test_shares_are_those_of_the_training_split(cohort, tmp_path):
    assert sum(shares_of(cohort).values()) == cohort.manifest.splits[Split.TRAIN]
    low = changed(cohort, tmp_path / "low", field_strength=0.55, sequence=Sequence.HASTE)
    assert shares_of(low) == {(0.55, Sequence.HASTE): 40}


def test_without_a_field_strength_that_prompts_can_say_the_models_own_shares_hold(cohort, tiny_model, tmp_path):
    odd = changed(cohort, tmp_path / "odd", field_strength=7.0)
    assert shares_of(odd) == {}
    plan = ReleasePlan("ddpm2d-ct-roi", tiny_model, scans=8, tau=1.0, sampler=SamplerConfig(steps=1))
    releases = [
        generate(replace(plan, reference=reference), tmp_path / name / "synthuterus", workers=1)
        for name, reference in (("own", None), ("odd", odd.root))
    ]
    own, other = ([scan.prompt for scan in release.scans()] for release in releases)
    assert own == other


def test_a_second_run_with_a_reference_leaves_no_work(cohort, tiny_model, tmp_path):
    plan = ReleasePlan("ddpm2d-ct-roi", tiny_model, scans=8, tau=1.0, sampler=SamplerConfig(steps=1))
    for _ in range(2):
        generate(replace(plan, reference=cohort.root), tmp_path / "synthuterus")
        assert [path.name for path in tmp_path.iterdir()] == ["synthuterus"]
