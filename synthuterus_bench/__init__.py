"""SynthUterus Bench: build, audit, release and judge synthetic uterine MRI.

The names in ``__all__`` are the public interface; each is loaded when it is first used, so that importing the package
costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Cohort": "cohorts.store",
    "Condition": "cohorts.prompt",
    "Entry": "entry",
    "Orientation": "vocab",
    "PrepOptions": "prep.pipeline",
    "PresetName": "vocab",
    "ReleasePlan": "release.build",
    "SamplerConfig": "generators.sampler",
    "Scan": "cohorts.record",
    "SynthbenchError": "errors",
    "View": "vocab",
    "build_study": "study.build",
    "check_clean": "cohorts.phi.scan",
    "check_entries": "board.check",
    "check_release": "release.gate",
    "compare": "bench.comparison.run",
    "draw_cohort": "cohorts.phantom.population",
    "draw_preset": "cohorts.phantom.population",
    "evaluate": "bench.run",
    "examine_anatomy": "metrics.anatomy:examine",
    "find_pipeline": "generators.folder",
    "from_window": "cohorts.window",
    "generate": "release.build",
    "import_folder": "cohorts.imports.importing",
    "load_cohort": "cohorts.store",
    "load_embedder": "nets.embedder",
    "load_entry": "entry",
    "load_localiser": "nets.segmenter",
    "load_pipeline": "generators.pipeline",
    "locate_uterus": "prep.localise:locate",
    "measure_orientation": "cohorts.position.orientation:measure",
    "merge_releases": "release.merge:merge",
    "orient_cohort": "cohorts.position.orienting",
    "parse_prompt": "cohorts.prompt:parse",
    "prepare_cohort": "prep.run",
    "render_prompt": "cohorts.prompt:render",
    "sample_chunk": "generators.sampler",
    "scan_phi": "cohorts.phi.scan",
    "score_study": "study.score",
    "summarise_anatomy": "metrics.shares:summarise",
    "to_display": "cohorts.window",
    "to_window": "cohorts.window",
    "write_report": "bench.report",
}

__all__ = [
    "Cohort",
    "Condition",
    "Entry",
    "Orientation",
    "PrepOptions",
    "PresetName",
    "ReleasePlan",
    "SamplerConfig",
    "Scan",
    "SynthbenchError",
    "View",
    "build_study",
    "check_clean",
    "check_entries",
    "check_release",
    "compare",
    "draw_cohort",
    "draw_preset",
    "evaluate",
    "examine_anatomy",
    "find_pipeline",
    "from_window",
    "generate",
    "import_folder",
    "load_cohort",
    "load_embedder",
    "load_entry",
    "load_localiser",
    "load_pipeline",
    "locate_uterus",
    "measure_orientation",
    "merge_releases",
    "orient_cohort",
    "parse_prompt",
    "prepare_cohort",
    "render_prompt",
    "sample_chunk",
    "scan_phi",
    "score_study",
    "summarise_anatomy",
    "to_display",
    "to_window",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home, _, own_name = _HOMES[name].partition(":")
    return getattr(import_module(f"{__name__}.{home}"), own_name or name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
