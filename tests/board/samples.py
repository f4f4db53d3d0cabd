"""A believable board: six generators, three controls, one without Inception weights, all of one suite."""

from typing import Any

from synthuterus_bench.entry import Entry
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.vocab import CLASSES

SUITE = {
    "id": "sample-suite",
    "version": 1,
    "protocol_digest": "ab" * 32,
    "reference": "phantom-roi-sample",
    "reference_digest": "cd" * 32,
}
FLOORS = {
    "kid-embedder": (-0.0011, 0.0014),
    "fd-embedder": (2.1, 3.4),
    "fid-64": (0.11, 0.41),
    "fid-2048": (41.2, 49.9),
    "lpips": (0.291, 0.334),
    "irs-adjusted": (0.84, 1.17),
    "macro-f1-gain": (-0.02, 0.02),
    "anatomy-plausible": (0.97, 1.0),
    "anatomy-valid": (0.91, 0.96),
    "anatomy-agreement": (0.84, 0.9),
}
SPREAD = {
    "kid-embedder": 0.0016,
    "lpips": 0.008,
    "irs-adjusted": 0.13,
    "anatomy-plausible": 0.01,
    "anatomy-valid": 0.03,
    "anatomy-agreement": 0.04,
    "macro-f1-gain": 0.031,
}
PARAMS: dict[str, dict[str, Any]] = {
    "kid-embedder": {"kernel": "polynomial", "degree": 3, "coef0": 1.0, "weights_sha256": "11" * 32},
    "fid-64": {"layer": 64, "weights_sha256": "22" * 32},
    "fid-2048": {"layer": 2048, "weights_sha256": "22" * 32},
    "macro-f1-gain": {"regime": "supervised", "net": "resnet18"},
}


def _anatomy(plausible: float, valid: float, agreement: float) -> dict[str, float]:
    return {"anatomy-plausible": plausible, "anatomy-valid": valid, "anatomy-agreement": agreement}


GENERATORS: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "ddpm2d-ct-roi": (
        {"family": "ddpm2d", "conditioning": "class + text", "roi": True, "parameters": 11_873_665},
        {"kid-embedder": 0.0041, "fd-embedder": 6.31, "fid-64": 0.92, "fid-2048": 71.4, "lpips": 0.352}
        | {"irs-adjusted": 0.81, "macro-f1-gain": 0.113}
        | _anatomy(0.99, 0.93, 0.86),
    ),
    "ldm2d-ct-roi": (
        {"family": "ldm2d", "conditioning": "class + text", "roi": True, "parameters": 15_204_228},
        {"kid-embedder": 0.0062, "fd-embedder": 7.98, "fid-64": 1.31, "fid-2048": 80.2, "lpips": 0.341}
        | {"irs-adjusted": 0.77, "macro-f1-gain": 0.094}
        | _anatomy(0.98, 0.91, 0.85),
    ),
    "ddpm2d-class-roi": (
        {"family": "ddpm2d", "conditioning": "class", "roi": True, "parameters": 11_610_113},
        {"kid-embedder": 0.0118, "fd-embedder": 12.4, "fid-64": 2.65, "fid-2048": 96.7, "lpips": 0.377}
        | {"irs-adjusted": 0.64, "macro-f1-gain": 0.071}
        | _anatomy(0.95, 0.84, 0.71),
    ),
    "ddpm2d-uncond-roi": (
        {"family": "ddpm2d", "conditioning": "none", "roi": True, "parameters": 11_544_321},
        {"kid-embedder": 0.0213, "fd-embedder": 19.7, "fid-64": 3.90, "fid-2048": 118.0, "lpips": 0.391}
        | {"irs-adjusted": 0.52, "macro-f1-gain": 0.012}
        | _anatomy(0.9, 0.77, 0.2),
    ),
    "A very long generator name from a group that likes descriptive names, revision 2026-03 (EMA)": (
        {"family": "flow matching", "conditioning": "class", "roi": True, "parameters": 412_000_000},
        {"kid-embedder": 0.0124, "fd-embedder": 11.1, "lpips": 0.371, "irs-adjusted": 0.69, "macro-f1-gain": 0.066}
        | _anatomy(0.94, 0.86, 0.7),
    ),
    "ddpm3d-class-roi": (
        {"family": "ddpm3d", "conditioning": "class", "roi": True, "parameters": 24_100_000, "dims": 3},
        {"kid-embedder": 0.0871, "fd-embedder": 61.2, "fid-64": 11.7, "fid-2048": 210.0, "lpips": 0.512}
        | {"irs-adjusted": 0.21, "macro-f1-gain": -0.034}
        | _anatomy(0.41, 0.12, 0.07),
    ),
    "control: real half": (
        {"family": "control", "conditioning": "none", "roi": True},
        {"kid-embedder": 0.0002, "fd-embedder": 2.9, "fid-64": 0.22, "fid-2048": 46.1, "lpips": 0.311}
        | {"irs-adjusted": 1.02, "macro-f1-gain": 0.0}
        | _anatomy(0.99, 0.94, 0.87),
    ),
    "control: noise": (
        {"family": "control", "conditioning": "none", "roi": True},
        {"kid-embedder": 1.912, "fd-embedder": 980.0, "fid-64": 88.1, "fid-2048": 412.0, "lpips": 1.04}
        | {"irs-adjusted": 0.01, "macro-f1-gain": -0.21}
        | _anatomy(0.05, 0.0, 0.0),
    ),
}
NO_INCEPTION = "Inception-v3 weights not found; get them with: synthbench weights fetch inception"


def results_of(values: dict[str, float], per_class: int = 50) -> list[dict[str, Any]]:
    """Pooled and by orientation; metrics of ``FLOORS`` without a value are unavailable."""
    rows = []
    for place, scope in enumerate(("pooled", *CLASSES)):
        n = 4 * per_class if scope == "pooled" else per_class
        rows += [_result(metric, scope, values.get(metric), n, 1 + 0.11 * place) for metric in FLOORS]
    return rows


def _result(metric: str, scope: str, value: float | None, n: int, factor: float) -> dict[str, Any]:
    direction = METRICS[metric].direction if metric in METRICS else "higher"
    row = {"metric": metric, "direction": direction, "scope": scope, "n_real": n, "n_fake": n}
    if value is not None:
        row["params"] = PARAMS.get(metric, {})
    if value is None:
        return row | {"n_real": 0, "n_fake": 0, "status": "unavailable", "reason": NO_INCEPTION}
    value = value if metric.startswith(("irs", "anatomy", "macro")) else value * factor
    low, high = FLOORS[metric]
    row |= {"status": "ok", "value": round(value, 6), "floor": {"value": (low + high) / 2, "low": low, "high": high}}
    if metric in SPREAD:
        half = SPREAD[metric] * factor * (1 if n > 100 else 2)
        ends = {"low": round(value - half, 6), "high": round(value + half, 6)}
        row["ci"] = {**ends, "level": 0.95, "method": "two-sample jackknife", "unit": "patient"}
    return row


def sample(name: str = "ddpm2d-ct-roi", **changes: Any) -> dict[str, Any]:
    """One entry as JSON values, with top-level fields replaced by ``changes``."""
    facts, values = GENERATORS[name]
    number = [*GENERATORS].index(name)
    return {
        "schema": "synthuterus-entry/1",
        "suite": SUITE,
        "generator": {
            "name": name,
            "license": "Apache-2.0",
            "paper": "https://arxiv.org/abs/2508.07903",
            "code": "https://example.org/generator",
            **facts,
        },
        "training_data": ["phantom-roi-sample, train split"],
        "dataset": {"manifest_sha256": f"{number:02x}" * 32, "n_per_class": dict.fromkeys(CLASSES, 50)},
        "sampling": {"scheduler": "ddim", "steps": 50, "guidance": 2.0, "dtype": "float32", "seeds": [7]},
        "privacy": {
            "threshold": 0.95,
            "generated": 214,
            "rejected": 14,
            "max_kept_similarity": 0.947,
            "membership_auc": 0.531,
            "self_test": {"copies_caught": 0.991, "others_kept": 0.974},
        },
        "results": results_of(values),
        "environment": {"synthuterus-bench": "0.1.0", "python": "3.11", "torch": "2.15.0"},
        "submitter": "sample",
        "declarations": {"trained_on_test_data": False},
        **changes,
    }


def entry(name: str = "ddpm2d-ct-roi", **changes: Any) -> Entry:
    """:func:`sample` as an entry."""
    import json

    return Entry.model_validate_json(json.dumps(sample(name, **changes)))


def board() -> list[Entry]:
    """Every sample entry."""
    return [entry(name) for name in GENERATORS]
