"""A conversation by voice: each turn becomes a message, its answer is written and spoken.

The messages are those of a conversation of the library, so that Chat shows it too, and it
survives a crash. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from studio.api import (
    ErrorCode,
    JobHandle,
    JobRequest,
    PluginContext,
    StudioError,
    WorkQueue,
)
from studio.api.window.language import tr
from studio.api.window.sound.wave_file import to_wav
from studio_voice.pages.narrator import Narrator
from studio_voice.pages.talk.microphone import Microphone

_KEPT: Final = "talk"
"""The setting that names the conversation."""
_TITLE: Final = 48
_MOST_TOKENS: Final = 600
_HEARD_RATE: Final = 16_000


class State(Enum):
    """What goes on."""

    OFF = "off"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


@dataclass
class Answer:
    """One that is being written."""

    weights: str
    journal: Any
    text: str = ""
    job: JobHandle | None = None
    stopped: bool = False


@dataclass
class Line:
    """One message: who said it, and what."""

    role: str
    text: str = ""


@dataclass
class Thread:
    """The conversation in view: its id (empty until something is said), its messages.

    Attributes:
        head: Id of the last message.
    """

    id: str = ""
    head: str = ""
    lines: list[Line] = field(default_factory=list)


class Dialogue(QObject):
    """The conversation.

    Signals:
        changed: The state is another one.
        replaced: Another conversation is in view.
        added: A ``Line`` came to it.
        grew: The last line is longer.
        unheard: Something was said that nobody could make out.
        failed: A ``StudioError``.
    """

    changed = Signal()
    replaced = Signal()
    added = Signal(object)
    grew = Signal()
    unheard = Signal()
    failed = Signal(object)

    def __init__(self, ctx: PluginContext, how: Callable[[], Mapping[str, Any]]) -> None:
        """Create a dialogue.

        Args:
            how: Returns the panel's settings.
        """
        super().__init__()
        self._ctx, self._how = ctx, how
        self._store = ctx.library.conversations
        self._work = WorkQueue(ctx)
        self.conversation = Thread()
        self._answer: Answer | None = None
        self._hearing: JobHandle | None = None
        self._held = ""
        self._keeping = self._turn = 0
        self.narrator = Narrator(ctx, self._voice)
        self.microphone = Microphone(ctx, self.narrator.level)
        self.narrator.changed.connect(self.changed)
        self.narrator.failed.connect(self._on_failed)
        self.microphone.began.connect(self.interrupt)
        self.microphone.said.connect(self._write_down)
        self.microphone.switched.connect(self._on_switched)
        self.microphone.failed.connect(self.failed)
        self._load(str(ctx.settings.get(_KEPT, "")))

    @property
    def state(self) -> State:
        """What goes on now."""
        if self.narrator.sounding:
            return State.SPEAKING
        if self._answer is not None or self._hearing is not None or self._keeping:
            return State.THINKING
        if self.narrator.busy:
            return State.THINKING
        return State.LISTENING if self.microphone.is_on else State.OFF

    @property
    def idle(self) -> bool:
        """Whether no message is being saved."""
        return self._work.idle

    def _voice(self) -> Mapping[str, Any]:
        set_to = self._how()
        return {"voice": set_to["voice"], "speed": set_to["speed"]}

    # --- which one --------------------------------------------------------------------------------

    def _load(self, id: str) -> None:
        """Show the conversation of the last time; one that is gone is forgotten."""
        if not id:
            return

        def read() -> Thread:
            rows = list(self._store.thread(id))
            lines = [Line(row.role, row.content) for row in rows if row.content.strip()]
            return Thread(id, rows[-1].id if rows else "", lines)

        def show(thread: Thread) -> None:
            if not self.conversation.id and not self._keeping:
                self.conversation = thread
                self.replaced.emit()

        self._work.do(read, show, lambda _error: self.renew())

    def renew(self) -> None:
        """Begin another conversation; the one in view stays in Chat."""
        self.interrupt()
        self.conversation = Thread()
        self._ctx.settings.set(_KEPT, "")
        self.replaced.emit()

    # --- what a person says -----------------------------------------------------------------------

    def _write_down(self, sound: Any) -> None:
        set_to = self._how()
        request = JobRequest(
            "voice.transcribe",
            {"language": set_to["language"]},
            title=tr("Talk"),
            inputs={"sound": to_wav(sound, _HEARD_RATE)},
            keep=False,
            private=True,
        )
        try:
            self._hearing = job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self._on_failed(error)
            return
        job.on_done(lambda result: self._written(job, str(result.get("text", ""))))
        job.on_failed(lambda error: self._not_written(job, error))
        job.on_cancelled(lambda: self._not_written(job, None))
        self.changed.emit()

    def _written(self, job: JobHandle, text: str) -> None:
        self._held = f"{self._held} {' '.join(text.split())}".strip()
        if job is not self._hearing:
            return  # the sentence goes on in the next one: it is sent whole
        if self._held and not self.microphone.speaking:
            text, self._held = self._held, ""
            self.say(text)
        self._hearing = None
        self.changed.emit()

    def _not_written(self, job: JobHandle, error: StudioError | None) -> None:
        if job is self._hearing:
            self._hearing = None
        self.changed.emit()
        if error is not None and error.code is ErrorCode.BAD_INPUT:
            self.unheard.emit()  # a cough, a door
        elif error is not None:
            self._on_failed(error)

    def say(self, text: str) -> None:
        """Send a message, spoken or typed, and have it answered aloud."""
        self.interrupt()
        text = text.strip()
        if not text:
            return
        weights = self._weights()
        if not weights:
            self.failed.emit(
                StudioError(
                    ErrorCode.NOT_FOUND,
                    tr("There is no chat model that could answer."),
                    tr("Download one on the Models page."),
                )
            )
            return
        thread, system = self.conversation, str(self._how()["instructions"])
        thread.lines.append(Line("user", text))
        self.added.emit(thread.lines[-1])
        messages = [{"role": line.role, "content": line.text} for line in thread.lines if line.text]
        self._keeping += 1
        turn = self._turn

        def keep() -> tuple[str, Any]:
            settings = {"weights": weights}
            id = thread.id
            if not id:
                id = self._store.create(_title(text), system=system, settings=settings).id
            mine = self._store.add_message(id, thread.head or None, "user", text)
            return id, self._store.begin_reply(id, mine.id, extra={"weights": weights})

        def kept(saved: tuple[str, Any]) -> None:
            self._keeping -= 1
            thread.id, journal = saved
            thread.head = journal.message
            self._ctx.settings.set(_KEPT, self.conversation.id)
            answer = Answer(weights, journal)
            if turn == self._turn:
                self._ask(thread, answer, messages, system)
            else:  # the person has gone on meanwhile
                self._finish(answer, "interrupted", {"stopped": True})

        def lost(error: StudioError) -> None:
            self._keeping -= 1
            self._on_failed(error)

        self._work.do(keep, kept, lost)
        self.narrator.open()
        self.changed.emit()

    def _weights(self) -> str:
        chosen = str(self._how()["weights"])
        return chosen or next((id for id, _ in self._ctx.weights.for_capability("text")), "")

    # --- the answer -------------------------------------------------------------------------------

    def _ask(
        self, thread: Thread, answer: Answer, messages: list[dict[str, str]], system: str
    ) -> None:
        self._answer = answer
        params = {"weights": answer.weights, "system": system, "max_tokens": _MOST_TOKENS}
        request = JobRequest(
            "chat.reply",
            params,
            title=tr("Talk"),
            inputs={"messages": messages},
            keep=False,
            conversation=thread.id,
        )
        line = Line("assistant")
        try:
            answer.job = job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self._answer_failed(answer, error)
            return
        thread.lines.append(line)
        self.added.emit(line)
        job.on_text(lambda text, _tokens, _channel: self._on_text(answer, line, text))
        job.on_done(lambda result: self._answered(answer, result))
        job.on_failed(lambda error: self._answer_failed(answer, error))
        job.on_cancelled(lambda: self._finish(answer, "interrupted", {"stopped": True}))
        self.changed.emit()

    def _on_text(self, answer: Answer, line: Line, text: str) -> None:
        answer.text += text
        answer.journal.append(text)
        line.text += text
        self.grew.emit()
        if not answer.stopped:
            self.narrator.add(text)

    def _answered(self, answer: Answer, result: Mapping[str, Any]) -> None:
        if not answer.stopped:
            self.narrator.end()
        facts = {name: value for name, value in result.items() if name != "text"}
        self._finish(answer, "complete", facts)

    def _answer_failed(self, answer: Answer, error: StudioError) -> None:
        details = {"code": str(error.code), "message": error.message, "hint": error.hint}
        self._finish(answer, "interrupted", {"error": details})
        self._on_failed(error)

    def _finish(self, answer: Answer, state: str, extra: Mapping[str, Any]) -> None:
        if self._answer is answer:
            self._answer = None
        record = answer.job.record if answer.job is not None else ""
        facts = {"weights": answer.weights, **extra}
        self._work.do(
            lambda: self._store.finish_reply(
                answer.journal, state=state, content=answer.text, record=record, extra=facts
            )
        )
        self.changed.emit()

    def interrupt(self) -> None:
        """Fall silent and stop writing: the person speaks, or wants it to end."""
        self._turn += 1
        self.narrator.stop()
        answer = self._answer
        if answer is not None and not answer.stopped:
            answer.stopped = True
            self._answer = None
            if answer.job is not None:
                answer.job.cancel()
        self.changed.emit()

    def stop(self) -> None:
        """Stop all: also running transcriptions."""
        self._held = ""
        job, self._hearing = self._hearing, None
        if job is not None:
            job.cancel()
        self.interrupt()

    def _on_switched(self) -> None:
        if self.microphone.is_on:
            self.narrator.open()
        self.changed.emit()

    def _on_failed(self, error: StudioError) -> None:
        self.interrupt()
        self.failed.emit(error)


def _title(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _TITLE else f"{words[:_TITLE].rsplit(' ', 1)[0]}…"
