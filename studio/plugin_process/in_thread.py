"""Work that a library does in one go: a thread of its own does it, and the job's steps wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import TypeVar

TURN = 0.01
"""Seconds that a step waits at most before others have their turn."""

Outcome = TypeVar("Outcome")


def in_thread(work: Callable[[], Outcome]) -> Generator[None, None, Outcome]:
    """Yield while ``work`` runs in a thread; return its result, or raise its exception."""
    done: Future[Outcome] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, name="aside", daemon=True).start()
    while not wait([done], TURN).done:
        yield None
    return done.result()
