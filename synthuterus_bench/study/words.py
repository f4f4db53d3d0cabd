"""The words of a study that its page and its report share."""

from synthuterus_bench.vocab import ReaderGroup

GROUPS = {
    ReaderGroup.AI_RESEARCHER: "AI researcher",
    ReaderGroup.JUNIOR_RADIOLOGIST: "Junior radiologist",
    ReaderGroup.SENIOR_RADIOLOGIST: "Senior radiologist",
    ReaderGroup.OTHER: "Somebody else",
}
CONFIDENCE = {1: "Guessing", 2: "Unsure", 3: "Fairly sure", 4: "Certain"}
EVERYBODY = "All readers"


def group_name(group: str) -> str:
    """A group, or all readers, in words."""
    return GROUPS.get(ReaderGroup(group), group) if group in [*ReaderGroup] else EVERYBODY
