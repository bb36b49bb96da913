"""A server on this machine that behaves like the Hugging Face hub, or as badly as it is told to."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" * 6 + "abcd"


class ToyHub:
    """One repository, ``ada/tiny``.

    Attributes:
        files: Name → content. Small ones are in git, those in ``large`` are in its store.
        asked: (path, headers) of each request, in order.
        cut_after: Bytes of a file after which the connection is cut, once for each entry.
        stall_after: Bytes after which nothing more is said, until ``release``.
        status: Answer everything with this status instead.
        onward: Where files of the store are said to be; by default here.
        etag: Of the files of the store.
        lies: Name → what is sent instead of a file.
        ranges: Whether parts can be asked for.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.large: set[str] = set()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.cut_after: list[int] = []
        self.stall_after = -1
        self.status = 0
        self.onward = ""
        self.etag = '"one"'
        self.lies: dict[str, bytes] = {}
        self.ranges = True
        self.stalled = threading.Event()
        self._released = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.asked.append((self.path, dict(self.headers.items())))
                self.close_connection = True
                hub._answer(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def release(self) -> None:
        """Let stalled answers end."""
        self._released.set()

    def starts(self) -> list[int]:
        """Return from which byte each request for a file's bytes went on."""
        found = [
            headers.get("Range", "bytes=0-") for path, headers in self.asked if "store" in path
        ]
        return [int(re.findall(r"\d+", each)[0]) for each in found]

    def _answer(self, to: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(to.path).path)
        name = path.partition(f"/{COMMIT}/")[2]
        if self.status:
            _send(to, self.status, b"", {"Retry-After": "7"})
        elif path.startswith("/api/models/ada/tiny/revision/"):
            _send(to, 200, json.dumps(self._listed()).encode())
        elif path.startswith("/ada/tiny/resolve/") and name in self.files:
            self._resolve(to, name)
        elif path.startswith("/store/"):
            self._store(to, path.removeprefix("/store/"))
        else:
            _send(to, 404, b"")

    def _listed(self) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = []
        for name, data in self.files.items():
            row: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": _git(data)}
            if name in self.large:
                row["lfs"] = {"sha256": _sha256(data), "size": len(data), "pointerSize": 134}
            siblings.append(row)
        return {"sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}}

    def _resolve(self, to: BaseHTTPRequestHandler, name: str) -> None:
        data = self.files[name]
        if name not in self.large:
            _send(to, 200, self.lies.get(name, data), {"ETag": f'"{_git(data)}"'})
            return
        headers = {
            "Location": f"{self.onward or self.address}/store/{name}",
            "X-Linked-Etag": f'"{_sha256(data)}"',
            "X-Linked-Size": str(len(data)),
            "X-Repo-Commit": COMMIT,
        }
        _send(to, 302, b"", headers)

    def _store(self, to: BaseHTTPRequestHandler, name: str) -> None:
        data = self.lies.get(name, self.files[name])
        start = 0
        found = re.fullmatch(r"bytes=(\d+)-", to.headers.get("Range", ""))
        is_same = to.headers.get("If-Range", self.etag) == self.etag
        if found and self.ranges and is_same:
            start = int(found[1])
            to.send_response(206)
            to.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            to.send_response(200)
        to.send_header("ETag", self.etag)
        to.send_header("Content-Length", str(len(data) - start))
        to.end_headers()
        end = start + self.cut_after.pop(0) if self.cut_after else len(data)
        if self.stall_after >= 0:
            to.wfile.write(data[start : self.stall_after])
            to.wfile.flush()
            self.stalled.set()
            self._released.wait()
            return
        to.wfile.write(data[start:end])


@contextmanager
def toy_hub() -> Iterator[ToyHub]:
    """Run a hub for as long as the block lasts."""
    hub = ToyHub()
    thread = threading.Thread(target=hub._server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.release()
        hub._server.shutdown()
        hub._server.server_close()
        thread.join()


def tiny_gguf(size: int = 300_000) -> bytes:
    """Return a whole GGUF file with one tensor of noise, about ``size`` bytes."""
    items = size // 128 * 32
    return gguf_head(items) + hashlib.shake_128(b"tiny").digest(items * 4)


def gguf_head(items: int) -> bytes:
    """Return what stands before the one tensor of a GGUF file, of ``items`` float32."""
    import struct

    def text(words: str) -> bytes:
        return struct.pack("<Q", len(words)) + words.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 3)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("general.name") + struct.pack("<I", 8) + text("Tiny")
    head += text("llama.context_length") + struct.pack("<II", 4, 512)
    head += text("output.weight") + struct.pack("<IQIQ", 1, items, 0, 0)
    return head + b"\0" * (-len(head) % 32)


def _send(
    to: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None
) -> None:
    to.send_response(status)
    for name, value in (headers or {}).items():
        to.send_header(name, value)
    to.send_header("Content-Length", str(len(body)))
    to.end_headers()
    to.wfile.write(body)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _git(data: bytes) -> str:
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
