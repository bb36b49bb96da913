"""Unsent drafts, for each conversation. Stored in the settings; draws nothing."""

from __future__ import annotations

import threading

from studio.api import ErrorCode, PluginContext, StudioError, WorkQueue
from studio_chat.pages.conversations.in_memory import PRIVATE

KEY = "drafts"
NEW = "new"
"""The draft of a conversation that does not exist yet."""


class Drafts:
    """Drafts by conversation; ``save`` is cheap to call, and writes only what changed."""

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue) -> None:
        self._ctx, self._work_queue = ctx, work_queue
        saved = ctx.settings.get(KEY, {})
        self._texts: dict[str, str] = {
            str(id): text for id, text in saved.items() if isinstance(text, str)
        }
        self._saved = dict(self._texts)
        self._writing = threading.Lock()

    def get(self, conversation: str) -> str:
        """Return the draft of a conversation; empty for none."""
        return self._texts.get(conversation or NEW, "")

    def put(self, conversation: str, text: str) -> None:
        """Remember a draft, in memory; of a private conversation it goes with it."""
        if conversation.startswith(PRIVATE):
            return
        if text.strip():
            self._texts[conversation or NEW] = text
        else:
            self._texts.pop(conversation or NEW, None)

    def save(self) -> None:
        """Take what changed to the disk, beside the window."""
        if self._texts != self._saved:
            self._saved = dict(self._texts)
            self._work_queue.do(self._write)

    def save_now(self) -> None:
        """Take what changed to the disk before this returns: the window is closing."""
        self._saved = dict(self._texts)
        self._write()

    def _write(self) -> None:
        # Whatever is newest when its turn comes, and one at a time: an earlier write, under way
        # beside the window that closes, must not undo a later one.
        with self._writing:
            there = {id: text for id, text in dict(self._texts).items() if self._is_there(id)}
            if there != self._ctx.settings.get(KEY, {}):
                self._ctx.settings.set(KEY, there)

    def _is_there(self, id: str) -> bool:
        """Return whether a conversation was not erased for good meanwhile."""
        try:
            return id == NEW or self._ctx.library.conversations.get(id) is not None
        except StudioError as error:
            return error.code is not ErrorCode.NOT_FOUND
