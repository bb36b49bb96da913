"""Completion while typing: when to ask a model, which text to show, how keys act.

One editor is watched at a time. A request starts after a pause in typing, never for each letter;
further typing cancels it, unless it matches the proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent

from studio.api import JobHandle, JobRequest, PluginContext, StudioError
from studio.api.window.language import tr
from studio_code.generation import gap
from studio_code.pages.completion.ghost import Ghost
from studio_code.pages.completion.word_list import LEAST_TYPED, WordList, begun, words
from studio_code.pages.editor.code_edit import CodeEdit
from studio_code.pages.run.files import run_path
from studio_code.schema import CodeSettings

_SENT_BEFORE, _SENT_AFTER = 2 * gap.MOST_BEFORE, 2 * gap.MOST_AFTER
"""Characters that are handed over: the task shows a model less of them."""


class Completion(QObject):
    """Words and code at the cursor of the editor in view.

    Signals:
        asking: Whether a model is at work on it.

    Attributes:
        ghost: The code that is proposed; None where no editor is in view.
        word_list: The words that are listed.
    """

    asking = Signal(bool)

    def __init__(
        self, ctx: PluginContext, weights: Callable[[], str], parent: QObject | None = None
    ) -> None:
        """Wait for an editor.

        Args:
            weights: Returns the id of the model that the user has chosen; empty for the best.
        """
        super().__init__(parent)
        self._ctx, self._weights = ctx, weights
        self._edit: CodeEdit | None = None
        self.ghost: Ghost | None = None
        self.word_list: WordList | None = None
        self._job: JobHandle | None = None
        self._written = ""
        self._asked: tuple[str, str] = ("", "")
        self._refused: set[str] = set()
        self._by_key = self._quiet = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask_unasked)

    def watch(self, edit: CodeEdit | None) -> None:
        """Complete in another editor, or in none."""
        if edit is self._edit:
            return
        self.dismiss()
        if self._edit is not None:
            self._edit.on_key = None
            self._edit.painted = None
            self._edit.typed.disconnect(self._on_typed)
            self._edit.cursorPositionChanged.disconnect(self._on_cursor)
            self._edit.left.disconnect(self.dismiss)
            assert self.word_list is not None
            self.word_list.deleteLater()
        self._edit = edit
        self.ghost = self.word_list = None
        if edit is not None:
            self.ghost, self.word_list = Ghost(edit), WordList(self._ctx.ui, edit)
            self.word_list.chosen.connect(self._take_word)
            edit.on_key = self._on_key
            edit.typed.connect(self._on_typed)
            edit.cursorPositionChanged.connect(self._on_cursor)
            edit.left.connect(self.dismiss)

    # --- what the user does -------------------------------------------------------------------

    def _on_typed(self, letters: str) -> None:
        """Letters were typed, or one was erased (``letters`` is empty then)."""
        ghost = self.ghost
        if ghost is None:
            return
        if letters != "\n" and ghost.typed(letters):
            self._hide_words()
            return
        self.dismiss()
        get, usual = self._ctx.settings.get, CodeSettings()
        if letters and get("words", usual.words):
            self._list_words(LEAST_TYPED, chosen=False)
        if letters and get("suggest", usual.suggest) and self._can_fill(self._chosen()):
            self._timer.start(int(get("suggest_after", usual.suggest_after)))

    def _on_cursor(self) -> None:
        """React to a cursor move; moves caused by typing are handled already."""
        if not self._quiet and self._edit is not None and not self._edit.is_typing:
            self.dismiss()

    def _on_key(self, event: QKeyEvent) -> bool:
        """Return whether the proposal consumed a key."""
        ghost, listed = self.ghost, self.word_list
        if ghost is None or listed is None:
            return False
        key, control = event.key(), Qt.KeyboardModifier.ControlModifier
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier
        )  # fmt: skip
        if key == Qt.Key.Key_Escape and (ghost.text or not listed.isHidden() or self._job):
            self.dismiss()
        elif key == Qt.Key.Key_Tab and plain and ghost.text:
            self._accept(word=False)
        elif key == Qt.Key.Key_Right and event.modifiers() & control and ghost.text:
            self._accept(word=True)
        elif listed.isHidden() or not plain:
            return False
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            listed.step(1 if key == Qt.Key.Key_Down else -1)
        elif key == Qt.Key.Key_Tab:
            self._take_word(listed.selected or listed.item(0).text())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and listed.selected:
            self._take_word(listed.selected)
        else:
            return False
        return True

    def _accept(self, *, word: bool) -> None:
        assert self.ghost is not None
        self._quiet = True
        self.ghost.accept(word=word)
        self._quiet = False
        self._hide_words()
        if not self.ghost.text:
            self._stop()

    def _take_word(self, word: str) -> None:
        edit = self._edit
        if edit is None or not word:
            return
        self.dismiss()
        before, _ = self._sides()
        edit.textCursor().insertText(word[len(begun(before)) :])
        edit.ensureCursorVisible()

    def dismiss(self) -> None:
        """Remove the proposal and cancel the running request."""
        self._timer.stop()
        self._hide_words()
        self._stop()
        if self.ghost is not None:
            self.ghost.show("")

    # --- words --------------------------------------------------------------------------------

    def show_words(self) -> None:
        """List the words that the begun one could become, and ask the model beside."""
        self.dismiss()
        self._list_words(0, chosen=True)
        self.ask()

    def _list_words(self, least: int, *, chosen: bool) -> None:
        before, after = self._sides()
        start = begun(before)
        if self.word_list is not None and (len(start) >= least or not least):
            self.word_list.offer(words(before, after), len(start), chosen=chosen)

    def _hide_words(self) -> None:
        if self.word_list is not None:
            self.word_list.hide()

    # --- the model ----------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask the model now, whether or not it is asked while typing."""
        self._by_key = True
        self._ask()

    def _ask_unasked(self) -> None:
        self._by_key = False
        if self._edit is not None and self._edit.isVisible():
            self._ask()

    def _chosen(self) -> str:
        """Return the id of the weights; empty where there are none."""
        ids = [id for id, _ in self._ctx.weights.for_capability("text", "code")]
        wished = self._weights()
        return wished if wished in ids else (ids or [""])[0]

    def _can_fill(self, weights: str) -> bool:
        """Whether a model is worth asking unasked: one for code that has not refused."""
        coders = {id for id, _ in self._ctx.weights.for_capability("code")}
        return weights in coders and weights not in self._refused

    def _ask(self) -> None:
        edit, weights = self._edit, self._chosen()
        if edit is None or edit.isReadOnly() or edit.textCursor().hasSelection():
            return
        if not weights:
            self._tell(tr("There is no model that could complete code."), tr("Get one on Models."))
            return
        self._stop()
        before, after = self._sides()
        self._asked, self._written = (before, after), ""
        params = {"path": run_path(edit.file.path), "weights": weights}
        inputs = {"before": before[-_SENT_BEFORE:], "after": after[:_SENT_AFTER]}
        title = tr("Complete {name}").format(name=edit.file.name)
        request = JobRequest(
            "code.complete", params, title=title, inputs=inputs, keep=False, private=True
        )
        try:
            job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self._on_failed(weights, error)
            return
        self._follow(job)
        job.on_text(lambda text, _tokens, _channel: self._on_text(job, text))
        job.on_done(lambda result: self._on_done(job, weights, result))
        job.on_failed(lambda error: self._on_failed(weights, error) if job is self._job else None)

    def _stop(self) -> None:
        """Cancel the running request."""
        job = self._job
        self._follow(None)
        if job is not None:
            job.cancel()

    def _follow(self, job: JobHandle | None) -> None:
        if (job is None) != (self._job is None):
            self.asking.emit(job is not None)
        self._job = job

    def _on_text(self, job: JobHandle, text: str) -> None:
        if job is self._job:
            self._written += text
            self._show(gap.fitted(self._written, *self._asked, lines=40))

    def _on_done(self, job: JobHandle, weights: str, result: Mapping[str, Any]) -> None:
        if job is not self._job:
            return
        self._follow(None)
        self._refused.discard(weights)
        self._show(str(result.get("text") or ""))
        if self._by_key and self.ghost is not None and not self.ghost.text:
            self._tell(tr("The model proposes nothing here."), "")

    def _show(self, text: str) -> None:
        """Propose a text at the position of the request, less the letters typed since."""
        position, below = self._asked
        before, after = self._sides()
        since = before[len(position) :]
        is_same = before.startswith(position) and after == below
        if self.ghost is not None and is_same and text.startswith(since):
            self.ghost.show(text[len(since) :])
            if self.ghost.text:
                self._hide_words()

    def _on_failed(self, weights: str, error: StudioError) -> None:
        """Say why; the model is asked no more unasked until it has answered a key."""
        self._follow(None)
        if self._by_key or weights not in self._refused:
            self._tell(error.message, error.hint)
        self._refused.add(weights)

    def _tell(self, words: str, hint: str) -> None:
        self._ctx.notices.info(words, hint, key="code.complete")

    def _sides(self) -> tuple[str, str]:
        edit = self._edit
        if edit is None:
            return "", ""
        text, position = edit.file.text(), edit.textCursor().position()
        if not text.isascii():
            units = text.encode("utf-16-le")
            position = len(units[: 2 * position].decode("utf-16-le", "ignore"))
        return text[:position], text[position:]
