"""Where one class of position ends and the next begins. No source gives numbers to cut at: these are ours.

Version is the cervix axis against the vagina axis: at least +10 degrees forward is anteverted, at most -5 retroverted.
Flexion is the bend of the corpus away from straight: at least 30 degrees forward is anteflexed, 30 backward
retroflexed. Between the cuts a uterus is ``ambiguous``.
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
