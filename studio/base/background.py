"""One thread for what may take a moment, with answers on the owner's. Knows no job, no disk."""

from __future__ import annotations

import atexit
import queue
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from studio.base import disk
from studio.protocol.errors import ErrorCode, StudioError

T = TypeVar("T")
Post = Callable[[Callable[[], None]], None]
"""Runs a function on the owner's thread, soon; may be called from any thread."""


class Background:
    """Runs calls one after the other, in order, on a thread that starts with the first of them."""

    def __init__(self, name: str, post: Post) -> None:
        self._name = name
        self._post = post
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = lambda _: None,
        failed: Callable[[StudioError], None] = lambda _: None,
    ) -> None:
        """Run ``call`` there, then ``then(result)`` or ``failed(error)`` on the owner's thread."""

        def work() -> None:
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 - the border of the thread
                failure = in_words(error)
                self._post(lambda: failed(failure))
            else:
                self._post(lambda: then(result))

        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            self._thread.start()
            # A program that ends without ``close`` ends nevertheless, but not before all is saved.
            atexit.register(self.close)
        self._work.put(work)

    def close(self) -> None:
        """Wait until all that was asked for is done."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join()
            self._thread = None
            atexit.unregister(self.close)

    def _loop(self) -> None:
        while (work := self._work.get()) is not None:
            work()


def in_words(error: BaseException, **context: Any) -> StudioError:
    """Return ``error`` if it is an expected one, else a bug report with its traceback."""
    if isinstance(error, StudioError):
        return error
    if failure := disk.about_path(error):
        return failure
    return StudioError(
        ErrorCode.INTERNAL,
        f"An unexpected error occurred: {type(error).__name__}: {error}.",
        "Copy the report and send it to the developers.",
        "".join(traceback.format_exception(error)),
        **context,
    )
