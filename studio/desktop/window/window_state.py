"""Window geometry and page states in one small file. Losing it loses no user data."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import msgspec

from studio.protocol.regular_file import read_note

_log = logging.getLogger("studio.desktop.state")


class KnownPage(msgspec.Struct, frozen=True):
    """A page of the last session: enough to draw the rail before plugins are looked for."""

    id: str
    title: str
    icon: str
    group: str = "make"


class WindowState(msgspec.Struct):
    """All that the window remembers.

    Attributes:
        geometry: x, y, width, height.
        pages: State of each page by id, as the page gave it.
        rail: The pages of the last session.
        used: Ids of palette entries, most recent first.
    """

    geometry: tuple[int, int, int, int] | None = None
    maximized: bool = False
    page: str = ""
    panel_folded: bool = False
    rail_folded: bool = False
    theme: str = "system"
    reduced_motion: bool = False
    language: str = ""
    """See ``appearance.language``: empty for that of the system."""
    pages: dict[str, Any] = {}
    rail: tuple[KnownPage, ...] = ()
    used: list[str] = []
    told: list[str] = []
    """Keys of notices that are given once only."""


def load(path: Path) -> WindowState:
    """Return the saved state; defaults if missing or unreadable."""
    try:
        return msgspec.json.decode(read_note(path), type=WindowState)
    except FileNotFoundError:
        return WindowState()
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("The window's state in %s cannot be read (%s); starting afresh.", path, error)
        return WindowState()


def save(path: Path, state: WindowState) -> None:
    """Replace the file in one move. A failure is logged: comfort is not worth a dialog."""
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(msgspec.json.encode(state))
        os.replace(partial, path)
    except (OSError, TypeError) as error:
        _log.warning("The window's state could not be kept: %s", error)
