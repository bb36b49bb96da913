"""How much a library holds. Reads only."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.base import disk
from studio.library.storage.database import Database

_COUNTS = """
    SELECT (SELECT count(*) FROM artifacts WHERE binned_at IS NOT NULL) AS binned,
           (SELECT count(*) FROM conversations WHERE binned_at IS NOT NULL)
               AS binned_conversations,
           (SELECT count(*) FROM messages WHERE binned_at IS NOT NULL AND conversation NOT IN
               (SELECT id FROM conversations WHERE binned_at IS NOT NULL)) AS binned_messages,
           (SELECT count(*) FROM records) AS records,
           (SELECT count(*) FROM conversations WHERE binned_at IS NULL) AS conversations,
           (SELECT count(*) FROM messages) AS messages,
           (SELECT coalesce(sum(bytes), 0) FROM artifacts)
               + (SELECT coalesce(sum(bytes), 0) FROM intermediates) AS bytes
"""


class Stats(msgspec.Struct, frozen=True):
    """How much there is.

    Attributes:
        kinds: Kind → artifacts outside the bin.
        binned, binned_conversations, binned_messages: In the bin: artifacts, conversations, and
            messages that were deleted within conversations.
        bytes: Of all payloads, the bin's too, and of intermediates.
        free: Bytes left on the disk.
    """

    kinds: dict[str, int]
    binned: int
    binned_conversations: int
    binned_messages: int
    records: int
    conversations: int
    messages: int
    bytes: int
    free: int


def count(database: Database, folder: Path) -> Stats:
    """Return how much there is."""
    kinds = database.all(
        "SELECT kind, count(*) FROM artifacts WHERE binned_at IS NULL GROUP BY kind"
    )
    (counts,) = database.all(_COUNTS)
    return Stats(
        kinds={row[0]: row[1] for row in kinds}, free=disk.free_bytes(folder), **dict(counts)
    )
