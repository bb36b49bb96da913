"""Questions that the runtime answers later: what weights are, and what its last hour was like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studio.library.storage.ulid import new_id
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Inspect, Inspected, Trace, WantTrace
from studio.protocol.trace import Span
from studio.runtimes.supervisor import Supervisor

Heard = Callable[[tuple[Span, ...]], None]


class RuntimeRequests:
    """The pending requests. Used on the owner's thread."""

    def __init__(self, runtime: Supervisor) -> None:
        self._runtime = runtime
        self._inspections: dict[str, Callable[[Inspected], None]] = {}
        self._traces: dict[str, Heard] = {}

    def inspect(
        self,
        path: Path,
        then: Callable[[Inspected], None],
        *,
        full: bool = False,
        context_limit: int = 0,
    ) -> None:
        """Let the runtime read the headers of weights (``full``: every byte), then call ``then``.

        Memory is told for texts of at most ``context_limit`` tokens; 0 for no limit.

        If the runtime dies of it, ``then`` is called with an error that says so.
        """
        request = new_id()
        self._inspections[request] = then
        self._runtime.send(Inspect(request, str(path), full, context_limit))

    @property
    def are_open(self) -> bool:
        """Whether an answer is still awaited."""
        return bool(self._inspections or self._traces)

    def trace(self, then: Heard) -> None:
        """Ask the runtime what its last hour was like and call ``then``; not if it ends meanwhile.

        A runtime that is off had no last hour.
        """
        if not self._runtime.is_ready:
            then(())
            return
        request = new_id()
        self._traces[request] = then
        self._runtime.send(WantTrace(request))

    def answer(self, message: Inspected | Trace) -> None:
        """Hand an answer to whoever asked."""
        if isinstance(message, Trace):
            if callback := self._traces.pop(message.request, None):
                callback(message.spans)
        elif then := self._inspections.pop(message.request, None):
            then(message)

    def lose(self, reason: str) -> None:
        """Fail the pending requests: the runtime has ended, for this ``reason``."""
        self._traces.clear()
        inspections, self._inspections = self._inspections, {}
        error = StudioError(
            ErrorCode.RUNTIME_LOST, f"The runtime stopped before it could answer. {reason}"
        )
        for request, then in inspections.items():
            then(Inspected(request, error=error.info()))
