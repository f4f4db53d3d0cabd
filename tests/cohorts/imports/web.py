"""A real HTTP server on this machine that serves one file, well or badly."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does with its file.

    ``cuts`` are how many bytes each of the first answers sends before the connection is dropped; ``statuses`` are
    what the first answers say instead of serving.
    """

    data: bytes
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    kind: str = "application/zip"
    asked: list[str | None] = field(default_factory=list)
    tells_length: bool = True


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Yield the server's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, behaviour)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(handler: BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
    wanted = handler.headers.get("Range")
    behaviour.asked.append(wanted)
    if behaviour.statuses:
        handler.send_response(behaviour.statuses.pop(0))
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    begin = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1)) if wanted and behaviour.ranges else 0
    body = behaviour.data[begin:]
    if begin >= len(behaviour.data):
        handler.send_error(416)
        return
    handler.send_response(206 if wanted and behaviour.ranges else 200)
    if wanted and behaviour.ranges:
        total = len(behaviour.data)
        handler.send_header("Content-Range", f"bytes {begin}-{total - 1}/{total}")
    if behaviour.tells_length:
        handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Content-Type", behaviour.kind)
    handler.end_headers()
    handler.wfile.write(body[: behaviour.cuts.pop(0)] if behaviour.cuts else body)
