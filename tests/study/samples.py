"""Small cohorts for studies, real ones of patients, synthetic ones of a generator; and readers' files."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.repro import stream
from synthuterus_bench.study.answers import SCHEMA, Answer, chain_of
from synthuterus_bench.study.key import Key
from synthuterus_bench.vocab import CLASSES, Kind, Split, View

SIDE = 16


def pixels(kind: Kind, index: int, slices: int = 0) -> np.ndarray:
    """Noise for real scans, a flat gray for synthetic ones: no compression would give them equal lengths."""
    shape = (slices, SIDE, SIDE) if slices else (SIDE, SIDE)
    if kind is Kind.SYNTHETIC:
        return np.full(shape, 20000 + 64 * index, np.uint16)
    return stream(3, "noise", index).integers(9000, 40000, shape, np.uint16)


def cohort(
    root: Path, kind: Kind, people: int = 5, each: int = 2, slices: int = 0, split: Split = Split.TEST, **facts: object
) -> Cohort:
    """``people`` of each class with ``each`` scans, all in one split; the folder names people and places."""
    dims = 3 if slices else 2
    name = f"{kind}-of-Erika-Mustermann"
    manifest = Manifest(name=name, view=View.ROI, dims=dims, intensity="window", splits={}, digest="")
    writer = CohortWriter(root, manifest)
    for index in range(people * each * len(CLASSES)):
        person = index // each
        real = kind is Kind.REAL
        values = {
            "scan_id": f"{kind}-secret-{index:03d}",
            "pixels": pixels(kind, index, slices),
            "spacing_mm": (1.0,) * dims,
            "split": split if real else Split.TRAIN,
            "source": "Erlangen",
            "view": View.ROI,
            "patient_id": f"patient-{person:03d}" if real else None,
            "orientation": CLASSES[person % len(CLASSES)],
            "prompt": None if real else "a prompt that tells",
            "generator": None if real else "ddpm2d-ct-roi",
        }
        writer.add(Scan(**{**values, **facts}))
    return writer.close()


def answer_file(path: Path, key: Key, reader: int, right: float = 0.5, group: str = "other", **changes: Any) -> Path:
    """One reader's file, as the page writes it; each answer is right with this probability."""
    rng = stream(11, "reader", reader)
    rows = []
    for number, item in enumerate(key.items, 1):
        kind = item.kind if rng.random() < right else other(item.kind)
        confidence, ms = int(rng.integers(1, 5)), int(rng.integers(1500, 30000))
        rows.append({"item": number, "answer": kind, "confidence": confidence, "ms": ms})
    values = {"schema": SCHEMA, "study": key.study, "reader": f"{reader:016x}", "group": group, "consent": True}
    return sealed(path, {**values, "answers": rows, **changes})


def sealed(path: Path, values: dict[str, Any]) -> Path:
    """Write an answer file with the checksum that belongs to it."""
    answers = [Answer.model_validate(row) for row in values["answers"]]
    chain = chain_of(values["study"], values["reader"], values["group"], answers)
    path.write_text(json.dumps({**values, "chain": chain}))
    return path


def other(kind: Kind) -> Kind:
    """The other one."""
    return Kind.REAL if kind is Kind.SYNTHETIC else Kind.SYNTHETIC
