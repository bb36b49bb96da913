"""Fetches files over HTTPS from the hub and its stores. The only place that opens a connection.

Nothing here runs by itself: a user has pasted an address and pressed a button, or typed a command.
No cookies, no account, no word about who asks but the studio's name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import studio
from studio.base import disk
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from studio.protocol.regular_file import open_regular, read_note

SECONDS = 30.0
"""A connection that says nothing for so long is given up."""
PAUSES = (0.5, 2.0, 5.0)
"""Seconds before a connection that was cut is made again; after the last it is told."""
BLOCK = 256 * 1024
MAX_HOPS = 5
MAX_TEXT_BYTES = 32 * 1024 * 1024
STORES = ("huggingface.co", "hf.co")
"""Hosts, with all below them, that the hub may send us on to."""
ETAG = ".etag"
"""Suffix of the file beside an unfinished one that says which version of the file it is of."""

OnBytes = Callable[[int], None]
"""Takes the bytes that are here; may raise to stop."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True)
class Wanted:
    """The expected properties of a file.

    Attributes:
        sha256: Of its bytes, hexadecimal; empty where only ``git`` is known.
        git: SHA-1 as git computes it of a blob; empty where it is not known.
    """

    bytes: int
    sha256: str = ""
    git: str = ""


class Line:
    """The way to one hub. Used by one thread, but for ``cut``.

    Args:
        base: Address of the hub: ``https://…``; ``http://`` only on this machine itself.
    """

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self._home = urlsplit(self.base)
        self._is_cut = threading.Event()
        self._socket: socket.socket | None = None
        if not self._home.hostname or not self._is_allowed(self._home):
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"{base} is not a valid server address.",
                "It must start with https:// (http:// is allowed only for a server on this "
                "machine).",
            )

    def cut(self) -> None:
        """Abort the current transfer, from any thread; it raises ``Cancelled`` there."""
        self._is_cut.set()
        with contextlib.suppress(OSError, AttributeError):
            self._socket.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    def text(self, path: str) -> bytes:
        """Return what lies at ``path`` of the hub.

        Raises:
            StudioError: It cannot be had; says why.
        """
        try:
            with self._opened(f"{self.base}{path}", {}) as (answer, _):
                _expect(answer, {200})
                data = answer.read(MAX_TEXT_BYTES + 1)
        except (http.client.HTTPException, OSError) as error:
            self._check_cut()
            raise _no_line(self._home.hostname or "", error) from error
        if len(data) > MAX_TEXT_BYTES:
            raise _nonsense("its file list is too long")
        return data

    def fetch(self, path: str, part: Path, wanted: Wanted, on_bytes: OnBytes) -> str:
        """Fetch the file at ``path`` of the hub into ``part``; return its SHA-256.

        Whatever ends this, ``part`` keeps what is here, and the next call goes on from it.

        Raises:
            StudioError: It cannot be had, or is not what it should be; then ``part`` is deleted.
            Cancelled: ``cut`` was called.
        """
        in_vain = len(PAUSES)  # a line that never was there is not waited for
        while True:
            before = _size(part)
            try:
                self._go_on(f"{self.base}{path}", part, wanted, on_bytes)
                return _checked(part, wanted, self._check_cut)
            except (http.client.HTTPException, OSError) as error:
                self._check_cut()
                if _is_disk(error):
                    raise
                in_vain = 0 if _size(part) > before else in_vain + 1
                if in_vain >= len(PAUSES):
                    raise _no_line(self._home.hostname or "", error) from error
                self._is_cut.wait(PAUSES[in_vain])

    # --- one attempt --------------------------------------------------------------------------

    def _go_on(self, url: str, part: Path, wanted: Wanted, on_bytes: OnBytes) -> None:
        here = _size(part)
        if here > wanted.bytes:
            here = 0
        if here == wanted.bytes:
            return
        headers = {}
        if here:
            headers["Range"] = f"bytes={here}-"
            if (etag := _etag(part)) is not None:
                headers["If-Range"] = etag
        with self._opened(url, headers) as (answer, linked):
            if here and answer.status == 416:
                disk.remove(part)
                raise ConnectionError("the server cannot resume this file")
            _expect(answer, {200, 206})
            start = _start(answer, here, wanted.bytes)
            _check_link(linked, wanted)
            _keep_etag(part, answer.headers.get("ETag", ""))
            with part.open("r+b" if start else "wb") as sink:
                sink.seek(start)
                sink.truncate()
                self._read(answer, sink, wanted.bytes, on_bytes)

    def _read(
        self, answer: http.client.HTTPResponse, sink: BinaryIO, total: int, on_bytes: OnBytes
    ) -> None:
        try:
            while sink.tell() < total:
                self._check_cut()
                block = answer.read1(min(BLOCK, total - sink.tell()))
                if not block:
                    self._check_cut()
                    raise ConnectionError("the connection was lost")
                sink.write(block)
                on_bytes(sink.tell())
        finally:
            sink.flush()
            disk.sync_file(sink.fileno())

    def _check_cut(self) -> None:
        if self._is_cut.is_set():
            raise Cancelled

    # --- connections --------------------------------------------------------------------------

    @contextlib.contextmanager
    def _opened(
        self, url: str, headers: Mapping[str, str]
    ) -> Iterator[tuple[http.client.HTTPResponse, Mapping[str, str]]]:
        """Yield the answer and the headers of the hub's own; follow it to its stores alone."""
        linked: Mapping[str, str] = {}
        for _ in range(MAX_HOPS):
            self._check_cut()
            connection = self._connect(urlsplit(url))
            try:
                answer = self._ask(connection, url, headers)
                linked = linked or dict(answer.headers.items())
                if answer.status not in (301, 302, 303, 307, 308):
                    yield answer, linked
                    return
                url = self._next(url, answer.headers.get("Location", ""))
            finally:
                self._socket = None
                connection.close()
        raise _nonsense("it redirected too many times")

    def _ask(
        self, connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        split = urlsplit(url)
        target = split.path + (f"?{split.query}" if split.query else "")
        try:
            connection.connect()
            self._socket = connection.sock
            connection.request(
                "GET", target, headers={"User-Agent": f"offline-studio/{studio.__version__}",
                                        "Accept-Encoding": "identity", **headers})  # fmt: skip
            return connection.getresponse()
        except ssl.SSLError as error:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"{split.hostname} could not prove its identity ({error.reason or error}), so "
                "nothing was downloaded.",
                "Something may be intercepting the connection, or this machine's clock is wrong.",
            ) from error
        except socket.gaierror as error:
            raise _no_line(split.hostname or "", error) from error

    def _connect(self, split: SplitResult) -> http.client.HTTPConnection:
        host = split.hostname or ""
        if split.scheme == "http":  # on this machine itself: see ``_is_allowed``
            return http.client.HTTPConnection(host, split.port, timeout=SECONDS)
        context = ssl.create_default_context()
        proxy = urllib.request.getproxies().get("https")
        if not proxy or urllib.request.proxy_bypass(host):
            return http.client.HTTPSConnection(host, split.port, timeout=SECONDS, context=context)
        through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        connection = http.client.HTTPSConnection(
            through.hostname or "", through.port, timeout=SECONDS, context=context
        )
        connection.set_tunnel(host, split.port or 443, headers=_proxy_headers(through))
        return connection

    def _next(self, url: str, location: str) -> str:
        onward = urljoin(url, location)
        split = urlsplit(onward)
        if not location or not self._is_allowed(split):
            where = split.hostname or "nowhere"
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"Hugging Face redirected to {where}, which is not one of its own servers, so "
                "nothing was downloaded.",
                "If you trust that server, download the file with a browser and add it.",
            )
        return onward

    def _is_allowed(self, split: SplitResult) -> bool:
        """Whether ``split`` is the hub or a store of its, over a line nobody can read along."""
        host = (split.hostname or "").rstrip(".").lower()
        if split.username or split.password:
            return False
        if split.scheme == "http":
            return _is_this_machine(host) and _is_this_machine(self._home.hostname or "")
        is_store = any(host == store or host.endswith(f".{store}") for store in STORES)
        return split.scheme == "https" and (host == self._home.hostname or is_store)


# --- answers ------------------------------------------------------------------------------------


def _expect(answer: http.client.HTTPResponse, statuses: set[int]) -> None:
    if answer.status in statuses:
        return
    wait = answer.headers.get("Retry-After", "")
    if answer.status == 429:
        when = f"in {wait} seconds" if wait.isdecimal() else "later"
        raise StudioError(
            ErrorCode.BUSY, "Hugging Face is receiving too many requests.", f"Try again {when}."
        )
    if answer.status in (401, 403):
        raise StudioError(
            ErrorCode.NOT_FOUND,
            "This repository does not exist, or it requires an account.",
            "Check the name. If a licence must be accepted, do that in a browser, download the "
            "file there, and add it.",
        )
    if answer.status == 404:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            "Hugging Face has no such repository or file.",
            "Check the owner, name, revision and file.",
        )
    raise StudioError(
        ErrorCode.NOT_FOUND,
        f"Hugging Face could not answer ({answer.status} {answer.reason[:80]}).",
        "Try again later; the download will resume.",
    )


def _start(answer: http.client.HTTPResponse, here: int, total: int) -> int:
    """Return where in the file the answer begins; it may be from the start though we asked on."""
    if answer.status == 200:
        length = answer.headers.get("Content-Length", str(total))
        if length != str(total):
            raise _nonsense(f"the server has {length} bytes, the file list says {total}")
        return 0
    match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if match is None or (int(match[1]), int(match[2])) != (here, total):
        raise _nonsense("the server sent a different part of the file than requested")
    return here


def _check_link(linked: Mapping[str, str], wanted: Wanted) -> None:
    """Compare the hub's current data on the file with its listing."""
    headers = {name.lower(): value for name, value in linked.items()}
    etag = headers.get("x-linked-etag", "").removeprefix("W/").strip('"')
    size = headers.get("x-linked-size", str(wanted.bytes))
    is_other = re.fullmatch("[0-9a-f]{64}", etag) and wanted.sha256 and etag != wanted.sha256
    if is_other or size != str(wanted.bytes):
        raise _nonsense("the file has changed since it was listed")


def _checked(part: Path, wanted: Wanted, check_cut: Callable[[], None]) -> str:
    """Return the SHA-256 of a file that matches; delete any other."""
    sha256 = hashlib.sha256()
    git = hashlib.sha1(f"blob {wanted.bytes}\0".encode(), usedforsecurity=False)
    sums = [sha256] if wanted.sha256 else [sha256, git]
    with open_regular(part) as file:
        while block := file.read(BLOCK * 16):
            check_cut()
            for digest in sums:
                digest.update(block)
    is_right = sha256.hexdigest() == wanted.sha256 if wanted.sha256 else True
    if wanted.git and not wanted.sha256:
        is_right = git.hexdigest() == wanted.git
    if not is_right:
        disk.remove(part)
        disk.remove(_etag_file(part))
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            "The downloaded file does not match its checksum, so it was deleted.",
            "Try again. If this repeats, something is altering the download.",
        )
    disk.remove(_etag_file(part))
    return sha256.hexdigest()


def _nonsense(why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"Hugging Face sent an invalid answer: {why}.",
        "Look up the files again, then retry.",
    )


def _no_line(host: str, error: BaseException) -> StudioError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return StudioError(
        ErrorCode.NOT_FOUND,
        f"The connection to {host} failed: {reason}.",
        "Check your internet connection. The download will resume where it stopped.",
    )


# --- small things -------------------------------------------------------------------------------


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _proxy_headers(through: SplitResult) -> dict[str, str]:
    if not through.username:
        return {}
    who = f"{unquote(through.username)}:{unquote(through.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(who.encode()).decode()}"}


def _is_disk(error: BaseException) -> bool:
    """Whether the disk refused, not the line."""
    is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return is_full or bool(getattr(error, "filename", None))


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except OSError:
        return 0


def _etag_file(part: Path) -> Path:
    return part.with_name(part.name + ETAG)


def _etag(part: Path) -> str | None:
    """Return the strong tag of the version that ``part`` is of; None if none is known."""
    try:
        tag = read_note(_etag_file(part)).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return None
    return tag if re.fullmatch(r'"[\x21\x23-\x7e]{1,200}"', tag) else None


def _keep_etag(part: Path, tag: str) -> None:
    if tag.isascii() and len(tag) < 250:
        _etag_file(part).write_text(tag, "ascii")
