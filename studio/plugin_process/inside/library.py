"""The library for a plugin that may read it: each look is asked for over the link."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.api.artifacts import SavedArtifact
from studio.plugin_process import messages as m
from studio.plugin_process.inside.wire import Wire


class RemoteLibrary:
    """See :class:`studio.api.worker.context.LibraryReader`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def find(
        self, query: str = "", kinds: Sequence[str] = (), limit: int = 100
    ) -> list[SavedArtifact]:
        """Return results, newest first; none of them has a path."""
        wanted = tuple(map(str, kinds))
        return self._rows(lambda ask: m.FindArtifacts(ask, "", str(query), wanted, int(limit)))

    def get(self, id: str) -> SavedArtifact:
        """Return one result."""
        return self._rows(lambda ask: m.FindArtifacts(ask, str(id)))[0]

    def read(self, artifact: SavedArtifact) -> bytes:
        """Return the payload of a result."""
        *_, (_, blobs) = self._wire.answers(lambda ask: m.ReadArtifact(ask, artifact.id))
        return bytes(blobs[0])

    def _rows(self, question: Any) -> list[SavedArtifact]:
        told = self._wire.ask(question)
        return msgspec.convert(told, list[SavedArtifact], dec_hook=_path)


def _path(kind: type, value: Any) -> Any:
    return Path()
