"""Where things lie in the folder of a release: one folder a config, one public audit log a config, the card on top.

```
synthuterus/
  README.md LICENSE SHA256SUMS croissant.json composition.png
  roi/cohort.json  roi/train-00000-of-00008.parquet
  audit/roi.jsonl  audit/selftest-roi.json
```
"""

from pathlib import Path

from synthuterus_bench.cohorts.record import Dims
from synthuterus_bench.vocab import Config, View

MANIFEST = "cohort.json"
CARD = "README.md"
AUDIT = "audit"


def config_of(view: View, dims: Dims) -> Config:
    """The config that scans of a view belong to: of images the view's name, of volumes ``volumes-`` and that name."""
    return Config(f"volumes-{view}" if dims == 3 else view)


def configs_in(release: Path) -> list[Config]:
    """The configs of a release, its default first; empty for anything that is no release.

    A release has a card on top and manifests in the folders of its configs alone.
    """
    if (release / MANIFEST).is_file() or not (release / CARD).is_file():
        return []
    return [config for config in Config if (release / config / MANIFEST).is_file()]


def is_cohort(path: Path) -> bool:
    """Whether a folder is a cohort, a release, or one config of a release."""
    return (path / MANIFEST).is_file() or bool(configs_in(path))


def audit_file(release: Path, config: Config) -> Path:
    """The public audit log of a config."""
    return release / AUDIT / f"{config}.jsonl"


def selftest_file(release: Path, config: Config) -> Path:
    """What the self-test of a config's privacy filter found."""
    return release / AUDIT / f"selftest-{config}.json"
