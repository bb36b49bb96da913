"""Display texts for backups."""

from __future__ import annotations

from datetime import datetime

from studio.api.window.language import tr
from studio.desktop import phrases
from studio.library.backups.catalogue import Backup


def when(moment: float) -> str:
    """Return a date and time, as lists of the studio have them."""
    return f"{datetime.fromtimestamp(moment):%Y-%m-%d %H:%M}"


def state(backup: Backup) -> str:
    """Return whether it was verified, or what else it is."""
    if backup.set_aside:
        return tr("replaced by a restore")
    if backup.damaged:
        return tr("damaged files: {n}").format(n=backup.damaged)
    return tr("verified") if backup.verified else tr("not verified")


def contents(backup: Backup) -> str:
    """Return how much it holds."""
    size = phrases.size(backup.bytes)
    if backup.artifacts is None or backup.conversations is None:
        return tr("{size}, unreadable").format(size=size)
    return tr("{results} results, {conversations} conversations, {size}").format(
        results=backup.artifacts, conversations=backup.conversations, size=size
    )
