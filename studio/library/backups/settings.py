"""Backup settings: destination, schedule, number of backups to keep."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from studio.base.paths import StudioPaths
from studio.base.settings import Settings

FOLDER = "backup.folder"
"""Setting: a path; empty for the usual folder."""
EVERY = "backup.every"
"""Setting: an ``Every``."""
KEPT = "backup.kept"
"""Setting: how many backups of the schedule stay."""
KEPT_USUALLY = 4
_DAY = 24 * 3600


class Every(StrEnum):
    """How often the schedule makes a backup."""

    DAILY = "daily"
    WEEKLY = "weekly"
    OFF = "off"

    @property
    def seconds(self) -> float:
        """Return the time between two of them."""
        return {Every.DAILY: _DAY, Every.WEEKLY: 7 * _DAY, Every.OFF: float("inf")}[self]


def folder(paths: StudioPaths, settings: Settings) -> Path:
    """Return where backups go."""
    chosen = settings.get(FOLDER, "")
    return Path(chosen) if chosen else usual_folder(paths)


def usual_folder(paths: StudioPaths) -> Path:
    """Return where they go while nothing was chosen: inside the home, as all that is not asked for.

    Where earlier versions put them beside it, they stay there.
    """
    beside = paths.home.with_name(f"{paths.home.name}-backups")
    return beside if beside.is_dir() else paths.home / "backups"


def every(settings: Settings) -> Every:
    """Return how often; weekly until something else was chosen.

    Few people look for such a setting before they need it. Only files that are new take room, and
    what nobody asked for leaves most of the free room alone (``maker.ROOM_UNASKED``).
    """
    chosen = settings.get(EVERY, Every.WEEKLY.value)
    return Every(chosen) if chosen in set(Every) else Every.WEEKLY


def kept(settings: Settings) -> int:
    """Return how many stay, at least one."""
    return max(1, settings.get(KEPT, KEPT_USUALLY))
