"""A result in the library, as seen by a running task. Data only."""

from __future__ import annotations

from typing import Any

import msgspec


class LibraryRow(msgspec.Struct, frozen=True):
    """The facts of one result, and where its payload lies."""

    id: str
    kind: str
    title: str
    record: str
    path: str
    text: str = ""
    verdict: dict[str, Any] | None = None
    meta: dict[str, Any] = {}
    starred: bool = False
    created: float = 0.0
