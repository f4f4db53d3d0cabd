"""What attacks find in three releases: fresh phantoms, samples of a generator, and copies of the training images.

    python benchmarks/attacks.py REFERENCE [--checkpoint DIR] [--embedder DIR] [--scans 400] [--release DIR]

REFERENCE is the prepared cohort that the generator was trained on; by default the shipped ``ddpm2d-ct-roi`` and
``phantom-v1``. Half of its test patients are the fresh release, one image each: people of the same population whom no
one trained on. The others are the held-out ones, and those of the validation split say what chance is. The row of a
generator that was trained on another cohort says so: it has no members here. ``--release`` attacks a release of it that
is there, as it was filtered, in the place of samples drawn for this, which are not.

Prints JSON and a Markdown table. Some 15 core-minutes, most of them for the samples.
"""

import argparse
import json
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.folder import find_pipeline, weights_digest
from synthuterus_bench.generators.guidance import guidance_of
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.plan import make_plan
from synthuterus_bench.generators.sampler import Wanted, chunk_size, sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.privacy.attacks import Attacks, Group, attack
from synthuterus_bench.privacy.encoders import Encoder, load_encoder
from synthuterus_bench.privacy.filter import TAU
from synthuterus_bench.privacy.index import build_index, find_index, load_index
from synthuterus_bench.privacy.reference import ReferenceIndex
from synthuterus_bench.privacy.scores import PIECE, embed
from synthuterus_bench.privacy.search import Codes
from synthuterus_bench.vocab import Split

COLUMNS = (
    "images",
    "AUC",
    "beyond chance",
    "TPR at 1 % FPR",
    "linkage risk (main, control)",
    "authentic (unseen)",
    "C_T (least)",
    "leak",
)


def of_split(cohort: Cohort, split: Split | None, encoder: Encoder, index: ReferenceIndex) -> Group:
    """Codes of every image of a split, or of all, and its patients by number."""
    scans, codes, patients = cohort.scans(split), [], []
    while piece := list(islice(scans, PIECE)):
        pixels = np.stack([scan.pixels for scan in piece]).astype(np.uint16)
        codes.append(embed(encoder, index.readout, None, pixels)[0])
        patients += [scan.patient_id or scan.scan_id for scan in piece]
    return Group(np.concatenate(codes), np.unique(patients, return_inverse=True)[1])


def some_of(group: Group, wanted: NDArray[np.bool_]) -> Group:
    """The images of some patients."""
    rows = wanted[group.patients]
    return Group(group.codes[rows], group.patients[rows])


def one_each(group: Group) -> Codes:
    """One image of each patient: of the first her first, of the second her second, and so on."""
    every = [np.flatnonzero(group.patients == patient) for patient in np.unique(group.patients)]
    return group.codes[[rows[number % len(rows)] for number, rows in enumerate(every)]]


def index_of(pipeline: Path, cohort: Cohort, encoder: Encoder) -> ReferenceIndex:
    """The index that lies by the generator if it is of this cohort and encoder, else a new one."""
    if (path := find_index(pipeline)).is_file():
        found = load_index(path)
        if (found.reference_digest, found.encoder_sha256) == (cohort.manifest.digest, encoder.sha256):
            return found
    return build_index(cohort, encoder)


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
    chance = found.chance
    beyond = "" if chance is None else f"{chance.excess:+.3f} [{chance.interval[0]:+.3f}, {chance.interval[1]:+.3f}]"
    cells = (
        f"{found.synthetic:,}",
        f"{member.auc:.3f} [{member.interval[0]:.3f}, {member.interval[1]:.3f}]",
        beyond,
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
    pipeline = args.checkpoint or find_pipeline("ddpm2d-ct-roi")
    reference, encoder = load_cohort(args.reference), load_encoder(folder=args.embedder)
    index = index_of(pipeline, reference, encoder)
    test, validation = (of_split(reference, split, encoder, index) for split in (Split.TEST, Split.VALIDATION))
    half = np.arange(test.patients.max() + 1) % 8 < 4  # classes come in turns of four
    fresh, held = some_of(test, half), some_of(test, ~half)
    members = Group(index.codes, np.unique(index.groups or index.keys, return_inverse=True)[1])
    made = None
    if args.release:
        made = of_split(load_cohort(args.release), None, encoder, index).codes
    elif args.scans:
        made = embed(encoder, index.readout, None, drawn(pipeline, args.scans))[0]
    trained = load_record(pipeline).cohort_digest == reference.manifest.digest
    releases = {
        "fresh phantom": one_each(fresh),
        "generator" if trained else "generator of another cohort": made,
        "training copies": index.codes,
    }
    bound = index.calibration.of(None).readout if index.calibration else TAU
    found = {
        name: attack(members, held, codes, bound, control=validation.codes)
        for name, codes in releases.items()
        if codes is not None
    }
    said = {name: one.model_dump(mode="json") | {"leaks": one.leaks} for name, one in found.items()}
    digests = {"reference": reference.manifest.digest, "encoder": encoder.sha256, "weights": weights_digest(pipeline)}
    print(json.dumps({"releases": said, "digests": digests}, indent=1))
    print("\n".join([f"| release | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]))
    print("\n".join(row(name, one) for name, one in found.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="pipeline folder (default: the shipped ddpm2d-ct-roi)")
    parser.add_argument("--embedder", type=Path, help="embedder folder (default: the shipped one)")
    parser.add_argument("--scans", type=int, default=400, help="samples of the generator; 0 for none")
    parser.add_argument("--release", type=Path, help="release of the generator (default: samples are drawn)")
    main(parser.parse_args())
