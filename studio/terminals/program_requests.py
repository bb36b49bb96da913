"""Calls of other programs that wait for the user's word in the open window."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from studio.api.window.tools import Approval, Tool
from studio.api.worker.sentence import sentence
from studio.automation.tools.approvals import Approvals
from studio.base.notices import Action, Notice, Notices
from studio.protocol.errors import ErrorCode, StudioError

PATIENCE_SECONDS = 300.0
"""So long a program waits for an answer."""
_LONGEST = 60


class ProgramRequests:
    """Asks in a notice; *always* holds for the program by the name that it gives itself."""

    def __init__(
        self,
        notices: Notices,
        approvals: Approvals,
        later: Callable[[float, Callable[[], None]], Callable[[], None]],
    ) -> None:
        """Ask nobody yet; ``later`` runs a function after seconds and returns what stops it."""
        self._notices, self._approvals, self._later = notices, approvals, later

    def ask(
        self,
        program: str,
        tool: Tool,
        arguments: Mapping[str, Any],
        go: Callable[[], None],
        refuse: Callable[[StudioError], None],
    ) -> Callable[[], None]:
        """Call ``go`` once the user allows it, or has before; else ``refuse``.

        Args:
            program: What it calls itself.

        Returns:
            A function that takes the question back: nobody waits for the answer any more.
        """
        approval = self._approvals.of(tool, _key(program))
        if approval is Approval.ALWAYS:
            go()
            return lambda: None
        if approval is Approval.NEVER:
            refuse(_refused(tool, "You said that it may never be called."))
            return lambda: None
        return self._put(program, tool, arguments, go, refuse)

    def _put(
        self,
        program: str,
        tool: Tool,
        arguments: Mapping[str, Any],
        go: Callable[[], None],
        refuse: Callable[[StudioError], None],
    ) -> Callable[[], None]:
        key = f"program-request-{secrets.token_hex(8)}"
        open = [True]

        def close() -> bool:
            """End the question; return whether it was open."""
            if not open[0]:
                return False
            open[0] = False
            stop_waiting()
            stop_listening()
            self._notices.dismiss(key)
            return True

        def allow(*, always: bool = False) -> None:
            if close():
                if always:
                    self._approvals.say(tool, _key(program), Approval.ALWAYS)
                go()

        def never() -> None:
            if close():
                self._approvals.say(tool, _key(program), Approval.NEVER)
                refuse(_refused(tool, "The user does not allow it."))

        def unanswered(why: str) -> None:
            if close():
                refuse(_refused(tool, why))

        def dismissed(notice: Notice) -> None:
            if notice.key == key:
                unanswered("The user does not allow it.")

        stop_listening = self._notices.on_dismissed(dismissed)
        stop_waiting = self._later(
            PATIENCE_SECONDS, lambda: unanswered("Nobody answered in the window.")
        )
        self._notices.warn(
            sentence("“{program}” wants to use the tool {tool}.", program=program, tool=tool.title),
            _told(arguments),
            key=key,
            actions=(
                Action(sentence("Allow once"), allow),
                Action(sentence("Always allow this program"), lambda: allow(always=True)),
                Action(sentence("Never allow"), never),
            ),
        )

        def withdraw() -> None:
            close()

        return withdraw


def _refused(tool: Tool, why: str) -> StudioError:
    return StudioError(ErrorCode.PERMISSION, f"{tool.title} was not run. {why}", "Ask the user.")


def _key(program: str) -> str:
    return f"program:{program}"


def _told(arguments: Mapping[str, Any]) -> str:
    parts = [
        f"{name}: {' '.join(str(value).split())[:_LONGEST]}" for name, value in arguments.items()
    ]
    return " · ".join(parts[:8])
