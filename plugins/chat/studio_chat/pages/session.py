"""One open conversation: sending, the branch in view, the running reply.

Knows the library and the tasks, no widget: the page listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from studio.api import PluginContext, StudioError, WorkQueue
from studio.api.window.language import tr
from studio_chat.pages.aloud import Aloud
from studio_chat.pages.conversations.in_memory import PrivateStore
from studio_chat.pages.instructions import Instructions
from studio_chat.pages.open_conversation import Listener
from studio_chat.pages.reply_work import ReplyWork
from studio_chat.pages.thread.turns import (
    PARTIAL,
    SENDING,
    Reply,
    Turn,
    title_of,
)
from studio_chat.pages.tools.run import ToolRun
from studio_chat.pages.tools.settings import ToolSettings

MAX_MESSAGE = 1_000_000
"""Characters of one message: more than any model here reads."""


class Session:
    """A conversation and its replies.

    Attributes:
        conversation: Its row; None until its first message is in the library.
        turns: The branch in view, oldest first.
        reply: The reply that is being written, in whatever branch; None when there is none.
        weights: Id of the weights that answer next; empty for the best.
        tools: Whether it may use tools, and whose.
        settings: System prompt and sampling, as ``Reply.parse`` takes them.
        instructions: What the model is told beside the conversation.
        private: Where a conversation is of which nothing is written; None for all others.
        store: Where its messages are.
    """

    def __init__(
        self,
        ctx: PluginContext,
        work_queue: WorkQueue,
        listener: Listener,
        instructions: Instructions,
        folder: str = "",
        private: PrivateStore | None = None,
    ) -> None:
        self._ctx = ctx
        self.private = private
        self.store: Any = private or ctx.library.conversations
        self._work_queue = work_queue
        self.listener: Listener | None = listener
        self.conversation: Any = private.create() if private else None
        self.turns: list[Turn] = []
        self.reply: Reply | None = None
        self.loading = False
        self._opening = ""
        """Id of the conversation that is being read."""
        self.weights = ""
        self.settings: dict[str, Any] = {}
        self.instructions = instructions
        self._begins_in = folder
        self.tools = ToolSettings()
        self._work = ReplyWork(ctx, work_queue, self)
        self.aloud = Aloud(ctx)

    def read_aloud(self, turn: Turn) -> None:
        """Read a message aloud, also while it is being written, or stop doing so."""
        writing = self.reply is not None and self.reply.turn == turn.id
        self.aloud.toggle(turn.id, self.shown_text(turn), goes_on=writing)

    # --- what it is ---------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Id of the conversation; empty for a new one."""
        return self.conversation.id if self.conversation is not None else self._opening

    @property
    def library_id(self) -> str:
        """Id by which the library knows it; empty where it does not."""
        return "" if self.private else self.id

    @property
    def title(self) -> str:
        """The user's title of the conversation; empty for a new one."""
        return self.conversation.title if self.conversation is not None else ""

    @property
    def folder(self) -> str:
        """Id of the project it lies in; empty for none."""
        return self.conversation.folder if self.conversation is not None else self._begins_in

    @property
    def busy(self) -> bool:
        """Whether a reply is being written."""
        return self.reply is not None

    def load(self, conversation: str, message: str = "") -> None:
        """Show a conversation of the library, the branch of a message if named."""
        self.loading, self._opening = True, conversation

        def read() -> tuple[Any, list[Turn]]:
            if message:
                self._turn_to(conversation, message)
            return self.store.get(conversation), self._read(conversation)

        def show(loaded: tuple[Any, list[Turn]]) -> None:
            self.loading = False
            self.conversation, self.turns = loaded
            settings = dict(self.conversation.settings)
            self.weights = str(settings.pop("weights", ""))
            self.tools = ToolSettings.read(settings.pop("tools", None))
            self.settings = {**settings, "system": self.conversation.system}
            self.tell("conversation_changed")
            self.tell("turns_changed")

        self._work_queue.do(read, show, self._load_failed)

    def show_message(self, message: str) -> None:
        """Show the branch that a message is in."""
        if self.busy or any(turn.id == message for turn in self.turns):
            self.tell("turns_changed")
            return
        conversation = self.id
        self._reload(lambda: self._turn_to(conversation, message))

    def _turn_to(self, conversation: str, message: str) -> None:
        if all(row.id != message for row in self.store.thread(conversation)):
            self.store.set_head(conversation, self.store.newest_leaf(message))

    def _load_failed(self, error: StudioError) -> None:
        self.loading, self._opening = False, ""
        self._ctx.notices.error(error, key="chat.library")
        self.tell("turns_changed")

    def _read(self, conversation: str) -> list[Turn]:
        rows = self.store.thread(conversation)
        return [Turn.from_row(row, self.store.siblings(row.id).ids) for row in rows]

    def _reload(self, head: Callable[[], Any]) -> None:
        """Run ``head``, which moves the head, and show the branch it leads to."""
        conversation = self.id

        def move() -> list[Turn]:
            head()
            return self._read(conversation)

        self._work_queue.do(move, self._show)

    def _show(self, turns: list[Turn]) -> None:
        self.turns = turns
        self.tell("turns_changed")

    def shown_text(self, turn: Turn) -> str:
        """Return the text of a turn, up to the last word if it is being written."""
        if self.reply is not None and self.reply.turn == turn.id:
            return self.reply.text
        return turn.content

    # --- settings -----------------------------------------------------------------------------

    def change_settings(self, settings: Mapping[str, Any], weights: str) -> None:
        """Keep system prompt, sampling and weights with the conversation."""
        self.settings, self.weights = dict(settings), weights
        if self.conversation is None:
            return
        id, values = self.id, self._kept_settings()
        system = str(self.settings.get("system", ""))
        self._work_queue.do(
            lambda: self.store.update(id, system=system, settings=values), self._took_row
        )

    def change_tools(self, tools: ToolSettings) -> None:
        """Keep which tools the conversation may use."""
        self.tools = tools
        self.change_settings(self.settings, self.weights)
        self.tell("conversation_changed")

    def _kept_settings(self) -> dict[str, Any]:
        settings = {name: value for name, value in self.settings.items() if name != "system"}
        return {**settings, "weights": self.weights, "tools": self.tools.plain()}

    def rename(self, title: str) -> None:
        """Give the conversation another title."""
        if title.strip() and self.conversation is not None and title.strip() != self.title:
            id = self.id
            self._work_queue.do(lambda: self.store.rename(id, title.strip()), self._took_row)

    def look_up(self) -> None:
        """Read title and settings again: they were changed elsewhere."""
        id = self.id
        self._work_queue.do(lambda: self.store.get(id), self._took_row)

    def _took_row(self, row: Any) -> None:
        if self.conversation is not None and row.id == self.id:
            self.conversation = row
            self.tell("conversation_changed")

    # --- saying something ---------------------------------------------------------------------

    def send(
        self,
        text: str,
        documents: Sequence[str] = (),
        reply: Reply | None = None,
        pictures: Sequence[str] = (),
    ) -> None:
        """Keep a message of mine at the end of the branch, and ask for a reply to it.

        Args:
            documents: Paths of files that this reply and later ones draw on.
            reply: Who answers and how, unless as the conversation is set.
            pictures: Paths of what the message shows.
        """
        attached = {"documents": list(documents), "pictures": list(pictures)}
        add, extra = (
            self.store.add_message,
            {name: paths for name, paths in attached.items() if paths},
        )

        def save(id: str, parent: str) -> Any:
            return add(id, parent or None, "user", text, extra=extra)

        self._say(text, self.turns, save, extra, reply)

    def edit(self, turn: Turn, text: str) -> None:
        """Say an earlier message of mine differently: a new branch beside the old one."""
        before = self.turns[: self._index(turn)]
        extra = turn.attached

        def save(_id: str, _parent: str) -> Any:
            return self.store.edit(turn.id, text, extra=extra)

        self._say(text, before, save, extra)

    def _say(
        self,
        text: str,
        before: list[Turn],
        save: Callable[[str, str], Any],
        extra: Mapping[str, Any],
        pending: Reply | None = None,
    ) -> None:
        """Show a message as being sent, keep it, then reply to it."""
        if self.busy:
            return
        back = list(self.turns)
        parent = before[-1].id if before else ""
        waiting = Turn("", "user", text, parent, SENDING, extra=extra)
        self.reply = reply = pending or Reply(self.answering())
        self._show([*before, waiting])
        self.tell("reply_changed")
        system, settings = str(self.settings.get("system", "")), self._kept_settings()
        library_id, folder = self.id, self.folder

        def keep() -> tuple[Any, Turn, Any, Turn]:
            title = title_of(text)
            create = self.store.create
            id = library_id or create(title, folder=folder, system=system, settings=settings).id
            mine = self.versioned(save(id, parent))
            journal, theirs = self._begin(id, mine.id, reply.weights)
            return self.store.get(id), mine, journal, theirs

        def kept(result: tuple[Any, Turn, Any, Turn]) -> None:
            self.conversation, mine, reply.journal, theirs = result
            reply.turn = theirs.id
            self.tell("conversation_changed")
            self._show([*before, mine, theirs])
            if self.listener is not None:
                self.listener.sent(library_id, text)
            self._work.ask(reply, [*before, mine])

        def lost(error: StudioError) -> None:
            self.reply = None
            self._show(back)
            self.tell("reply_changed")
            if self.listener is not None:
                self.listener.not_sent(text, error)

        self._work_queue.do(keep, kept, lost)

    def answering(self) -> str:
        """Return the weights that answer next: those chosen, or the best there are."""
        if self.weights:
            return self.weights
        return next((id for id, _title in self._ctx.weights.for_capability("text")), "")

    def versioned(self, row: Any) -> Turn:
        """Return a message with its versions; reads the library."""
        return Turn.from_row(row, self.store.siblings(row.id).ids)

    def _begin(self, id: str, parent: str, weights: str) -> tuple[Any, Turn]:
        """Make the empty reply and its journal. Runs beside the window."""
        journal = self.store.begin_reply(id, parent or None, extra={"weights": weights})
        return journal, self.versioned(self.store.message(journal.message))

    def regenerate(self, turn: Turn) -> None:
        """Answer again, beside ``turn``; an answer that came to nothing makes room."""
        if self.busy or turn.mine:
            return
        before = self.turns[: self._index(turn)]
        self._answer(before, forget="" if turn.content.strip() else turn.id)

    def answer_anyway(self, turn: Turn) -> None:
        """Answer again, beside ``turn``, whether the documents say so or not."""
        if not self.busy:
            reply = Reply(self.answering(), settings={**self.settings, "grounded": False})
            self._answer(self.turns[: self._index(turn)], pending=reply)

    def answer(self) -> None:
        """Answer the last message of mine, if nothing does."""
        if not self.busy and self.turns and self.turns[-1].mine:
            self._answer(self.turns)

    def answer_beside(self, reply: Reply) -> None:
        """Answer the last message of mine once more; what answers it already stays a version."""
        mine = [number for number, turn in enumerate(self.turns) if turn.mine]
        if not self.busy and mine:
            self._answer(self.turns[: mine[-1] + 1], pending=reply)

    def choose(self, version: str) -> None:
        """Go on with a version of an answer, and give it a star: it is the best of them."""
        id = self.id

        def mark() -> None:
            extra = {**self.store.message(version).extra, "starred": True}
            self.store.update_message(version, extra=extra)
            self.store.set_head(id, self.store.newest_leaf(version))

        self._reload(mark)

    def _answer(self, before: list[Turn], forget: str = "", pending: Reply | None = None) -> None:
        self.reply = reply = pending or Reply(self.answering())
        back, id = list(self.turns), self.id
        self.tell("reply_changed")

        def begin() -> tuple[Any, Turn]:
            if forget:
                self.store.delete_branch(forget)
            return self._begin(id, before[-1].id if before else "", reply.weights)

        def begun(result: tuple[Any, Turn]) -> None:
            reply.journal, theirs = result
            reply.turn = theirs.id
            self._show([*before, theirs])
            self._work.ask(reply, before)

        self._work_queue.do(begin, begun, lambda error: self._give_up(error, back))

    def edit_answer(self, turn: Turn, text: str, *, go_on: bool) -> None:
        """Keep a corrected version of an answer beside it; ``go_on`` writes on from there."""
        if self.busy:
            return
        before = self.turns[: self._index(turn)]
        extra = {"weights": turn.extra.get("weights", ""), "edited": True}

        def keep() -> Turn:
            return self.versioned(self.store.edit(turn.id, text, extra=extra))

        def kept(version: Turn) -> None:
            self._show([*before, version])
            if go_on:
                self.go_on(version)

        def lost(error: StudioError) -> None:
            if self.listener is not None:
                self.listener.not_sent(text, error)

        self._work_queue.do(keep, kept, lost)

    def go_on(self, turn: Turn) -> None:
        """Write on from the end of an answer, in the same message."""
        if self.busy or turn.mine or turn.id != (self.turns[-1].id if self.turns else ""):
            return
        before = self.turns[: self._index(turn)]
        plan = turn.extra.get("plan")
        self.reply = reply = Reply(
            self.answering(),
            turn.id,
            prefix=turn.content,
            calls=turn.calls,
            plan=[str(name) for name in plan] if isinstance(plan, list) else [],
        )
        back = list(self.turns)
        self.tell("reply_changed")

        def begin() -> tuple[Any, Turn]:
            journal = self.store.journal(turn.id)
            # The text first, then the state: a crash in between must find the text.
            journal.append(turn.content)
            extra = {k: v for k, v in turn.extra.items() if k not in ("stopped", "error")}
            row = self.store.update_message(turn.id, state=PARTIAL, extra=extra)
            return journal, self.versioned(row)

        def begun(result: tuple[Any, Turn]) -> None:
            reply.journal, theirs = result
            self._show([*before, theirs])
            self._work.ask(reply, [*before, replace(theirs, content=turn.content)])

        self._work_queue.do(begin, begun, lambda error: self._give_up(error, back))

    def _give_up(self, error: StudioError, back: list[Turn]) -> None:
        self.reply = None
        self._ctx.notices.error(error, key="chat.library")
        self._show(back)
        self.tell("reply_changed")

    # --- the reply ----------------------------------------------------------------------------

    def stop(self) -> None:
        """End the reply at its next step; its text is saved."""
        self._work.stop()

    def put(self, turn: Turn) -> None:
        """Show the newest state of a turn, if it is in view."""
        for number, old in enumerate(self.turns):
            if old.id == turn.id and old != turn:
                self.turns[number] = turn
                if self.listener is not None:
                    self.listener.turn_changed(turn)

    # --- tools --------------------------------------------------------------------------------

    def allow(self, turn: Turn, arguments: Mapping[str, Any], *, always: bool) -> None:
        """Let the call that waits be done, with these arguments."""
        if (run := self._run_of(turn)) is not None:
            run.allow(arguments, always=always)

    def refuse(self, turn: Turn, *, never: bool) -> None:
        """Leave the call that waits undone; ``never`` forbids the tool from now on."""
        if (run := self._run_of(turn)) is not None:
            run.refuse(never=never)

    def begin_plan(self, turn: Turn, steps: Sequence[str]) -> None:
        """Do the steps that the user agreed to."""
        if (run := self._run_of(turn)) is not None:
            run.begin_plan(steps)

    def undo_run(self, turn: Turn) -> None:
        """Put all that the calls of a reply made in the bin, or take it out again."""
        if self.busy or not turn.made:
            return
        ids, library = [artifact.id for artifact in turn.made], self._ctx.library
        undone = not turn.undone

        def move() -> None:
            for id in ids:
                (library.bin if undone else library.restore)(id)
            self.store.update_message(turn.id, extra={**turn.extra, "undone": undone})

        self._reload(move)
        if undone:
            words = tr("What the run made is in the bin: {count}.").format(count=len(ids))
            again = replace(turn, extra={**turn.extra, "undone": True})
            self._ctx.notices.offer(
                words, tr("Restore"), lambda: self.undo_run(again), key=f"chat.undo.{turn.id}"
            )

    def _run_of(self, turn: Turn) -> ToolRun | None:
        writes = self.reply is not None and self.reply.turn == turn.id
        return self._work.run if writes else None

    # --- branches -----------------------------------------------------------------------------

    def switch(self, turn: Turn, step: int) -> None:
        """Show the version before (-1) or after (+1) ``turn``, and what followed it."""
        place = turn.place + step
        if 0 <= place < len(turn.versions):
            id, target = self.id, turn.versions[place]
            self._reload(lambda: self.store.set_head(id, self.store.newest_leaf(target)))

    def star(self, turn: Turn) -> None:
        """Give an answer a star, or take it away: it is better than its other versions."""
        extra = {**turn.extra, "starred": not turn.starred}
        self._reload(lambda: self.store.update_message(turn.id, extra=extra))

    def delete(self, turn: Turn) -> None:
        """Put a message and what follows it in the bin, with an offer to take it back."""
        if self.busy or not turn.id:
            return
        self._reload(lambda: self.store.delete_branch(turn.id))
        self._ctx.notices.offer(
            tr("The message and all that followed are in the bin."),
            tr("Undo"),
            lambda: self._reload(lambda: self.store.restore_branch(turn.id)),
            key=f"chat.bin.{turn.id}",
        )

    # --- inside -------------------------------------------------------------------------------

    def _index(self, turn: Turn) -> int:
        return next(n for n, other in enumerate(self.turns) if other.id == turn.id)

    def tell(self, what: str) -> None:
        """Call a method of the listener that takes nothing, if anybody listens."""
        if self.listener is not None:
            getattr(self.listener, what)()
