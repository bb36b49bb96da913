"""What a plugin in a process of its own keeps, and finds of earlier runs: over the link."""

from __future__ import annotations

import hashlib

from studio.api.worker.intermediates import KeepEvent
from studio.plugin_process import messages as m
from studio.plugin_process.inside.wire import Wire

LARGEST = 64 << 20
"""Bytes that are kept of one: it crosses the link whole, and not in pieces as results do."""


class RemoteIntermediates:
    """See :class:`studio.api.worker.intermediates.Intermediates`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def find(self, key: str) -> bytes | None:
        """Return what was kept under ``key``; None if it is gone."""
        *_, (_, blobs) = self._wire.answers(lambda ask: m.FindKept(ask, _short(key)))
        return bytes(blobs[0]) if blobs else None

    def keep(self, key: str, payload: bytes) -> KeepEvent | None:
        """Return the event that keeps ``payload``; a step without news for one too large."""
        return KeepEvent(_short(key), payload) if len(payload) <= LARGEST else None


def _short(key: str) -> str:
    """Return a key that a message takes, another for each key."""
    return f"sha256 {hashlib.sha256(str(key).encode()).hexdigest()}"
