"""A small study, made once."""

from pathlib import Path

import pytest

from synthuterus_bench.study.build import Built, build_study
from synthuterus_bench.vocab import Kind
from tests.study.samples import cohort


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("Erika-Mustermann")
    return cohort(home / "real", Kind.REAL).root, cohort(home / "synthetic", Kind.SYNTHETIC).root


@pytest.fixture(scope="session")
def built(sources, tmp_path_factory) -> Built:
    return build_study(*sources, tmp_path_factory.mktemp("study") / "out", n=10, seed=3)


@pytest.fixture(scope="session")
def stacks(tmp_path_factory) -> Built:
    home = tmp_path_factory.mktemp("stacks")
    real, synthetic = (cohort(home / kind, kind, people=1, each=1, slices=5).root for kind in Kind)
    return build_study(real, synthetic, home / "out", n=4)
