"""The benchmark on trial: every control through the suite, every value against the bound that was written before."""

from pathlib import Path

from synthuterus_bench.bench.controls.bounds import load_bounds
from synthuterus_bench.bench.controls.judge import judge
from synthuterus_bench.bench.controls.record import Cell, ControlReport
from synthuterus_bench.bench.controls.submissions import CONTROLS, halve, make_control
from synthuterus_bench.bench.reference import PHANTOM, cache_folder, load_reference
from synthuterus_bench.bench.run import Clock, environment, evaluate_sets
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.suite import Suite, find_suite
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.bench.tools import OWN, make_tools
from synthuterus_bench.errors import UsageError
from synthuterus_bench.metrics.features import Embedder
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.progress import Track, silent


@one_thread()
def run_controls(
    suite: str | Suite = "demo",
    reference: str = PHANTOM,
    *,
    weights_dir: Path | None = None,
    cache: Path | None = None,
    features_cache: Path | None = None,
    workers: int = 1,
    device: str = "cpu",
    embedder: Embedder | None = None,
    track: Track = silent,
) -> ControlReport:
    """Evaluate every control by ``suite`` and what else our embedder's features give; arguments as for ``evaluate``.

    Raises:
        UsageError: no such suite or device; a suite of volumes, for which no bounds are written.
        CohortError: the reference is not fit for the suite, or has too few training patients to spare half of them.
    """
    suite, cache = find_suite(suite) if isinstance(suite, str) else suite, cache or cache_folder()
    if suite.dims != 2:
        raise UsageError(f"--controls: found suite {suite.id} of volumes, expected one of images")
    tools, bounds = make_tools(embedder, weights_dir, features_cache, workers, device, silent, cache), load_bounds()
    real = load_reference(reference, suite, cache, track)
    halves, whole = halve(real, suite), _with_all_of_embedder(suite)
    cells: list[Cell] = []
    for name in track(CONTROLS, "controls", len(CONTROLS)):
        done = evaluate_sets(Sets(make_control(name, halves), halves.real), whole, tools, Clock())
        cells += judge(name, done.entry, bounds)
    return ControlReport(
        suite=suite.id,
        protocol_digest=suite.digest,
        reference=real.name,
        reference_digest=real.digest,
        bounds_version=bounds.version,
        images=len(halves.given.labels),
        controls={name: bounds.controls[name].what for name in CONTROLS},
        cells=tuple(cells),
        environment=environment(device),
    )


def _with_all_of_embedder(suite: Suite) -> Suite:
    """The suite and every metric that costs no further features."""
    cheap = (name for name, metric in METRICS.items() if metric.need in OWN)
    return suite.model_copy(update={"metrics": tuple(dict.fromkeys((*suite.metrics, *cheap)))})
