"""One turn of the conversation: the request, the streamed answer, and actions on it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from studio.api import JobHandle, PluginContext, Role, StudioError
from studio.api.window.language import tr
from studio_code.pages.ask.task_requests import Request
from studio_code.pages.ask.task_results import Answer, Offer, fenced
from studio_code.pages.evidence.chip import VerdictChip

_WORDS = 2_000
"""Characters of a question that are shown."""
_RAW = ("code.fix", "code.tests")
"""Tasks that stream code without its fence."""


class Turn(QFrame):
    """Question and answer.

    Signals:
        offered: The user wants a text reviewed: an ``Offer``, and the id of its artifact.
        put_asked: The user wants a block of code in the file in view.

    Attributes:
        request: What was asked.
        answer: What came of it; None until it is over.
    """

    offered = Signal(object, str)
    put_asked = Signal(str)

    def __init__(
        self, ctx: PluginContext, request: Request, goto: Callable[[str, int], None]
    ) -> None:
        super().__init__()
        self._ctx, self._goto = ctx, goto
        self.request = request
        self.answer: Answer | None = None
        self._attempt: list[str] = []
        put = (tr("Insert into file"), "corner-down-left", self._put)
        # Whole files that came back are reviewed; a part in an answer may be put somewhere.
        is_talk = request.task in ("code.ask", "code.explain")
        self.prose = ctx.ui.prose_view(block_actions=[put] if is_talk else [])
        self.progress = ctx.ui.progress_row(stop=False)
        self.trouble = ctx.ui.trouble_row()
        self.chip = VerdictChip(ctx, goto)
        self.notes = _label(ctx, Role.SMALL)
        self.notes.hide()
        self.sources = _label(ctx, Role.SMALL)
        self.sources.setTextFormat(Qt.TextFormat.RichText)
        self.sources.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self.sources.setAccessibleName(tr("Sources of the answer"))
        self.sources.linkActivated.connect(self._open_source)
        self.sources.hide()
        self.buttons: list[Any] = []
        self._actions = QVBoxLayout()
        self._actions.setSpacing(6)
        self._lay_out()

    def _lay_out(self) -> None:
        frame = QFrame()
        self._ctx.ui.wear(frame, Role.RAISED)
        words = _label(self._ctx, None)
        words.setText(self.request.words[:_WORDS])
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(12, 8, 12, 8)
        inside.addWidget(words)
        chips = QHBoxLayout()
        chips.addWidget(self.chip)
        chips.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(frame)
        column.addWidget(self.prose.widget)
        column.addWidget(self.progress.widget)
        column.addLayout(chips)
        column.addWidget(self.notes)
        column.addWidget(self.sources)
        column.addLayout(self._actions)
        column.addWidget(self.trouble.widget)
        self.prose.widget.setVisible(False)
        self.setAccessibleName(self.request.words[:200])

    @property
    def text(self) -> str:
        """The answer so far, as Markdown."""
        return self.prose.text

    # --- while it is written ------------------------------------------------------------------

    def follow(self, job: JobHandle) -> None:
        """Show how the job goes."""
        self.trouble.hide()
        self.progress.follow(job)

    def write(self, text: str, channel: str) -> None:
        """Append streamed text. Each attempt at a fix replaces the one before.

        Attempts are separated by an empty line of their own.
        """
        if channel not in ("", "answer"):
            return
        self.prose.widget.setVisible(True)
        if self.request.task not in _RAW:
            self.prose.append(text)
        elif text == "\n\n" and self.request.task == "code.fix":
            self._attempt = []
        else:
            if not self._attempt:
                self.prose.set_text("")
                self.prose.append(fenced("", self.request.language).split("\n", 1)[0] + "\n")
            self._attempt.append(text)
            self.prose.append(text)

    # --- when it is over ----------------------------------------------------------------------

    def show_answer(self, answer: Answer) -> None:
        """Show the answer."""
        self.answer = answer
        if answer.text != self.prose.text:
            self.prose.set_text(answer.text)
        self.prose.finish()
        self.prose.widget.setVisible(bool(answer.text.strip()))
        if answer.evidence is not None:
            self.chip.show_evidence(answer.evidence)
        self.notes.setText(" ".join(answer.notes))
        self.notes.setVisible(bool(answer.notes))
        self._show_sources(answer)
        for number, offer in enumerate(answer.offers):
            # What failed is not what to take next.
            has_failed = answer.evidence is not None and answer.evidence.level == "bad"
            self._add_button(offer, primary=number == 0 and not has_failed)

    def _show_sources(self, answer: Answer) -> None:
        color = self._ctx.ui.tokens.colors["accent"]
        links = [
            f"<a href='{number}' style='color:{color}'>{escape(path)}:{line}</a> {escape(name)}"
            for number, (path, line, name) in enumerate(answer.sources)
        ]
        self.sources.setText(" &nbsp; ".join(links))
        self.sources.setVisible(bool(links))

    def _open_source(self, number: str) -> None:
        if self.answer is not None:
            path, line, _name = self.answer.sources[int(number)]
            self._goto(path, line)

    def show_trouble(self, error: StudioError, again: Callable[[], None]) -> None:
        """Show the error; the text streamed so far stays."""
        self.prose.finish()
        self.trouble.tell(error, again)

    def _add_button(self, offer: Offer, *, primary: bool) -> None:
        button = self._ctx.ui.button(offer.words, "git-compare", primary=primary, dense=True)
        button.setToolTip(offer.path)
        button.clicked.connect(lambda: self._offer(offer))
        self.buttons.append(button)
        row = QHBoxLayout()
        row.addWidget(button)
        row.addStretch(1)
        self._actions.addLayout(row)

    def _put(self, code: str, _language: str) -> None:
        self.put_asked.emit(code)

    def _offer(self, offer: Offer) -> None:
        self.offered.emit(offer, self.answer.artifact_id if self.answer else "")


def _label(ctx: PluginContext, role: Role | None) -> QLabel:
    label = ctx.ui.label("", role, wrap=True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
