"""The chat page: the conversation in view, and the user's actions on it.

Stores no messages itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage, QKeyEvent

from studio.api import (
    Kind,
    PluginContext,
    SavedArtifact,
    StudioError,
    UsedSettings,
    WorkQueue,
)
from studio.api.window.language import tr_filled
from studio_chat.pages.actions.text_actions import TextActions
from studio_chat.pages.attachments import PICTURE_SUFFIXES, SUFFIXES
from studio_chat.pages.conversations.in_memory import PrivateStore
from studio_chat.pages.conversations.privacy import keeps
from studio_chat.pages.dialogs import Dialogs
from studio_chat.pages.documents import long_message
from studio_chat.pages.drafts import Drafts
from studio_chat.pages.instructions import Instructions
from studio_chat.pages.memory.facts import Memory
from studio_chat.pages.page_frame import PageFrame
from studio_chat.pages.parameters import Parameters
from studio_chat.pages.pictures import kept, why_blind
from studio_chat.pages.projects.project import Projects
from studio_chat.pages.prompts.picker import PromptPicker
from studio_chat.pages.prompts.saved import Shelf
from studio_chat.pages.session import Session
from studio_chat.pages.session_listener import Elsewhere
from studio_chat.pages.thread.turns import Turn
from studio_chat.schema import PANEL_FIELDS

_DRAFT_MS = 400
_BEST = "best"
"""The setting that names the model that answered where none was chosen."""
_OPEN = "open"
"""The setting that names the open conversation; a shell keeps a page's state only now and then."""


class ChatPage(PageFrame):
    """The conversation in view, those running in the background, and the user's actions."""

    def __init__(self, ctx: PluginContext) -> None:
        self.work_queue = WorkQueue(ctx)
        self.projects = Projects(ctx, self.work_queue)
        self.memory = Memory(ctx, self.work_queue)
        self._instructions = Instructions(self.projects, self.memory)
        super().__init__(ctx, self.work_queue, self.projects, self._start_example)
        self._drafts = Drafts(ctx, self.work_queue)
        self._writing: dict[str, Session] = {}
        """Conversations out of view whose reply is still being written."""
        self.sent_with: list[str] = []
        """Documents of the message that was sent last, in case it cannot be kept."""
        self._wanted = ""
        """Id of the message to go to once its branch is read."""
        self._waiting: dict[str, list[str]] = {}
        """Conversation → documents that wait in its composer."""
        self.list.writing = self._is_writing
        self.shelf = Shelf(ctx, self.work_queue)
        self.parameters = Parameters(ctx, self.shelf, self.memory)
        self.prompts = PromptPicker(ctx.ui, self.composer.field, self, lambda: self.shelf.prompts)
        self.composer.first_keys = self.prompts.on_key
        self.session = self._new_session()
        self.text_actions = TextActions(
            ctx, self.action_panel, self.thread_view, self.composer, lambda: self.session
        )
        self.dialogs = Dialogs(ctx, self, self)
        self.text_actions.study_asked.connect(self.dialogs.study)
        self.drop_target = ctx.kit.drop_target(
            self,
            self.tr("Drop to attach to your message"),
            files=self._attach,
            suffixes=(*SUFFIXES, *PICTURE_SUFFIXES),
            image=self._take_image,
        )
        self._draft_timer = QTimer(self, singleShot=True, interval=_DRAFT_MS)
        self._best = str(ctx.settings.get(_BEST, "") or "")
        self._connect()
        self.list.refresh()
        self._show_weights()
        self._open_now = str(ctx.settings.get(_OPEN, ""))
        self._begin_or_open(self._open_now)

    # --- putting it together ------------------------------------------------------------------

    def _connect(self) -> None:
        self.list.opened.connect(self.open)
        self.list.new_asked.connect(lambda: self.new())
        self.list.binned.connect(self._on_binned)
        self.list.renamed.connect(self._on_renamed)
        self.list.more = [
            ("bookmark", self.tr("Saved prompts…"), self.dialogs.edit_prompts),
            ("lock", self.tr("New private conversation"), lambda: self.new(private=True)),
            ("list-checks", self.tr("Memory…"), self.dialogs.show_memory),
        ]
        self.list.projects.begin_asked.connect(self.new)
        self.list.projects.binned.connect(self._on_project_binned)
        self.projects.changed.append(self._on_projects)
        self.title.renamed.connect(lambda title: self.session.rename(title))
        self.title.new_asked.connect(lambda: self.new())
        self.composer.sent.connect(self._send)
        self.composer.stopped.connect(lambda: self.session.stop())
        self.composer.changed.connect(self._on_draft)
        self.composer.weights_picked.connect(self._on_weights)
        self.offer.on_choose(self._take_weights)
        self.offer.on_news(self._show_weights)
        self.composer.edit_last.connect(self.edit_last)
        self.composer.tools_changed.connect(lambda tools: self.session.change_tools(tools))
        self.composer.prompts_asked.connect(self.prompts.open)
        self.composer.comparison_asked.connect(self.dialogs.compare)
        self.prompts.edit_asked.connect(self.dialogs.edit_prompts)
        self.parameters.weights_wanted.connect(self._on_weights)
        self.parameters.changed.connect(self._keep_settings)
        self.thread_view.attach_asked.connect(
            lambda reply: long_message.attach(self._ctx, self, reply)
        )
        self._draft_timer.timeout.connect(self._drafts.save)

    # --- conversations ------------------------------------------------------------------------

    def _new_session(self, folder: str = "", *, private: bool = False) -> Session:
        store = PrivateStore() if private else None
        return Session(self._ctx, self.work_queue, self, self._instructions, folder, store)

    def new(self, folder: str = "", *, private: bool = False) -> None:
        """Begin a conversation, in a project if named; it is saved once a message is sent.

        A ``private`` one is never saved.
        """
        self._leave()
        self._begin(folder, private=private)
        self.composer.field.setFocus()

    def reuse(self, used: UsedSettings) -> None:
        """Begin a conversation with the settings of a reply, and its question as the draft."""
        self.new()
        page, weights = self.session, str(used.params.get("weights") or "")
        settings = {name: used.params[name] for name in PANEL_FIELDS if name in used.params}
        self.parameters.use_defaults(weights or page.answering())
        self.parameters.form.set_values(settings)
        page.change_settings(self.parameters.values(), weights)
        self._show_weights()
        self.composer.attachments.set_paths(used.params.get("documents") or ())

        def ask(words: str) -> None:
            if self.session is page and words:
                rest = self.composer.text
                self.composer.set_text("\n\n".join(filter(None, (words, rest))))

        if prompt := str(used.params.get("prompt") or ""):
            ask(prompt)
        else:
            self.work_queue.do(lambda: used.prompt("prompt"), ask)

    def _begin_or_open(self, conversation: str) -> None:
        """Open the conversation of the last session, or begin one."""
        if not conversation:
            self._begin()
            return
        self.session.load(conversation)
        self._enter()

    def _begin(self, folder: str = "", *, private: bool = False) -> None:
        weights = str(self._ctx.settings.get("weights", "") or "")
        self.session = self._new_session(folder, private=private)
        self.session.weights = weights
        begins_with = self.parameters.begin(self.session.answering())
        if begins_with != self.session.answering():
            self.session.weights = begins_with
        self.session.settings = self.parameters.values()
        self._enter()

    def open(self, conversation: str, message: str = "") -> None:
        """Show a conversation of the library, at a message if named."""
        self._wanted = message
        if conversation and conversation == self.session.id and message:
            self.session.show_message(message)
        if not conversation or conversation == self.session.id:
            return
        self._leave()
        self.session = self._writing.pop(conversation, self._new_session())
        if not self.session.id:
            self.session.load(conversation, message)
        self.session.listener = self
        self._enter()
        self.list.set_current(conversation)
        self.composer.field.setFocus()

    def _leave(self) -> None:
        self.passage_pane.close_passage()
        self.parameters.settle()
        unsent = filter(None, (self.thread_view.edited, self.composer.text))
        self._drafts.put(self.session.id, "\n\n".join(unsent))
        self._drafts.save()
        self._waiting[self.session.id] = self.composer.attachments.paths
        self.session.listener = None
        self.session.aloud.stop()
        if self.session.private:
            self.session.stop()
        elif self.session.busy:
            self.session.listener = Elsewhere(self, self.session)
            self.keep_writing(self.session)

    def _enter(self) -> None:
        self.action_panel.close_action()
        self.thread_view.set_session(self.session)
        self.composer.blockSignals(True)
        self.composer.set_text(self._drafts.get(self.session.id))
        self.composer.attachments.set_paths(self._waiting.get(self.session.id, ()))
        self.composer.blockSignals(False)
        self.conversation_changed()
        self.turns_changed()
        self.reply_changed()

    def _is_writing(self, conversation: str) -> bool:
        return conversation in self._writing or (
            self.session.busy and self.session.id == conversation
        )

    def keep_writing(self, session: Session) -> None:
        """A conversation out of view goes on; one that is not saved yet has no id to know it by."""
        if session.id:
            self._writing[session.id] = session

    def forget(self, session: Session) -> None:
        """The reply of a conversation out of view is over."""
        self._writing.pop(session.id, None)
        self.list.refresh()

    def _on_binned(self, conversation: str) -> None:
        writing = self._writing.pop(conversation, None)
        if writing is not None:
            writing.stop()
        if conversation == self.session.id:
            self.session.stop()
            self.new()

    def _on_project_binned(self, project: str) -> None:
        if self.session.folder == project:
            self.session.stop()
            self.new()

    def _on_projects(self) -> None:
        if self.session.conversation is not None:
            self.session.look_up()  # it may have been moved
        else:
            self.conversation_changed()

    def _on_renamed(self, conversation: str) -> None:
        if conversation == self.session.id:
            self.session.look_up()

    # --- what the session tells ---------------------------------------------------------------

    def turns_changed(self) -> None:
        """Show the branch that is in view."""
        self.thread_view.show_turns()
        if self._wanted and self.thread_view.to_message(self._wanted):
            self._wanted = ""
        self._show_middle()
        self._show_use()

    def turn_changed(self, turn: Turn) -> None:
        """Show one turn anew."""
        self.thread_view.show_turn(turn)
        self.learn_context(turn, self._show_use)
        self._show_use()

    def text_added(self, turn: str, text: str) -> None:
        """Show new text."""
        self.thread_view.add_text(turn, text)

    def reply_changed(self) -> None:
        """Show how far the reply is."""
        self.thread_view.show_reply()
        self.composer.set_busy(self.session.busy)
        self.list.view.viewport().update()

    def conversation_changed(self) -> None:
        """Show title and settings of the conversation."""
        session = self.session
        project = self.projects.get(session.folder)
        private = session.private is not None
        self.title.set_title(session.title, project.title if project else "", private=private)
        self.composer.tools.show_settings(session.tools)
        self.composer.tools.widget.setVisible(not private)
        self.list.set_current(session.id)
        self.parameters.show(session.settings, session.answering())
        self._remember(session.library_id)
        self._show_weights()
        listed = self.list.model.index_of(session.id).data()
        if session.library_id and listed != session.title:
            self.list.refresh()

    def _remember(self, conversation: str) -> None:
        """Note which conversation is open, so that even a crash finds it again."""
        if self._open_now != conversation:
            self._open_now = conversation
            self.work_queue.do(lambda: self._ctx.settings.set(_OPEN, conversation))

    def sent(self, conversation: str, text: str) -> None:
        """A message is safe: its draft is not needed any more."""
        if self.composer.text == text:  # it was sent from elsewhere
            self.composer.clear()
        self._drafts.put(conversation, "")
        self._drafts.save()
        self.list.refresh()

    def not_sent(self, text: str, error: StudioError) -> None:
        """Restore the text of a message that could not be saved, and report why."""
        self.composer.set_text("\n\n".join(filter(None, (text, self.composer.text))))
        self.composer.attachments.add(self.sent_with)
        self.composer.trouble(tr_filled(error))

    def keep_draft(self, conversation: str, text: str) -> None:
        """Keep the text of a message that could not be sent."""
        there = self._drafts.get(conversation)
        self._drafts.put(conversation, "\n\n".join(filter(None, (text, there))))
        self._drafts.save()

    # --- what the user does -------------------------------------------------------------------

    def _send(self, text: str) -> None:
        if self.session.busy or self.session.loading:
            return
        self.parameters.settle()
        attachments = self.composer.attachments
        sent_with, pictures = attachments.paths, attachments.pictures
        documents = attachments.documents
        if pictures and (blind := self._why_blind()):
            self.composer.trouble(blind)
            return
        # The draft stays on the disk until the message itself is there.
        self.composer.blockSignals(True)
        self.composer.clear()
        self.composer.blockSignals(False)
        if self.session.weights:  # those that are gone have given way to others
            self.session.weights = self.composer.weights
        self.sent_with = sent_with
        self.session.send(text, documents, pictures=pictures)
        self.thread_view.to_bottom()

    def _attach(self, paths: list[Path]) -> None:
        self.composer.attachments.add([str(path) for path in paths])
        self.composer.field.setFocus()
        pictures = self.composer.attachments.pictures
        self.composer.trouble(self._why_blind() if pictures else "")

    def _why_blind(self) -> str:
        """Return why pictures cannot be sent; tools work on them whoever does not see them."""
        if self.session.tools.on and not self.session.private:
            return ""
        return why_blind(self._ctx, self.composer.weights)

    def _take_image(self, image: QImage) -> None:
        """Keep a picture that was pasted in the library, so that the message can show it again."""
        if keeps(self._ctx, self.session.id):
            take = lambda saved: self._attach([saved.path])  # noqa: E731
            self.work_queue.do(lambda: kept(self._ctx, image), take)

    def _start_example(self, text: str) -> None:
        self.composer.set_text(text)
        self.composer.send()
        self.composer.field.setFocus()

    def _on_draft(self) -> None:
        self._drafts.put(self.session.id, self.composer.text)
        self._draft_timer.start()
        self._show_use()

    def _on_weights(self, weights: str) -> None:
        self.parameters.use_defaults(weights)
        self.work_queue.do(lambda: self._ctx.settings.set("weights", weights))
        self.session.change_settings(self.parameters.values(), weights)
        self._show_middle()
        self._show_use()

    def _take_weights(self, weights: str) -> None:
        self._on_weights(weights)
        self._show_weights()

    def _keep_settings(self) -> None:
        values = self.parameters.values()
        if values != self.session.settings:
            self.session.change_settings(values, self.session.weights)

    def edit_last(self) -> None:
        """Edit my last message."""
        card = self.thread_view.last_card(mine=True)
        if card is not None and not self.session.busy:
            card.edit()

    def copy_last(self) -> None:
        """Copy the last answer."""
        answer = next((t for t in reversed(self.session.turns) if not t.mine), None)
        if answer is not None:
            self._ctx.ui.copy(self.session.shown_text(answer))
            self._ctx.notices.info(self.tr("Answer copied."), key="chat.copy")

    def regenerate(self) -> None:
        """Answer again, or for the first time."""
        turns = self.session.turns
        if turns and turns[-1].mine:
            self.session.answer()
        elif turns:
            self.session.regenerate(turns[-1])

    def switch(self, step: int) -> None:
        """Show another version of the newest turn that has several."""
        turn = next((t for t in reversed(self.session.turns) if len(t.versions) > 1), None)
        if turn is not None:
            self.session.switch(turn, step)

    def export(self) -> None:
        """Write the conversation in view to a file; there is none before something was said."""
        if not keeps(self._ctx, self.session.id):
            return
        if self.session.conversation is not None:
            self.list.export(self.session.id, self.session.title)
        else:
            words = self.tr("There is no conversation to export yet.")
            self._ctx.notices.info(words, key="chat.export")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Stop with Escape, scroll with the page keys."""
        if event.key() == Qt.Key.Key_Escape and self.session.busy:
            self.session.stop()
        elif event.key() == Qt.Key.Key_PageUp:
            self.thread_view.scroll_pages(-0.9)
        elif event.key() == Qt.Key.Key_PageDown:
            self.thread_view.scroll_pages(0.9)
        else:
            super().keyPressEvent(event)

    def accept(self, artifact: SavedArtifact) -> None:
        """Open a conversation, or take a text or a picture into the message being written."""
        if artifact.kind == Kind.CONVERSATION:
            self.open(artifact.id)
            return
        if artifact.kind == Kind.IMAGE:
            self._attach([artifact.path])
            return
        text = artifact.text

        def read() -> str:
            return artifact.path.read_text("utf-8", "replace")

        def take(whole: str) -> None:
            if self.composer.paste(whole or text):
                self.composer.field.insertPlainText(whole or text)
            self.composer.field.setFocus()

        self.work_queue.do(read, take)

    # --- weights and context ------------------------------------------------------------------

    def _show_weights(self) -> None:
        self._take_over()
        self.composer.set_weights(self.session.weights)
        self._show_middle()

    def _take_over(self) -> None:
        """Let a better model that has come answer, unless the user has chosen one."""
        models = dict(self._ctx.weights.for_capability("text"))
        best, before = next(iter(models), ""), self._best
        if best == before:
            return
        self._best = best
        self.work_queue.do(lambda: self._ctx.settings.set(_BEST, best))
        if before not in models or self._ctx.settings.get("weights", ""):
            return
        if self.session.weights in ("", before):
            self.parameters.use_defaults(best)
            self.session.change_settings(self.parameters.values(), "")
        self._ctx.notices.offer(
            self.tr("{title} answers from now on.").format(title=models[best]),
            self.tr("Undo"),
            lambda: self._take_weights(before),
            key="chat.best",
        )

    def _show_middle(self) -> None:
        session = self.session
        has_messages = bool(session.turns or session.loading or session.library_id)
        self.show_middle(said=has_messages, weights=session.answering())

    def _show_use(self) -> None:
        self.show_use(self.session.turns)

    # --- the window ---------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        """Weights may have come or gone while another page was in view, and conversations come
        back from the bin.
        """
        super().showEvent(event)
        self._show_weights()
        self.list.refresh()
        self._fit()

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart."""
        self._drafts.put(self.session.id, self.composer.text)
        self._drafts.save_now()
        return {"list": self.list_wanted}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Show or hide the list as it was; the conversation that was open is in the settings."""
        self.restore_list(state.get("list"))
