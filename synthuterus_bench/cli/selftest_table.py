"""The result of a self-test as lines of a terminal."""

from synthuterus_bench.privacy.selftest_record import SelfTest


def selftest_table(found: SelfTest) -> str:
    """Sensitivity by transform and strength, and the false positives."""
    lines = [f"{'':16}{'mild':>25}{'clear':>25}{'strong':>25}"]
    for name in dict.fromkeys(cell.transform for cell in found.cells):
        cells = sorted((cell for cell in found.cells if cell.transform == name), key=lambda cell: cell.strength)
        texts = [f"{cell.sensitivity:.1%} [{cell.interval[0]:.1%}, {cell.interval[1]:.1%}]" for cell in cells]
        lines.append(f"{name:16}" + "".join(f"{text:>25}" for text in texts))
    low, high = found.false_positive_interval
    rate = found.false_positives / found.negatives
    lines += ["", *_by_bound(found), ""]
    return "\n".join([*lines, f"unseen patients rejected: {rate:.1%} [{low:.1%}, {high:.1%}] of {found.negatives}"])


def _by_bound(found: SelfTest) -> list[str]:
    """What each bound alone catches of a change at its strongest, and all of them without the mirror image."""
    strongest = {cell.transform: cell for cell in sorted(found.cells, key=lambda cell: cell.strength)}
    names = list(dict.fromkeys(name for cell in strongest.values() for name in cell.caught_by))
    lines = [f"{'at its strongest':16}" + "".join(f"{name:>22}" for name in [*names, "all, not mirrored"])]
    for transform, cell in strongest.items():
        counts = [*(cell.caught_by.get(name, 0) for name in names), cell.unmirrored]
        texts = ["not counted" if count is None else f"{count / cell.plants:.1%}" for count in counts]
        lines.append(f"{transform:16}" + "".join(f"{text:>22}" for text in texts))
    return [*lines, f"{min(cell.plants for cell in found.cells)} plants a cell"]
