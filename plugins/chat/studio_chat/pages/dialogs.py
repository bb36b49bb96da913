"""Dialogs and panels of the chat page: prompts, memory, comparison, study."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QWidget

from studio.api import PluginContext, WorkQueue
from studio.api.window.language import tr
from studio_chat.pages.comparison.dialog import ComparisonDialog
from studio_chat.pages.composer import Composer
from studio_chat.pages.conversations.privacy import keeps
from studio_chat.pages.memory.dialog import MemoryDialog
from studio_chat.pages.memory.facts import Memory
from studio_chat.pages.open_conversation import Listener
from studio_chat.pages.parameters import Parameters
from studio_chat.pages.prompts.picker import insert
from studio_chat.pages.prompts.prompt_dialog import PromptDialog
from studio_chat.pages.prompts.saved import Shelf
from studio_chat.pages.session import Session
from studio_chat.pages.study.page import HANDED
from studio_chat.pages.study.page import PAGE as STUDY


class Conversing(Listener, Protocol):
    """The page, as far as its dialogs know it."""

    composer: Composer
    memory: Memory
    parameters: Parameters
    sent_with: list[str]
    session: Session
    shelf: Shelf
    work_queue: WorkQueue


class Dialogs:
    """Opens them for the conversation in view, over ``window``."""

    def __init__(self, ctx: PluginContext, page: Conversing, window: QWidget) -> None:
        self._ctx, self._page, self._window = ctx, page, window

    def edit_prompts(self) -> None:
        """Show the saved prompts, to change them or to insert one."""
        page = self._page
        dialog = PromptDialog(self._ctx, page.shelf, page.work_queue, self._window)
        dialog.chosen.connect(lambda text: insert(page.composer.field, text))
        dialog.open()

    def show_memory(self) -> None:
        """Show the saved facts, to read, change or erase them."""
        page = self._page
        MemoryDialog(self._ctx, page.memory, page.session, page.work_queue, self._window).open()

    def study(self) -> None:
        """Open the page of study, which learns from the message being written if there is one."""
        ctx, text = self._ctx, self._page.composer.text
        if text and not keeps(ctx, self._page.session.id):
            return

        def hand_over() -> None:
            if text:
                ctx.drafts.put(HANDED, text.encode())

        def show(_none: None) -> None:
            ctx.open_page(STUDY)

        self._page.work_queue.do(hand_over, show)

    def compare(self) -> None:
        """Have the message being written, else the last one, answered in several ways."""
        page, session, text = self._page, self._page.session, self._page.composer.text
        if not keeps(self._ctx, session.id):
            return
        if session.busy or session.loading or not (text or session.turns):
            words = tr("There is no message to compare answers to. Write one first.")
            self._ctx.notices.info(words, key="chat.compare")
            return
        page.parameters.settle()
        request = (text, page.composer.attachments.paths)
        if text:
            page.sent_with = request[1]
        ComparisonDialog(self._ctx, page.shelf, session, page, request, self._window).open()
