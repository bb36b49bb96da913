"""What is known of a server, for who shows it: whether it runs, its tools, the end of its log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from studio.automation.tools.servers.tool_list import ServerTool
from studio.automation.tools.servers.walls import NO_WALLS, Walls


class ServerState(StrEnum):
    """What a server does now."""

    OFF = "off"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True)
class ServerStatus:
    """What is known of a server.

    Attributes:
        state: What it does.
        reason: Why it has ended, in a sentence.
        lines: The end of its log, cleaned.
        tools: What it had when it was last looked at.
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
