"""Ctrl+C while the terminal follows work: it is asked to stop, and not cut off."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def on_interrupt(call: Callable[[], None]) -> Iterator[None]:
    """Call with each Ctrl+C until this ends; off the main thread nobody can press it."""
    try:
        before: Any = signal.signal(signal.SIGINT, lambda *_: call())
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
