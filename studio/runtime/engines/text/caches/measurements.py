"""What was measured once of each model, in a small file of the cache. Measures nothing."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from studio.protocol.regular_file import read_note

MOST_KNOWN = 500
MAX_FILE_BYTES = 1 << 20

log = logging.getLogger(__name__)

Fact = TypeVar("Fact")


@dataclass(frozen=True)
class Measurements(Generic[Fact]):
    """Facts by what they depend on.

    Args:
        path: The file; None keeps nothing.
        kind: What a fact is, as msgspec reads it.
    """

    path: Path | None
    kind: type[Fact]

    def get(self, key: str) -> Fact | None:
        """Return what is known; a file that is broken knows nothing."""
        return self._read().get(key)

    def put(self, key: str, fact: Fact) -> None:
        """Keep ``fact``; the oldest are forgotten."""
        if self.path is None:
            return
        known = self._read()
        known.pop(key, None)
        kept = dict([*known.items(), (key, fact)][-MOST_KNOWN:])
        part = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(msgspec.json.encode(kept))
            part.replace(self.path)
        except OSError as error:  # a cache: without it we measure again
            log.warning("what was measured cannot be kept: %s", error)

    def _read(self) -> dict[str, Fact]:
        if self.path is None:
            return {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if self.path.stat().st_size <= MAX_FILE_BYTES:
                return msgspec.json.decode(read_note(self.path), type=dict[str, self.kind])  # type: ignore[name-defined]
        return {}
