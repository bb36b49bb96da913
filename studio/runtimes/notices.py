"""User notices on the runtime: it ended, is back, was given up, seems stuck."""

from __future__ import annotations

from collections.abc import Callable

from studio.base.notices import Action, Notices
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtimes.crash_excerpt import last_words
from studio.runtimes.supervisor import Death


class RuntimeNotices:
    """Puts it into notices, each with a way on. Starts and ends nothing itself."""

    def __init__(self, notices: Notices, restart: Callable[[], None]) -> None:
        """``restart``: the action of the buttons."""
        self._notices, self._restart = notices, restart

    def ready(self, deaths: int) -> None:
        """It computes; ``deaths``: how often it ended before, of late."""
        if deaths:
            self._notices.info("The runtime is running again.", key="runtime")
        else:  # the user started it again: no news
            self._notices.dismiss("runtime")

    def died(self, death: Death) -> None:
        """It ended, and is started again."""
        if not death.asked:
            failure = StudioError(
                ErrorCode.RUNTIME_LOST,
                f"The runtime stopped unexpectedly. {death.reason}",
                "It is being restarted.",
                last_words(death.lines),
            )
            self._notices.error(failure, key="runtime")

    def given_up(
        self, reason: str, deaths: int, details: str, suspects: str, without: Callable[[], None]
    ) -> None:
        """It ended too often: only the user starts it again.

        Args:
            details: Its last words.
            suspects: Titles of the weights that were in use when it died; empty for none.
            without: Starts it without them.
        """
        times = f"{deaths} times within a few minutes" if deaths > 1 else "unexpectedly"
        actions = [Action("Restart runtime", self._restart)]
        if suspects:
            actions.append(Action(f"Restart without {suspects}", without))
        failure = StudioError(
            ErrorCode.RUNTIME_LOST,
            f"The runtime stopped {times}. {reason}",
            "Your library is safe. Nothing is retried until you restart it.",
            details,
        )
        self._notices.error(failure, key="runtime", actions=actions)

    def stalled(self, complaint: str) -> None:
        """Its work does not move on, and why; "" when it does again."""
        if not complaint:
            self._notices.dismiss("stall")
            return
        self._notices.warn(
            f"The runtime is not responding: {complaint}.",
            "It may just be slow. Restarting it stops all running jobs.",
            key="stall",
            actions=(Action("Restart runtime", self._restart),),
        )
