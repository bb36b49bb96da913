"""A runtime inside this process, over the same link: for tests that want no child process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.base.child import Exit
from studio.protocol.errors import StudioError
from studio.protocol.link import Link, LinkClosed, handshake, pair
from studio.testing.guards import PATIENCE

if TYPE_CHECKING:
    from studio.studio import Studio


class InprocChild:
    """Implements ``studio.base.child.Child`` with a thread in place of a
    process."""

    def __init__(self, serve: Callable[[Link], None]) -> None:
        """Run ``serve`` with the runtime's end of a link; it ends when the link does."""
        self.link, self._far = pair()
        self._serve = serve
        self._lines: list[str] = []
        self._exit = Exit(0, "It exited on its own.")
        self._thread = threading.Thread(target=self._run, name="inproc-runtime", daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """End it as SIGKILL would."""
        self.die(Exit(-9, "It was killed (SIGKILL)."))

    def die(self, end: Exit) -> None:
        """End it at once; ``end`` says how."""
        self._exit = end
        self._far.close()
        self.link.close()

    def wait(self) -> Exit:
        """Return once it is gone."""
        self.link.close()
        self._far.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(PATIENCE)
        return self._exit

    def last_lines(self) -> list[str]:
        """Return the end of its log: why it refused, if it did."""
        return list(self._lines)

    def at_hand(self) -> tuple[str, ...]:
        """Return the jobs reported to ``die``."""
        return self._exit.at_hand

    def _run(self) -> None:
        try:
            self._serve(self._far)
        except LinkClosed:
            pass
        except StudioError as error:  # what a runtime writes to its log before it ends
            self._lines.append(str(error))
            self._exit = Exit(3, "It ended with exit code 3.")
        finally:
            self._far.close()


def real_runtime(cache: Path) -> InprocChild:
    """Start the real server, with the studio's folder of caches."""
    import torch

    from studio.runtime import engines
    from studio.runtime.main import GRACE_ASKED, _hello
    from studio.runtime.server import Server

    def serve(link: Link) -> None:
        threads = torch.get_num_threads()
        handshake(link, _hello())
        server = Server(link, built_in=engines.loaders, cache=cache)
        try:
            server.serve()
        finally:
            server.close(GRACE_ASKED)
            torch.set_num_threads(threads)

    return InprocChild(serve)


def pump_until(studio: Studio, done: Callable[[], bool], timeout: float = PATIENCE) -> None:
    """Pump ``studio`` until ``done()``.

    Raises:
        AssertionError: It was not done within ``timeout`` seconds.
    """
    until = time.monotonic() + timeout
    while not done():
        assert time.monotonic() < until, f"not done within {timeout:g} s: {done}"
        studio.pump(0.05)
