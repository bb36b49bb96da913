"""One server a home: a lock that its holder's death frees, beside the address it answers to."""

from __future__ import annotations

from pathlib import Path

from studio.core import disk
from studio.core.library.storage.writer_lock import WriterLock
from studio.protocol.errors import ErrorCode, StudioError

LOCK_FILE = "server-lock"
ADDRESS_FILE = "server-address"


class Claim:
    """The right to serve from one home, held until it is given up."""

    def __init__(self, home: Path) -> None:
        """Take it.

        Raises:
            StudioError: Another server has it, or the home cannot be written.
        """
        self._lock = WriterLock(home / LOCK_FILE)
        self._told = home / ADDRESS_FILE
        try:
            disk.make_folder(home)
            is_ours = self._lock.acquire()
        except OSError as error:
            raise StudioError(
                ErrorCode.PERMISSION,
                f"The local server cannot be started: {home} cannot be written ({error.strerror}).",
                "Make the folder writable, then try again.",
            ) from error
        if not is_ours:
            raise _taken(self._address(), self._lock.holder())

    def tell(self, address: str) -> None:
        """Say where the server is, to whoever asks for another one."""
        self._told.write_text(address, encoding="ascii")

    def release(self) -> None:
        """Let another server start; harmless when done already."""
        self._lock.release()

    def _address(self) -> str:
        try:
            return self._told.read_text(encoding="ascii")[:100]
        except (OSError, ValueError):  # it is starting just now
            return ""


def _taken(address: str, process: int) -> StudioError:
    who = f" (process {process})" if process else ""
    where = f" at {address}{who}" if address else who
    return StudioError(
        ErrorCode.BUSY,
        f"The local server is running already{where}.",
        "Use that address; its key is the same. To start another, stop that one first.",
    )
