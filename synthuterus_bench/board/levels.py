"""The ladder of verification, and how one result of it can come out."""

from enum import StrEnum


class Level(StrEnum):
    """What was done again, from least to most."""

    RECOMPUTE = "recompute"
    RE_EMBED = "re-embed"
    REGENERATE = "regenerate"


LEVELS = tuple(Level)


class Outcome(StrEnum):
    """How one result came out; ``unchecked`` says nothing for or against it."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNCHECKED = "unchecked"
