"""Where icons and fonts lie. A damaged installation has none, and the window opens all the same."""

from __future__ import annotations

from pathlib import Path

from studio.base import paths
from studio.protocol.errors import StudioError


def folder(name: str) -> Path:
    """Return the folder ``name`` of the resources; it may not exist."""
    try:
        return paths.resources() / name
    except StudioError:
        return Path("missing") / name
