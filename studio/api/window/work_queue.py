"""Background work queue of a page: ordered, with guaranteed completion callbacks. No Qt."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from studio.api.errors import BadInput, ErrorCode, StudioError
from studio.api.window.context import PluginContext

Then = Callable[[Any], None]
Failed = Callable[[StudioError], None]

_log = logging.getLogger(__name__)


def outcome(call: Callable[[], Any]) -> Any:
    """Return what ``call`` returns, or a ``StudioError`` that says why it could not be done.

    For ``ctx.run_later``, where result and error must both come back to the window. The traceback
    of a bug goes to the log.
    """
    try:
        return call()
    except StudioError as error:
        return error
    except OSError as error:
        return BadInput(f"The file cannot be read or written: {error.strerror or error}.")
    except Exception as error:  # noqa: BLE001 - the border of the thread: told, not swallowed
        _log.exception("Background work failed")
        return StudioError(
            ErrorCode.INTERNAL,
            f"This could not be done: {type(error).__name__}: {error}.",
            "Try again. If it keeps failing, send the developers a report.",
        )


class WorkQueue:
    """A queue over ``ctx.run_later``, which alone promises no order: for writes."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._waiting: deque[tuple[Callable[[], Any], Then | None, Failed | None]] = deque()
        self._busy = False
        self._closed = False

    def do(
        self, call: Callable[[], Any], then: Then | None = None, failed: Failed | None = None
    ) -> None:
        """Run ``call`` beside the window after all that was asked for before.

        Then ``then(result)`` or ``failed(error)`` runs on the window's thread; without ``failed``
        the error becomes a notice.
        """
        self._waiting.append((call, then, failed))
        self._next()

    def finish(self) -> None:
        """Do what still waits now, on this thread, and tell nobody: for the end of the page."""
        self._closed = True
        while self._waiting:
            call, _, _ = self._waiting.popleft()
            outcome(call)

    @property
    def idle(self) -> bool:
        """Whether nothing is being done and nothing waits."""
        return not self._busy and not self._waiting

    def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        call, then, failed = self._waiting.popleft()
        self._ctx.run_later(lambda: outcome(call), lambda result: self._done(result, then, failed))

    def _done(self, result: Any, then: Then | None, failed: Failed | None) -> None:
        self._busy = False
        if self._closed:
            return
        try:
            if isinstance(result, StudioError):
                (failed or self._tell)(result)
            elif then is not None:
                then(result)
        finally:
            self._next()

    def _tell(self, error: StudioError) -> None:
        self._ctx.notices.error(error, key=f"{self._ctx.plugin}.work_queue")
