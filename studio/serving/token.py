"""The token that a program must show: made at each start, kept where only its owner reads it."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from studio.core import disk
from studio.protocol.errors import ErrorCode, StudioError


class Token:
    """256 random bits, in a file of mode 0600 while the server runs.

    Attributes:
        text: What follows ``Bearer`` in the header ``Authorization``.
        path: Where it lies for programs of the same user.
    """

    def __init__(self, path: Path) -> None:
        """Draw a new token and write it; an older one is worth nothing from here on.

        Raises:
            StudioError: The file cannot be written.
        """
        self.path = path
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
                f"The token of the local server cannot be kept in {path} ({error.strerror}).",
                "Without a token there is no server. See to it that the folder can be written.",
            ) from error

    def is_shown_by(self, authorization: bytes) -> bool:
        """Whether a header ``Authorization`` holds the token; takes as long whether or not."""
        scheme, _, shown = authorization.partition(b" ")
        is_equal = hmac.compare_digest(shown, self.text.encode())
        return scheme.lower() == b"bearer" and is_equal

    def revoke(self) -> None:
        """Make the token worth nothing, for good."""
        self.text = secrets.token_urlsafe(32)
        self.path.unlink(missing_ok=True)
