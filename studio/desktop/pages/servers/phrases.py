"""What Settings says of a server."""

from __future__ import annotations

from studio.api.window.language import tr
from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.status import ServerState, ServerStatus


def state(status: ServerStatus) -> tuple[str, str]:
    """Return the state of a server as text, and its colour."""
    return {
        ServerState.OFF: (tr("Off"), "mute"),
        ServerState.STOPPED: (tr("Starts when needed"), "mute"),
        ServerState.STARTING: (tr("Starting…"), "mute"),
        ServerState.RUNNING: (tr("Running"), "good"),
        ServerState.FAILED: (tr("Failed"), "bad"),
    }[status.state]


def reach(entry: ServerEntry) -> str:
    """Return a description of a server's network and file access."""
    parts = [tr("Reads {folder}").format(folder=folder) for folder in entry.readable]
    parts += [tr("Changes {folder}").format(folder=folder) for folder in entry.writable]
    parts = parts or [tr("No folders")]
    parts.append(tr("Network") if entry.network else tr("No network"))
    return " · ".join(parts)


def tools(status: ServerStatus) -> str:
    """Return a description of the tools of a server."""
    if not status.identity:
        return tr("Not checked yet: check it once to see its tools.")
    names = ", ".join(tool.title for tool in status.tools)
    return tr("Tools: {names}").format(names=names) if names else tr("It offers no tools.")


def sandbox(status: ServerStatus) -> str:
    """Return the limitations of a server's sandbox; empty for none."""
    if status.walls.tier in ("", "A") and not status.walls.reason:
        return ""
    words = tr("Weaker sandbox (tier {tier}). {reason}")
    return words.format(tier=status.walls.tier, reason=status.walls.reason)
