"""Where one class of uterine position ends and the next begins.

No source gives numbers to cut version at; these are this project's assumption, stated wherever they are used: the
cervix at least 10 degrees forward of the vagina is anteverted, at most -5 (backward) retroverted. For flexion, the
common reading of the angle between corpus and cervix (150 degrees and less anteflexed, more than 210 retroflexed) gives
a bend of 30 degrees from straight either way. Between the cuts a uterus has no class: ``ambiguous``.
"""

from synthuterus_bench.vocab import Orientation

ANTEVERTED_MIN, RETROVERTED_MAX, FLEXION_MIN = 10.0, -5.0, 30.0


def classify(version_deg: float, flexion_deg: float, margin: float = 0.0) -> Orientation:
    """Class of a version and a flexion angle; ``ambiguous`` between the cuts or closer than ``margin`` to one."""
    version = (
        "av" if version_deg >= ANTEVERTED_MIN + margin else "rv" if version_deg <= RETROVERTED_MAX - margin else ""
    )
    flexion = "af" if flexion_deg >= FLEXION_MIN + margin else "rf" if flexion_deg <= -FLEXION_MIN - margin else ""
    return Orientation(f"{version}-{flexion}") if version and flexion else Orientation.AMBIGUOUS
