"""A tiny net through the whole way: recipes of two steps, a cohort of 36 patients, a handful of samples."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from synthuterus_bench.bench.shipping.make import make
from synthuterus_bench.bench.shipping.measure import Extent
from synthuterus_bench.bench.shipping.yard import Yard
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.generators.solve import SamplerConfig, Solver
from tests.conftest import TINY

SAMPLERS = (SamplerConfig(steps=2), SamplerConfig(steps=2, guidance=1.0), SamplerConfig(Solver.DDIM, 3))
_SMALL = {"train": 20, "test": 12, "controls": 4, "samples": 4, "volumes": 2, "permutations": 8}
EXTENT = Extent(**_SMALL, samplers=SAMPLERS, membership=6, membership_volumes=2, plants=2, negatives=8)
CT = "ddpm2d-ct-roi"
_UNTOLD = ("text_width",)
_EMBEDDER = {"steps": 2, "batch": 4, "warmup_steps": 1, "decay_steps": 1, "checkpoint_every": 2}
_VAE = {"steps": 2, "batch": 2, "warmup_steps": 1, "checkpoint_every": 1, "channels": [16, 16, 16]}

_REFINER = {"steps": 2, "batch": 2, "warmup_steps": 1, "decay_steps": 1, "checkpoint_every": 2, "channels": [16, 16]}
_REFINER |= {"evaluate_every": 0}


def write_recipes(folder: Path, steps: int = 4) -> Path:
    """Recipes of tiny nets; those that are told no prompt have no width of one."""
    folder.mkdir(parents=True, exist_ok=True)
    told = TINY | {"steps": steps, "decay_steps": 2, "channels": [16, 16], "evaluate_every": 0}
    untold = {name: value for name, value in told.items() if name not in _UNTOLD}
    latent = told | {"patch": 1}
    found = {CT: told, "ddpm2d-uncond-roi": untold, "ldm2d-ct-roi": latent, "vae2d": _VAE, "ddpm3d-ct-roi": told}
    found |= {"embedder": _EMBEDDER, "refiner": _REFINER}
    for name, values in found.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
    return folder


@dataclass
class Site:
    """A yard with what it said."""

    yard: Yard
    said: list[str] = field(default_factory=list)

    @property
    def pipeline(self) -> Path:
        return self.yard.out(CT) / "pipeline"


def make_site(root: Path, cohort: Cohort, **changes) -> Site:
    said: list[str] = []
    shutil.copytree(cohort.root, root / "work" / "v1-roi-2d")
    places = {"work": root / "work", "ship": root / "shipped", "pages": root / "pages"}
    facts = {"recipes": write_recipes(root / "recipes"), "samples": 12, "extent": EXTENT, "say": said.append}
    return Site(Yard(**(places | facts | changes)), said)


@pytest.fixture(scope="session")
def made(cohort, tmp_path_factory) -> Site:
    """A tiny ddpm2d-ct-roi that went the whole way once; not to be changed."""
    site = make_site(tmp_path_factory.mktemp("site"), cohort)
    make([CT], site.yard)
    return site
