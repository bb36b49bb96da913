"""Reading a text aloud while it is being written. A protocol; a plugin with a voice has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from studio.api.stability import since
from studio.protocol.errors import StudioError


@since("1.1")
class Narration(Protocol):
    """A voice that reads one text at a time. ``ctx.narration()`` makes one."""

    @property
    def busy(self) -> bool:
        """Whether something of the text is still to be heard, or to come."""
        ...

    def add(self, text: str) -> None:
        """Begin a text, or go on with it: Markdown. Each sentence sounds as soon as it is whole."""
        ...

    def end(self) -> None:
        """End the text; the rest is read out."""
        ...

    def stop(self) -> None:
        """Fall silent, and forget the text."""
        ...

    def on_change(self, call: Callable[[], None]) -> None:
        """Call when it begins to sound, pauses, or is through."""
        ...

    def on_failed(self, call: Callable[[StudioError], None]) -> None:
        """Call with why nothing more is read of this text."""
        ...
