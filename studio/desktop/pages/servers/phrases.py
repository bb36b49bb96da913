"""What Settings says of a server."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.status import ServerState, ServerStatus


def _tr(text: str, n: int = -1) -> str:
    return QCoreApplication.translate("servers", text, None, n)


def state(status: ServerStatus) -> tuple[str, str]:
    """Return the state of a server as text, and its colour."""
    return {
        ServerState.OFF: (_tr("Off"), "mute"),
        ServerState.STOPPED: (_tr("Starts when needed"), "mute"),
        ServerState.STARTING: (_tr("Starting…"), "mute"),
        ServerState.RUNNING: (_tr("Running"), "good"),
        ServerState.FAILED: (_tr("Failed"), "bad"),
    }[status.state]


def reach(entry: ServerEntry) -> str:
    """Return a description of a server's network and file access."""
    parts = [_tr("Reads {folder}").format(folder=folder) for folder in entry.readable]
    parts += [_tr("Changes {folder}").format(folder=folder) for folder in entry.writable]
    parts = parts or [_tr("No folders")]
    parts.append(_tr("Network") if entry.network else _tr("No network"))
    return " · ".join(parts)


def tools(status: ServerStatus) -> str:
    """Return a description of the tools of a server."""
    if not status.identity:
        return _tr("Not checked yet: check it once to see its tools.")
    names = ", ".join(tool.title for tool in status.tools)
    return _tr("Tools: {names}").format(names=names) if names else _tr("It offers no tools.")


def sandbox(status: ServerStatus) -> str:
    """Return the limitations of a server's sandbox; empty for none."""
    if status.walls.tier in ("", "A") and not status.walls.reason:
        return ""
    words = _tr("Weaker sandbox (tier {tier}). {reason}")
    return words.format(tier=status.walls.tier, reason=status.walls.reason)
