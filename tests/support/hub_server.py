"""A stand-in Hugging Face Hub on loopback, for tests with the real ``huggingface_hub`` and ``datasets`` clients.

It was modelled on the clients' source. There is no Xet: give the clients ``HF_ENDPOINT`` and ``HF_HUB_DISABLE_XET=1``.
"""

import json
import re
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.hub_answer import Answer, refusal
from tests.support.hub_faults import Action, Fault, Seen
from tests.support.hub_routes import Request
from tests.support.hub_store import Repo

WRITE, READ, STRANGER = "hf_writetokenofalice", "hf_readtokenofbob", "hf_writetokenofcarol"


@dataclass(frozen=True)
class User:
    """Whose token it is, and what it may do."""

    name: str
    orgs: tuple[str, ...]
    write: bool


TOKENS = {WRITE: User("alice", ("org",), True), READ: User("bob", ("org",), False), STRANGER: User("carol", (), True)}


class Server(ThreadingHTTPServer):
    """A server that knows its Hub."""

    daemon_threads = True
    hub: "Hub"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one request, or does to it what a fault wants."""

    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    server: Server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def handle_any(self) -> None:
        hub, length = self.server.hub, int(self.headers.get("Content-Length") or 0)
        fault = hub.note(self.command, self.path, self.headers, length)
        action = fault.action if fault else None
        if fault:
            time.sleep(fault.seconds)
        cut = fault is not None and action is Action.CUT_UPLOAD
        body = self.rfile.read(min(length, fault.cut_at) if cut and fault else length)
        gone = not cut and len(body) < length
        if action in (Action.DROP, Action.CUT_UPLOAD) or gone:
            self.hang_up()
            return
        answer = self.answer(hub, body, fault)
        if action is Action.LOSE:
            self.hang_up()
        else:
            self.send(answer, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def answer(self, hub: "Hub", body: bytes, fault: Fault | None) -> Answer:
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        try:
            if fault and fault.action is Action.STATUS:
                raise refusal(fault.status, "injected fault", headers=dict(fault.headers))
            with hub.lock:
                said = Request(hub, self.command, url.path, query, self.headers, body).route()
        except Answer as stop:
            said = stop
        return said if isinstance(said, Answer) else Answer(said)

    def hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)

    def send(self, answer: Answer, fault: Fault | None) -> None:
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        if fault and fault.action is Action.CORRUPT and data:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.send_response_only(answer.status)
        for key, value in {"Content-Length": len(data), **answer.headers}.items():
            self.send_header(key, str(value))
        self.end_headers()
        cut = fault.cut_at if fault and fault.action is Action.CUT_BODY else None
        if self.command != "HEAD":
            self.wfile.write(data[:cut])
        if cut is not None:
            self.hang_up()


class Hub:
    """Two loopback servers on one store: the Hub, and the CDN to which large files are sent and redirected.

    In a test: ``with Hub(tmp_path) as hub: hub.add_fault("PUT /_lfs", Action.DROP)``; ``hub.requests`` is what came in.
    """

    def __init__(self, root: Path, page_size: int = 1000) -> None:
        self.root, self.blobs, self.tokens, self.page_size = root, root / "blobs", TOKENS, page_size
        self.requests: list[Seen] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.servers = [Server(("127.0.0.1", 0), Handler) for _ in range(2)]
        for server in self.servers:
            server.hub = self
        self.url, self.cdn_url = (f"http://127.0.0.1:{server.server_port}" for server in self.servers)

    def repo(self, kind: str, name: str) -> Repo:
        """A repository as it is now; ``kind`` is ``model`` or ``dataset``."""
        return Repo(self.root / f"{kind}s" / name.replace("..", "_"), self.blobs)

    def add_fault(self, match: str, action: Action, **more: Any) -> None:
        """See :class:`Fault`."""
        self.faults.append(Fault(match, action, **more))

    def count(self, match: str) -> int:
        """How many requests a pattern is found in."""
        return sum(bool(re.search(match, f"{one.method} {one.path}")) for one in self.requests)

    def note(self, method: str, path: str, headers: Any, sent: int) -> Fault | None:
        """Keep a request, and find the fault that is due."""
        token = (headers.get("Authorization") or "").removeprefix("Bearer ")
        with self.lock:
            self.requests.append(Seen(method, path, token, headers.get("Range"), sent))
            hits = [fault for fault in self.faults if fault.meets(f"{method} {path}")]
        return hits[0] if hits else None

    def __enter__(self) -> Self:
        for server in self.servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()
