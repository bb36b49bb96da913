"""The access token for programs: persistent, in a file that only its owner reads."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import sys
from pathlib import Path

from studio.base import disk
from studio.protocol.errors import ErrorCode, StudioError

_LENGTH = 43
"""Letters of 256 bits."""
_READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Neither through a link nor waiting for a pipe."""
_WHOLE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Token:
    """256 random bits, in a file of mode 0600.

    Attributes:
        text: What follows ``Bearer`` in the header ``Authorization``.
        path: Where it lies for programs of the same user.
    """

    def __init__(self, path: Path) -> None:
        """Take the token of the last start; draw one if there is none that nobody else could read.

        Raises:
            StudioError: The file cannot be written.
        """
        self.path = path
        self.text = _kept(path)
        if not self.text:
            self.renew()

    def renew(self) -> None:
        """Draw another one; the one before is worth nothing from here on.

        Raises:
            StudioError: The file cannot be written.
        """
        self.text = secrets.token_urlsafe(32)
        path = self.path
        part = path.with_name(path.name + ".part")
        try:
            disk.make_folder(path.parent)
            part.unlink(missing_ok=True)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="ascii") as file:
                file.write(self.text)
            part.replace(path)
        except OSError as error:
            raise StudioError(
                ErrorCode.PERMISSION,
                f"The token of the local server cannot be saved in {path} ({error.strerror}).",
                "Make that folder writable, then start the server again.",
            ) from error

    def is_shown_by(self, authorization: bytes) -> bool:
        """Whether a header ``Authorization`` holds the token; takes as long whether or not."""
        scheme, _, shown = authorization.partition(b" ")
        is_equal = hmac.compare_digest(shown, self.text.encode())
        return scheme.lower() == b"bearer" and is_equal


def _kept(path: Path) -> str:
    """Return the token in the file; nothing if it is another's, open to others, or no token."""
    text = read_private(path, _LENGTH + 1).decode("ascii", "replace")
    return text if _WHOLE.fullmatch(text) else ""


def read_private(path: Path, most: int) -> bytes:
    """Return at most ``most`` bytes of a file; none if it is another's, or open to others."""
    try:
        handle = os.open(path, _READING)
    except OSError:
        return b""
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not _is_private(status):
            return b""
        return file.read(most)


def _is_private(status: os.stat_result) -> bool:
    if sys.platform == "win32":  # its folders are the user's own; there are no modes
        return True
    return status.st_uid == os.getuid() and not status.st_mode & 0o077
