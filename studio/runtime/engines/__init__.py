"""Engines: loaded models that tasks lease. Each knows one family; none schedules anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studio.api.worker.context import Loader


def loaders() -> Sequence[Loader]:
    """Return the loaders of the runtime's own engines. Imports torch; call it where it works."""
    from studio.protocol.caches import CACHE_ENV
    from studio.runtime.engines.embedding.loader import EmbeddingLoader
    from studio.runtime.engines.text.adapter_loader import AdapterLoader
    from studio.runtime.engines.text.loader import TextLoader

    named = os.environ.get(CACHE_ENV)
    cache = Path(named) if named else None
    return (TextLoader(cache), AdapterLoader(cache), EmbeddingLoader())
