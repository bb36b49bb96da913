"""Further keys, each with the name of who has it: made once, shown once, revoked one by one.

The file has their SHA-256 and no key. It is read again when it has changed, so that what one
process revokes is worth nothing in another at once.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.api.errors import BadInput
from studio.base import disk
from studio.library.storage.writer_lock import WriterLock
from studio.protocol.errors import ErrorCode, StudioError
from studio.serving.token import read_private

KEYS_FILE = "server-keys.json"
MOST_KEYS = 100
LONGEST_NAME = 60
_MOST_BYTES = 1 << 16


class Key(msgspec.Struct, frozen=True):
    """A key that somebody has.

    Attributes:
        name: Who.
        digest: SHA-256 of the key.
        created: Seconds since the epoch.
        begins: Its first letters, to tell keys apart.
    """

    name: str
    digest: str
    created: float
    begins: str


class Keys:
    """The named keys of one home."""

    def __init__(self, home: Path) -> None:
        self.path = home / KEYS_FILE
        self._stamp: tuple[int, int] | None = None
        self._known: list[Key] = []

    def rows(self) -> list[Key]:
        """Return them, oldest first; none from a file that others could have written."""
        try:
            status = self.path.stat()
            stamp = status.st_mtime_ns, status.st_ino
        except OSError:
            self._stamp, self._known = None, []
            return []
        if stamp != self._stamp:
            try:
                raw = read_private(self.path, _MOST_BYTES)
                self._known = msgspec.json.decode(raw, type=list[Key]) if raw else []
            except msgspec.DecodeError:
                self._known = []
            self._stamp = stamp
        return list(self._known)

    def create(self, name: str) -> str:
        """Return a new key; it is shown nowhere again.

        Raises:
            BadInput: The name is empty, too long, or taken.
            StudioError: The file cannot be written.
        """
        name = " ".join(name.split())
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise BadInput("A key needs a name.", f"Enter 1 to {LONGEST_NAME} letters.")
        key = secrets.token_urlsafe(32)

        def add(keys: list[Key]) -> list[Key]:
            if name.casefold() in (other.name.casefold() for other in keys):
                raise BadInput(f"There is already a key named “{name}”.", "Choose another name.")
            if len(keys) >= MOST_KEYS:
                raise BadInput(f"There are {MOST_KEYS} keys already.", "Revoke one first.")
            return [*keys, Key(name, _digest(key.encode()), time.time(), key[:4])]

        self._change(add)
        return key

    def revoke(self, name: str) -> None:
        """Make a key worth nothing.

        Raises:
            StudioError: There is none of that name, or the file cannot be written.
        """

        def remove(keys: list[Key]) -> list[Key]:
            left = [key for key in keys if key.name.casefold() != name.casefold()]
            if len(left) == len(keys):
                names = ", ".join(key.name for key in keys) or "none"
                raise StudioError(
                    ErrorCode.NOT_FOUND, f"There is no key named “{name}”.", f"There are: {names}."
                )
            return left

        self._change(remove)

    def has(self, shown: bytes) -> bool:
        """Whether a presented key is one of them; compares digests."""
        digest = _digest(shown)
        return any(hmac.compare_digest(digest, key.digest) for key in self.rows())

    def _change(self, change: Callable[[list[Key]], list[Key]]) -> None:
        lock = WriterLock(self.path.with_suffix(".lock"))
        try:
            disk.make_folder(self.path.parent)
            if not lock.acquire():
                raise StudioError(ErrorCode.BUSY, "The keys are being changed.", "Try again.")
            rows = change(self.rows())
            part = self.path.with_suffix(".part")
            part.unlink(missing_ok=True)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "wb") as file:
                file.write(msgspec.json.encode(rows))
            part.replace(self.path)
            self._stamp, self._known = None, rows
        except OSError as error:
            raise disk.explain(error, "save the keys", self.path) from error
        finally:
            lock.release()


def _digest(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()
