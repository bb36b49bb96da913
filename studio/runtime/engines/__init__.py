"""Engines: loaded models that tasks lease. Each knows one family; none schedules anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studio.api.worker import Loader


def loaders() -> Sequence[Loader]:
    """Return the loaders of the runtime's own engines. Imports torch; call it where it works."""
    from studio.runtime.engines.embedding.loader import EmbeddingLoader
    from studio.runtime.engines.text.loader import TextLoader

    return (TextLoader(), EmbeddingLoader())
