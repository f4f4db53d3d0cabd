"""What attacks find in three releases: a fresh phantom, samples of a generator, and copies of the training images.

    python benchmarks/attacks.py REFERENCE FRESH PIPELINE [--embedder DIR] [--index FILE] [--scans 400]

REFERENCE is the prepared cohort that the generator of PIPELINE was trained on; its test split is held out. FRESH is a
phantom cohort of other patients (one image of each is taken). Prints JSON and a Markdown table.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.plan import make_plan
from synthuterus_bench.generators.sampler import SamplerConfig, Wanted, chunk_size, guidance_of, sample_chunk
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.privacy.attacks import Attacks, Group, attack
from synthuterus_bench.privacy.encoders import load_encoder
from synthuterus_bench.privacy.index import build_index, load_index
from synthuterus_bench.privacy.scores import embed
from synthuterus_bench.vocab import Split

COLUMNS = ("AUC", "TPR at 1 % FPR", "linkage risk (main, control)", "authentic (null)", "C_T (least)", "leak")


def one_each(cohort: Cohort, scans: int) -> NDArray[np.uint16]:
    """The first image of each patient, of any split."""
    seen: dict[str, NDArray[np.uint16]] = {}
    for scan in cohort.scans():
        seen.setdefault(scan.patient_id or scan.scan_id, scan.pixels.astype(np.uint16))
        if len(seen) == scans:
            break
    return np.stack([*seen.values()])


def drawn(folder: Path, scans: int, seed: int = 0) -> NDArray[np.uint16]:
    """Samples of a pipeline by the plan of a release, unfiltered."""
    record, pipeline = load_record(folder), load_pipeline(folder)
    model = parse_id(record.model_id)
    config = SamplerConfig(guidance=guidance_of(pipeline, None))
    places = make_plan(scans, model.conditioning, record.proportions, seed)
    wanted = [Wanted(place.orientation, place.prompt, number) for number, place in enumerate(places)]
    size = chunk_size(model)
    chunks = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    return np.concatenate([sample_chunk(pipeline, chunk, seed, config) for chunk in chunks])


def row(name: str, found: Attacks) -> str:
    """One line of the table."""
    member, link, copy = found.membership, found.linkage, found.copying
    cells = (
        f"{member.auc:.3f} [{member.interval[0]:.3f}, {member.interval[1]:.3f}]",
        f"{member.tpr:.1%} [{member.tpr_interval[0]:.1%}, {member.tpr_interval[1]:.1%}]",
        f"{link.risk:.3f} [{link.interval[0]:.3f}, {link.interval[1]:.3f}] ({link.main:.1%}, {link.control:.1%})",
        f"{copy.authentic:.1%} ({copy.authentic_null:.1%})",
        "too few images" if copy.c_t is None else f"{copy.c_t:.2f} ({copy.c_t_least:.2f})",
        "yes" if found.leaks else "no",
    )
    return f"| {name} | {' | '.join(cells)} |"


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    reference, encoder = load_cohort(args.reference), load_encoder(folder=args.embedder)
    index = load_index(args.index) if args.index else build_index(reference, encoder)
    pixels, scans = reference.arrays(Split.TEST)
    held = embed(encoder, index.readout, None, pixels.astype(np.uint16))[0]
    owners = np.unique([scan.patient_id or scan.scan_id for scan in scans], return_inverse=True)[1]
    members = Group(index.codes, np.unique(index.groups or index.keys, return_inverse=True)[1])
    bound = index.calibration.of(None).readout if index.calibration else 0.95
    releases = {
        "fresh phantom": embed(encoder, index.readout, None, one_each(load_cohort(args.fresh), args.scans))[0],
        "generator": embed(encoder, index.readout, None, drawn(args.pipeline, args.scans))[0],
        "training copies": index.codes,
    }
    found = {name: attack(members, Group(held, owners), codes, bound) for name, codes in releases.items()}
    print(json.dumps({name: one.model_dump(mode="json") for name, one in found.items()}, indent=1))
    print("\n".join([f"| release | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]))
    print("\n".join(row(name, one) for name, one in found.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", type=Path)
    parser.add_argument("fresh", type=Path)
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("--embedder", type=Path)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--scans", type=int, default=400)
    main(parser.parse_args())
