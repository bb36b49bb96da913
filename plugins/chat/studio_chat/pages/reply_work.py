"""One running reply: its job, its events, and saving it.

Knows no widget; the session decides what to answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from studio.api import JobRequest, JobState, PluginContext, StudioError, WorkQueue
from studio_chat.pages.documents.collections import Collections
from studio_chat.pages.open_conversation import OpenConversation
from studio_chat.pages.pictures import sees
from studio_chat.pages.thread.turns import (
    COMPLETE,
    INTERRUPTED,
    Reply,
    Turn,
    as_messages,
    documents_of,
    pictures_of,
)
from studio_chat.pages.tools.run import ToolRun
from studio_chat.schema import PANEL_FIELDS
from studio_chat.tools import choice

TASK = "chat.reply"


class ReplyWork:
    """Asks for the replies of one conversation and keeps what comes."""

    def __init__(
        self, ctx: PluginContext, work_queue: WorkQueue, session: OpenConversation
    ) -> None:
        self._ctx = ctx
        self._work_queue = work_queue
        self._session = session
        self.run: ToolRun | None = None
        """What is done with tools before words follow."""

    def ask(self, reply: Reply, path: Sequence[Turn]) -> None:
        """Have an answer to ``path`` written, or end it if it was stopped meanwhile."""
        if reply.stopping:
            self._end(reply, INTERRUPTED, {"stopped": True})
        elif self._session.tools.on and not reply.prefix and not self._session.private:
            self._use_tools(reply, [turn for turn in path if turn.id != reply.turn])
        else:
            self._write(reply, path)

    def _use_tools(self, reply: Reply, before: Sequence[Turn]) -> None:
        """Let the model call tools first; its words follow."""

        def write() -> None:
            self.run = None
            done = Turn(reply.turn, "assistant", "", extra=reply.run_facts())
            self._write(reply, [*before, done])

        def end(error: StudioError | None) -> None:
            self.run = None
            if error is not None:
                self._failed(reply, error)
            else:
                self._end(reply, INTERRUPTED, {"stopped": True})

        self.run = ToolRun(
            self._ctx, self._work_queue, self._session, reply, before, write=write, end=end
        )
        self.run.start()

    def _write(self, reply: Reply, path: Sequence[Turn]) -> None:
        """Have the words written."""
        if reply.stopping:
            self._end(reply, INTERRUPTED, {"stopped": True})
            return
        session, instructions = self._session, self._session.instructions
        settings = session.settings if reply.settings is None else reply.settings
        fields = {name: settings[name] for name in PANEL_FIELDS if name in settings}
        has_form = any(fields.get(name) for name in ("schema", "regex", "grammar"))
        documents = instructions.documents(session.folder, documents_of(path))
        pictures = pictures_of(path) if sees(self._ctx, reply.weights) else []
        system = instructions.system(session.folder, settings)
        params = {
            **fields,
            **({"regex": choice.IN_WORDS} if reply.calls and not has_form else {}),
            "system": "\n\n".join(filter(None, (system, choice.AFTERWARDS if reply.calls else ""))),
            "weights": reply.weights,
            "documents": documents,
            "pictures": pictures,
            "encoder": "" if documents else None,
            "assisted": True,
        }
        try:
            reply.job = job = self._ctx.tasks.submit(
                JobRequest(
                    TASK,
                    params,
                    title="" if session.private else session.title,
                    inputs={"messages": as_messages(path, pictures)},
                    keep=False,
                    private=session.private is not None,
                    conversation=session.library_id,
                )
            )
        except StudioError as error:
            self._failed(reply, error)
            return
        job.on_state(lambda state, reason: self._on_state(reply, state, reason))
        job.on_progress(lambda *news: self._on_progress(reply, *news))
        job.on_text(lambda text, tokens, _channel: self._on_text(reply, text, tokens))
        job.on_done(lambda result: self._on_done(reply, result))
        job.on_failed(lambda error: self._failed(reply, error))
        job.on_cancelled(lambda: self._end(reply, INTERRUPTED, {"stopped": True}))
        self._session.tell("reply_changed")

    def stop(self) -> None:
        """End the reply at its next step; its text is saved."""
        if self._session.reply is not None:
            self._session.reply.stopping = True
            if self.run is not None:
                self.run.stop()
            elif self._session.reply.job is not None:
                self._session.reply.job.cancel()
            self._session.tell("reply_changed")

    def _on_state(self, reply: Reply, state: JobState, reason: str) -> None:
        reply.state, reply.reason, reply.share = state, reason, None
        self._session.tell("reply_changed")

    def _on_progress(
        self, reply: Reply, done: float, total: float, message: str, _left: float | None
    ) -> None:
        if not reply.pieces:
            reply.share = min(1.0, done / total) if total > 0 else None
            reply.reason = message
            self._session.tell("reply_changed")

    def _on_text(self, reply: Reply, text: str, tokens: int) -> None:
        begins = not reply.pieces
        reply.add(text, tokens)
        reply.journal.append(text)
        if self._session.listener is not None:
            self._session.listener.text_added(reply.turn, text)
        self._session.aloud.grew(reply.turn, text, is_first=begins)
        if begins:
            self._session.tell("reply_changed")

    def _on_done(self, reply: Reply, result: Mapping[str, Any]) -> None:
        facts = {name: value for name, value in result.items() if name != "text"}
        for name in ("sources", "closest"):
            if sources := facts.get(name):
                facts[name] = Collections(self._ctx).named(sources)
        self._end(reply, COMPLETE, facts)

    def _failed(self, reply: Reply, error: StudioError) -> None:
        error_facts = {
            "code": str(error.code),
            "message": error.message,
            "hint": error.hint,
            "details": error.details,
        }
        self._end(reply, INTERRUPTED, {"error": error_facts})

    def _end(self, reply: Reply, state: str, extra: Mapping[str, Any]) -> None:
        """Keep the reply as it is now."""
        if self._session.reply is reply:
            self._session.reply = None
        self._session.aloud.over(reply.turn)
        record = reply.job.record if reply.job is not None else ""
        facts = {"weights": reply.weights, **reply.figures(), **reply.run_facts(), **extra}

        def keep() -> Turn:
            row = self._session.store.finish_reply(
                reply.journal, state=state, content=reply.text, record=record, extra=facts
            )
            return self._session.versioned(row)

        shown = next((turn for turn in self._session.turns if turn.id == reply.turn), None)
        if shown is not None:
            self._session.put(replace(shown, state=state, content=reply.text, extra=facts))
        self._work_queue.do(keep, self._session.put)
        self._session.tell("reply_changed")
