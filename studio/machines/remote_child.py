"""A runtime on another machine, as the supervisor keeps one: it outlives its connections."""

from __future__ import annotations

import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import msgspec

from studio.base.child import Exit
from studio.machines.session_link import PickedFiles, SessionLink
from studio.machines.ssh import Ended, Unreachable
from studio.machines.wire.messages import (
    REATTACH_SECONDS,
    EndRuntime,
    Holdings,
    RuntimeEnded,
    ToStudio,
    label,
    names,
)
from studio.machines.wire.parcels import Parcel
from studio.machines.wire.session import Gone, Session, Wire
from studio.protocol.errors import StudioError
from studio.protocol.frames import encode_body
from studio.protocol.link import Link

log = logging.getLogger("studio.machines")

FAREWELL_SECONDS = 3.0
_WAITS = (0.2, 0.5, 1.0, 2.0, 4.0)
_RESULT = re.compile(r"[0-9a-f]{32}")
_TO_STUDIO = msgspec.msgpack.Decoder(ToStudio)
_OURS = names(ToStudio)


class Line(StrEnum):
    """How the connection to a machine is."""

    CONNECTED = "connected"
    WAITING = "waiting"
    """It was lost, and the runtime there waits to be attached to again."""
    ENDED = "ended"


class DialledWire(Wire, Protocol):
    """A connection that this side has made."""

    def close(self) -> None:
        """Break it and wait for its end."""
        ...


Dial = Callable[[str, bool], DialledWire]
"""Connects to the session with an id; the flag says that it is there already. Raises
``StudioError``: ``Unreachable`` where it may go better next time."""


class RemoteChild:
    """Implements ``base.child.Child``.

    Args:
        name: Of the machine.
        results: The folder through which files of results pass.
        heard: Called, on a thread of its own, with what the machine says beside the runtime.
        became: Called likewise with each change of the connection.
    """

    def __init__(
        self,
        name: str,
        dial: Dial,
        results: Path,
        picked: PickedFiles,
        heard: Callable[[Holdings | Any], None],
        became: Callable[[Line], None],
    ) -> None:
        """Connect for the first time.

        Raises:
            StudioError: It cannot be reached.
        """
        self._name, self._dial, self._results = name, dial, results
        self._heard, self._became = heard, became
        self._id = secrets.token_hex(16)
        self._end: RuntimeEnded | None = None
        self._trouble = ""
        self._stopping = threading.Event()
        self.session = Session(self._take, results)
        self._link = SessionLink(self.session, picked)
        self.link: Link = self._link
        first = dial(self._id, False)
        self._keeper = threading.Thread(
            target=self._keep, args=(first,), name="studio-machine", daemon=True
        )
        became(Line.CONNECTED)
        self._keeper.start()

    def kill(self) -> None:
        """End the runtime there at once; if nobody hears that, it ends by itself a little later."""
        if not self._stopping.is_set():
            self._stopping.set()
            self.session.send("", encode_body(EndRuntime()))
            timer = threading.Timer(FAREWELL_SECONDS, self.session.close)
            timer.daemon = True
            timer.start()

    def wait(self) -> Exit:
        """Return once the connection is over for good."""
        self._keeper.join()
        self.link.close()
        if self._end is not None:
            reason = f"{self._end.reason.rstrip('.')} (on {self._name})."
            return Exit(self._end.code, reason, self._end.at_hand)
        return Exit(None, self._trouble or f"The connection to {self._name} was closed.")

    def last_lines(self) -> list[str]:
        """Return the end of its log, which comes with its end."""
        return list(self._end.lines) if self._end else []

    def at_hand(self) -> tuple[str, ...]:
        """Return the jobs whose step was at hand at its end."""
        return self._end.at_hand if self._end else ()

    # --- on its own thread --------------------------------------------------------------------

    def _keep(self, wire: DialledWire) -> None:
        try:
            current: DialledWire | None = wire
            while current is not None:
                try:
                    self.session.serve(current)
                except (Gone, StudioError) as error:
                    self._trouble = str(error) or self._lost()
                    break
                finally:
                    current.close()
                current = self._again()
        finally:
            self.session.close()
            self._link.end()
            self._became(Line.ENDED)

    def _again(self) -> DialledWire | None:
        """Return the next connection; None where there is none any more."""
        if self._end is not None or self.session.is_closed:
            return None
        if self._stopping.is_set():
            return None
        self._became(Line.WAITING)
        until = time.monotonic() + REATTACH_SECONDS
        tries = 0
        while time.monotonic() < until:
            try:
                wire = self._dial(self._id, True)
            except Unreachable as error:
                log.info("%s: %s", self._name, error.message)
            except Ended:
                self._trouble = self._lost()
                return None
            except StudioError as error:
                self._trouble = error.message
                return None
            else:
                self._became(Line.CONNECTED)
                return wire
            if self._stopping.wait(_WAITS[min(tries, len(_WAITS) - 1)]):
                return None
            tries += 1
        self._trouble = (
            f"The connection to {self._name} was lost and did not come back within "
            f"{REATTACH_SECONDS:.0f} seconds."
        )
        return None

    def _lost(self) -> str:
        return f"The connection to {self._name} was lost, and its runtime has ended meanwhile."

    def _take(self, parcel: Parcel) -> None:
        kind = label(parcel.body).type
        if kind in _OURS:
            message = _TO_STUDIO.decode(parcel.body)
            if isinstance(message, RuntimeEnded):
                self._end = message  # the other side hangs up once it knows that this came
            else:
                self._heard(message)
            return
        for there, here in parcel.files.items():
            name = Path(there).name
            if here is not None and _RESULT.fullmatch(name) and here.is_file():
                os.replace(here, self._results / name)
                here.parent.rmdir()
        self._link.take(parcel)
