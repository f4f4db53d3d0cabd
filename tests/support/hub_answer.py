"""What a route of the stand-in Hub says, other than plain JSON with status 200."""

from typing import Any


class Answer(Exception):
    """Body, status and headers; a route returns one, or raises it to stop there."""

    def __init__(self, body: Any = b"", status: int = 200, headers: dict[str, Any] | None = None) -> None:
        super().__init__(status)
        self.body, self.status, self.headers = body, status, headers or {}


def refusal(status: int, message: str, code: str | None = None, headers: dict[str, Any] | None = None) -> Answer:
    """An error as the Hub gives it: the clients act on these headers more than on the status."""
    told = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return Answer({"error": message}, status, told | (headers or {}))
