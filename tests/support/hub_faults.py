"""What can go wrong on the way to the Hub, and when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What happens to a request that a fault hits."""

    STATUS = "status"  # answered with a status, nothing done
    DROP = "drop"  # hung up on, nothing done
    LOSE = "lose"  # done, then hung up on: the answer is lost
    CUT_BODY = "cut body"  # hung up on in the middle of the answer
    CUT_UPLOAD = "cut upload"  # hung up on in the middle of the request
    CORRUPT = "corrupt"  # the answer has its size, and one wrong byte
    DELAY = "delay"  # answered late


@dataclass
class Fault:
    """Hits the ``nth`` request, and ``times`` in all from there, whose ``METHOD /path`` the pattern is found in."""

    match: str
    action: Action
    nth: int = 1
    times: int = 1
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int = 1024
    seconds: float = 0.0
    seen: int = 0

    def meets(self, request: str) -> bool:
        """Count a request that matches; whether the fault is due now."""
        if not re.search(self.match, request):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


@dataclass(frozen=True)
class Seen:
    """One request that came in."""

    method: str
    path: str
    token: str
    ranged: str | None
    sent: int
