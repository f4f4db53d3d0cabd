"""The prompt grammar: position, field strength, sequence. Parsing inverts rendering.

``sagittal T2-weighted TSE of an anteverted, anteflexed uterus at 3 T``
"""

import re
from dataclasses import dataclass

from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Orientation, Sequence

POSITIONS = {
    Orientation.AV_AF: "anteverted, anteflexed",
    Orientation.AV_RF: "anteverted, retroflexed",
    Orientation.RV_AF: "retroverted, anteflexed",
    Orientation.RV_RF: "retroverted, retroflexed",
}
_PATTERN = re.compile(r"^sagittal T2-weighted (\S+) of an? (\S+, \S+) uterus at (\S+) T$")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a conditional generator is asked for."""

    orientation: Orientation
    field_strength: float
    sequence: Sequence


def render(condition: Condition) -> str:
    """The prompt of a condition.

    Raises:
        UsageError: the orientation is ``ambiguous`` or the field strength is not a known one.
    """
    if condition.orientation not in POSITIONS or condition.field_strength not in FIELD_STRENGTHS:
        raise UsageError(f"no prompt for {condition}: expected one of {[*CLASSES]} at {FIELD_STRENGTHS} T")
    position = POSITIONS[condition.orientation]
    article = "an" if position[0] in "aeiou" else "a"
    return (
        f"sagittal T2-weighted {condition.sequence.value} of {article} {position} uterus "
        f"at {condition.field_strength:g} T"
    )


def parse(prompt: str) -> Condition:
    """The condition of a prompt.

    Raises:
        UsageError: the text is not in the grammar.
    """
    match = _PATTERN.match(prompt)
    by_words = {words: orientation for orientation, words in POSITIONS.items()}
    try:
        if match is None:
            raise ValueError
        sequence, position, field = match.groups()
        condition = Condition(by_words[position], float(field), Sequence(sequence))
        if render(condition) != prompt:
            raise ValueError
    except (ValueError, KeyError, UsageError):
        raise UsageError(
            f"prompt {prompt!r} is not in the grammar",
            "write it like 'sagittal T2-weighted TSE of an anteverted, anteflexed uterus at 3 T'",
        ) from None
    return condition
