"""The paper's claims between measured generators, as a page of the docs.

    python benchmarks/claims.py [--work DIR] [--out docs/claims.md]

Reads ``measured.json`` and ``training.json`` of the generators that ship, and of those that were measured and are too
large to ship with the others (``docs/measured``); or of those that ``scripts/weights`` made in DIR (``DIR/w-<id>``).
Writes the page. Nothing is drawn or measured.
"""

import argparse
from pathlib import Path

from synthuterus_bench.bench.shipping.claims import CLAIMS, find_model
from synthuterus_bench.bench.shipping.claims_page import claims_page
from synthuterus_bench.bench.shipping.yard import finished
from synthuterus_bench.repro import write_atomic

ROOT = Path(__file__).resolve().parents[1]
KNOWN = (ROOT / "synthuterus_bench" / "shipped", ROOT / "docs" / "measured")


def main() -> None:
    """Parse and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder of scripts/weights [what ships]")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "claims.md", help="page to write [docs/claims.md]")
    told = parser.parse_args()
    ids = {name for claim in CLAIMS for name in (claim.first, claim.second)}
    models = {name: find_model(*_homes(name, told.work)) for name in ids}
    write_atomic(told.out, claims_page(models))
    print(f"wrote {told.out}: measured {', '.join(sorted(name for name in ids if models[name])) or 'none'}")


def _homes(name: str, work: Path | None) -> list[Path]:
    return [finished(work / f"w-{name}")] if work else [home / name for home in KNOWN]


if __name__ == "__main__":
    main()
