"""Messages are read aloud, also while they are being written. The voice is another plugin's."""

from __future__ import annotations

from functools import partial
from typing import Final

from studio.api import Narration, PluginContext
from studio.api.window.language import tr

CAPABILITY: Final = "text-to-speech"
SETTING: Final = "read_aloud"


class Aloud:
    """At most one message at a time.

    Attributes:
        turn: Id of the message that is being read; empty for none.
    """

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._voice: Narration | None = None
        self.turn = ""

    def toggle(self, turn: str, text: str, *, goes_on: bool) -> None:
        """Read a message from its start, or stop if it is the one that is read.

        Args:
            goes_on: It is still being written.
        """
        is_read = turn == self.turn and self._voice is not None and self._voice.busy
        self.stop()
        if is_read or not self._is_ready():
            return
        assert self._voice is not None
        self.turn = turn
        self._voice.add(text)
        if not goes_on:
            self._voice.end()

    def grew(self, turn: str, text: str, *, is_first: bool) -> None:
        """A message that is being written is longer."""
        if is_first and self._ctx.settings.get(SETTING, False) is True:
            self.toggle(turn, text, goes_on=True)
        elif turn == self.turn and self._voice is not None:
            self._voice.add(text)

    def over(self, turn: str) -> None:
        """A message is written."""
        if turn and turn == self.turn and self._voice is not None:
            self._voice.end()

    def stop(self) -> None:
        """Fall silent."""
        self.turn = ""
        if self._voice is not None:
            self._voice.stop()

    def _is_ready(self) -> bool:
        """Return whether a voice is installed; else report and offer the missing one."""
        weights, notices = self._ctx.weights, self._ctx.notices
        if self._voice is None:
            self._voice = self._ctx.narration()
            if self._voice is not None:
                self._voice.on_failed(lambda error: notices.error(error, key="chat.aloud"))
        if self._voice is None:
            notices.info(tr("Reading aloud needs the plugin Voice."), key="chat.aloud")
            return False
        if weights.for_capability(CAPABILITY):
            return True
        offers = weights.to_get(CAPABILITY)
        if offers:
            name, title, _size = offers[0]
            words = tr("Reading aloud needs {title}.").format(title=title)
            get = partial(weights.get_set, name)
            notices.offer(words, tr("Download"), get, key="chat.aloud")
        else:
            notices.info(tr("Reading aloud needs a voice model, such as Kokoro."), key="chat.aloud")
        return False
