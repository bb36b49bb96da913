"""SHA-256 of weights, computed once for each file and remembered. Reads files, loads nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

from studio.protocol.caches import DIGESTS
from studio.protocol.regular_file import open_regular, read_note
from studio.protocol.weights_files import digest_of_all, files_of, stamp

CHUNK = 4 * 1024**2


class Digests:
    """Digests by path, size and time of change. Any thread may ask."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = folder / DIGESTS if folder else None
        self._known = self._read()

    def known(self, path: Path) -> str:
        """Return the digest of ``path`` if it was computed for the file as it is now, else ''."""
        try:
            return self._known.get(stamp(path), "")
        except OSError:
            return ""

    def compute(self, path: Path) -> Generator[float, None, str]:
        """Yield the share read (0–1) after every few MB; return the digest, and remember it.

        Of several files: that of their digests, see ``digest_of_all``.
        """
        key = stamp(path)
        files = files_of(path)
        total = sum(file.stat().st_size for file in files) or 1
        done = 0
        digests = {}
        for file in files:
            digest = hashlib.sha256()
            with open_regular(file) as stream:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    yield min(1.0, done / total)
            digests[file] = digest.hexdigest()
        result = self._known[key] = digest_of_all(path, digests)
        self._write()
        return result

    def _read(self) -> dict[str, str]:
        if self._file is None:
            return {}
        with contextlib.suppress(OSError, ValueError):  # absent or damaged: computed again
            known = json.loads(read_note(self._file).decode("utf-8"))
            if isinstance(known, dict):
                return {str(key): str(value) for key, value in known.items()}
        return {}

    def _write(self) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):  # a cache: without it we compute again
            self._file.parent.mkdir(0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix="digests-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._known, file)
            os.replace(name, self._file)
