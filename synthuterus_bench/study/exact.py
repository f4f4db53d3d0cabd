"""One proportion, exactly."""

from scipy.stats import beta, binomtest

CHANCE = 0.5


def clopper_pearson(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a proportion (Clopper and Pearson 1934): never covers less than ``level``.

    Raises:
        ValueError: no trials, or hits outside 0 to ``trials``.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} hits of {trials} trials")
    tail = (1 - level) / 2
    low = beta.ppf(tail, hits, trials - hits + 1) if hits else 0.0
    high = beta.ppf(1 - tail, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)


def against_chance(hits: int, trials: int) -> float:
    """Two-sided exact binomial p-value against guessing."""
    return float(binomtest(hits, trials, CHANCE).pvalue)
