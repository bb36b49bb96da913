"""Bulk data beside a message: its permitted forms, and the private folder for its transfer.

Never pickles, never names a path that the other side chose.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import secrets
import stat
import struct
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.files.private_folder import PrivateFolder
from studio.protocol.messages import BlobSpec

if TYPE_CHECKING:
    from typing_extensions import Buffer

SHARED_ENV = "STUDIO_SHM"
SHARED_FROM = 256 * 1024
"""Smaller blobs go through the pipe: a file costs more than it saves."""
MAX_AXES = 8

DTYPES: dict[str, str] = {
    "bytes": "B",
    "bool": "?",
    "uint8": "B",
    "int8": "b",
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "int64": "q",
    "float16": "e",
    "bfloat16": "H",
    "float32": "f",
    "float64": "d",
}
"""Allowed dtype → ``struct`` format of its elements (bfloat16 travels as raw uint16)."""

_FORMATS = {code: name for name, code in DTYPES.items() if name not in ("bytes", "bfloat16")} | {
    "l": f"int{8 * struct.calcsize('l')}",
    "L": f"uint{8 * struct.calcsize('L')}",
}
_NAME = re.compile(r"[0-9a-f]{32}")


def flat(blob: Buffer) -> memoryview[int]:
    """Return the bytes of ``blob``, uncopied.

    Raises:
        StudioError: ``BAD_INPUT``: they do not lie one after the other in memory.
    """
    view = memoryview(blob)
    if not view.c_contiguous:
        raise StudioError(ErrorCode.BAD_INPUT, "An array must be contiguous to be sent.")
    return view.cast("B") if view.nbytes else memoryview(b"")


def check(spec: BlobSpec, blob: Buffer) -> None:
    """Refuse a blob that is not what ``spec`` says.

    Raises:
        StudioError: ``PROTOCOL``: unknown dtype, impossible shape, or another number of bytes.
    """
    code = DTYPES.get(spec.dtype)
    if code is None:
        raise _violation(f"an array has the unknown type {spec.dtype[:40]!r}")
    if len(spec.shape) > MAX_AXES or any(n < 0 for n in spec.shape):
        raise _violation("an array has an impossible shape")
    expected = math.prod(spec.shape) * struct.calcsize(code)
    actual = memoryview(blob).nbytes
    if expected != actual:
        raise _violation(f"an array should have {expected} bytes and has {actual}")


def describe(blob: Buffer) -> BlobSpec:
    """Return the spec of ``bytes`` or of any C-contiguous numeric buffer (a numpy array, say).

    Raises:
        StudioError: ``BAD_INPUT``: it is neither.
    """
    view = memoryview(blob)
    if isinstance(blob, bytes | bytearray):
        return BlobSpec("bytes", (view.nbytes,))
    dtype = _FORMATS.get(view.format.lstrip("@=<"))
    if dtype is None or not view.c_contiguous:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"An input of type {view.format!r} cannot be sent to a task.",
            "Use bytes, or a contiguous array of integers or floats.",
        )
    return BlobSpec(dtype, tuple(view.shape or ()))


def shaped(spec: BlobSpec, blob: Buffer) -> memoryview[Any]:
    """Return ``blob`` as a view with the type and shape of ``spec``.

    Bytes stay flat; float16 and bfloat16, which ``memoryview`` does not know, come as raw uint16.

    Raises:
        StudioError: ``PROTOCOL``: the blob is not what ``spec`` says.
    """
    check(spec, blob)
    raw = flat(blob)
    if spec.dtype == "bytes" or 0 in spec.shape or not spec.shape:
        return raw
    code: Any = DTYPES[spec.dtype].replace("e", "H")
    return raw.cast(code, spec.shape)


class SharedArea:
    """A private folder through which large blobs pass as files, in memory where possible.

    The studio's side makes it and removes it; the child is told by ``STUDIO_SHM`` and joins. Files
    are written and read, not mapped: a peer that cuts a mapped file short would end this process
    by SIGBUS, and so would a full ``/dev/shm``.
    """

    def __init__(self, folder: Path, own: PrivateFolder | None = None) -> None:
        self.folder = folder
        self._own = own

    @classmethod
    def create(cls, parent: Path | None = None) -> SharedArea | None:
        """Make a fresh area and sweep those whose owner is gone; None where it is not possible.

        Args:
            parent: Where to make it; by default ``/dev/shm`` or the folder for temporary files.
        """
        if sys.platform == "win32":  # no lock on folders there: all blobs go through the pipe
            return None
        try:
            own = PrivateFolder("blobs", parent or _memory_folder())
        except OSError:
            return None
        return cls(own.path, own)

    @classmethod
    def join(cls, environ: Mapping[str, str]) -> SharedArea | None:
        """Return the area the parent named, if it is really a private folder of ours."""
        named = environ.get(SHARED_ENV, "")
        if not named or sys.platform == "win32":
            return None
        try:
            facts = os.lstat(named)
        except OSError:
            return None
        private = stat.S_ISDIR(facts.st_mode) and not facts.st_mode & 0o077
        return cls(Path(named)) if private and facts.st_uid == os.getuid() else None

    def put(self, blob: Buffer) -> bytes | None:
        """Write ``blob`` to a new file; return its 16-byte name, or None if there is no room."""
        name = secrets.token_bytes(16)
        path = self.folder / name.hex()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with open(os.open(path, flags, 0o600), "wb", buffering=0) as file:
                view = flat(blob)
                while view:
                    view = view[file.write(view) :]
        except OSError:  # full: a container's /dev/shm is often small
            path.unlink(missing_ok=True)
            return None
        return name

    def take(self, name: bytes, length: int) -> bytearray:
        """Read the file ``name``, which must have ``length`` bytes, and remove it.

        Raises:
            StudioError: ``PROTOCOL``: no such name, not a plain file, or of another size.
        """
        if not _NAME.fullmatch(name.hex()):
            raise _violation("a shared blob has an impossible name")
        path = self.folder / name.hex()
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise _violation("a shared blob is not there") from error
        with open(handle, "rb", buffering=0) as file:
            path.unlink(missing_ok=True)
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_size != length:
                raise _violation("a shared blob has another size than it should")
            data = bytearray(length)
            rest = memoryview(data)
            while rest and (count := file.readinto(rest)):
                rest = rest[count:]
        if rest:
            raise _violation("a shared blob is incomplete")
        return data

    def clear(self) -> None:
        """Remove files that a dead peer left."""
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.folder):
                os.unlink(entry)

    def close(self) -> None:
        """Remove the folder, if this side made it."""
        if self._own is not None:
            self._own.close()


def _memory_folder() -> Path:
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def _violation(what: str) -> StudioError:
    return StudioError(ErrorCode.PROTOCOL, f"The connection to the runtime was lost: {what}.")
