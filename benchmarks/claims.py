"""The paper's claims between measured generators, as a page of the docs.

    python benchmarks/claims.py [--work DIR] [--out docs/claims.md]

Reads ``measured.json`` and ``training.json`` of the generators that ship, or of those that ``scripts/weights`` made in
DIR (``DIR/w-<id>``), and writes the page. Nothing is drawn or measured.
"""

import argparse
from pathlib import Path

from synthuterus_bench.bench.shipping.claims import CLAIMS, find_model
from synthuterus_bench.bench.shipping.claims_page import claims_page
from synthuterus_bench.bench.shipping.yard import finished
from synthuterus_bench.repro import write_atomic

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "synthuterus_bench" / "shipped"


def main() -> None:
    """Parse and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder of scripts/weights [what ships]")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "claims.md", help="page to write [docs/claims.md]")
    told = parser.parse_args()
    ids = {name for claim in CLAIMS for name in (claim.first, claim.second)}
    models = {name: find_model(finished(told.work / f"w-{name}") if told.work else SHIPPED / name) for name in ids}
    write_atomic(told.out, claims_page(models))
    print(f"wrote {told.out}: measured {', '.join(sorted(name for name in ids if models[name])) or 'none'}")


if __name__ == "__main__":
    main()
