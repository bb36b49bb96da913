"""The status of a server, for display: whether it runs, its tools, the end of its log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from studio.automation.tools.servers.tool_list import ServerTool
from studio.automation.tools.servers.walls import NO_WALLS, Walls


class ServerState(StrEnum):
    """The current state of a server."""

    OFF = "off"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True)
class ServerStatus:
    """The status of a server.

    Attributes:
        state: Its current state.
        reason: Why it has ended, in a sentence.
        lines: The end of its log, cleaned.
        tools: Its tools as of the last look.
        notes: Sentences about tools of it that cannot be used.
        identity: Digest of what ran then; empty if it never did.
        walls: Those it runs behind, or ran.
    """

    state: ServerState
    reason: str = ""
    lines: tuple[str, ...] = ()
    tools: tuple[ServerTool, ...] = ()
    notes: tuple[str, ...] = ()
    identity: str = ""
    walls: Walls = NO_WALLS
