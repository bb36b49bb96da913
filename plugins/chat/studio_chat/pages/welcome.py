"""The welcome screen of an empty conversation.

Examples and runnable models, or how to add one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api import PluginContext, Role


class Welcome(QWidget):
    """Four examples that one click sends, and the models that can answer."""

    def __init__(self, ctx: PluginContext, start: Callable[[str], None]) -> None:
        super().__init__()
        self._ctx = ctx
        examples = (
            ("list-checks", self.tr("Name three primary colours and what each is used for.")),
            ("pencil", self.tr("Write a short, polite note that I am running ten minutes late.")),
            ("code", self.tr("Write a Python function that counts the words of a file.")),
            ("book-open", self.tr("Explain to a ten-year-old why the sky is blue.")),
        )
        state = ctx.ui.empty_state(
            "message-square",
            self.tr("What would you like to talk about?"),
            self.tr("Answers are written on this machine; nothing you say leaves it."),
            [(icon, words, partial(start, words)) for icon, words in examples],
        )
        self._can_run = ctx.ui.label("", Role.SMALL)
        self._can_run.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._can_run.setWordWrap(True)
        self._caution = ctx.ui.label("", Role.SMALL)
        self._caution.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._caution.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 18)
        column.addWidget(state, 1)
        column.addWidget(self._can_run)
        column.addWidget(self._caution)

    def refresh(self, weights: str) -> None:
        """List the installed models, and describe the limits of ``weights``; of none if empty."""
        caution = self._ctx.weights.caution(weights)
        self._caution.setText(f"{self._ctx.weights.title(weights)}: {caution}")
        self._caution.setVisible(bool(caution))
        titles = [title for _id, title in self._ctx.weights.for_capability("text")]
        shown = ", ".join(titles[:3])
        more = len(titles) - 3
        if more > 0:
            shown = self.tr("{titles} and {count} more").format(titles=shown, count=more)
        self._can_run.setText(self.tr("Available models: {titles}").format(titles=shown))


class NoWeights(QWidget):
    """How to add a language model, where there is none."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        state = ctx.ui.empty_state(
            "boxes",
            self.tr("No language model yet"),
            self.tr(
                "Open Models on the left and press Add, then choose a GGUF file or a "
                "folder with safetensors of a Llama-style model. It stays where it is; "
                "nothing is downloaded. What you write here is kept."
            ),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(state)
