"""Inputs of a drawing: the prompt and the chips of styles below it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_image.pages.phrases import style_titles, style_words
from studio_image.schema import Generate

MAX_CHARS = next(f.text.max_chars for f in Generate.fields() if f.name == "prompt")
_STARTER = "image-starter"


class PromptBox(QWidget):
    """Prompt and chips.

    Attributes:
        field: The prompt.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._style = str(next(f.default for f in Generate.fields() if f.name == "style"))
        self._own_styles = True
        self._shown: list[QPushButton] = []
        self.field = ctx.kit.prompt_field(
            tr("Prompt"),
            placeholder=tr("e.g. an owl"),
            lines=(2, 5),
            max_chars=MAX_CHARS,
        )
        self._chips = QWidget()
        self._chips.setAccessibleName(tr("Styles"))
        self._row = QHBoxLayout(self._chips)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.field.widget)
        column.addWidget(self._chips)
        self._fill()

    @property
    def has_styles(self) -> bool:
        """Whether the weights have styles of their own: the starter's do."""
        return self._own_styles

    @property
    def style_name(self) -> str:
        """The style of the starter weights."""
        return self._style

    def set_style_name(self, style: str) -> None:
        """Choose a style of the starter weights; unknown ones are ignored."""
        if style in style_titles():
            self._style = style
            self._fill()

    def show_weights(self, weights: str) -> None:
        """Offer what these weights understand: styles of their own, or words."""
        fitting = self._ctx.weights.for_capability("text-to-image")
        chosen = weights or (fitting[0][0] if fitting else _STARTER)
        own = chosen.startswith(_STARTER)
        if own != self._own_styles:
            self._own_styles = own
            self._fill()

    def chips(self) -> Sequence[QPushButton]:
        """Return the chips in view."""
        return list(self._shown)

    def _fill(self) -> None:
        while self._row.count():
            self._row.takeAt(0)
        for chip in self._shown:
            chip.hide()
            chip.deleteLater()
        self._shown.clear()
        if self._own_styles:
            for name, title in style_titles().items():
                chip = self._chip(title, partial(self._choose, name))
                chip.setCheckable(True)
                chip.setAutoExclusive(True)
                chip.setChecked(name == self._style)
        else:
            for title, words in style_words():
                chip = self._chip(title, partial(self._add_words, words))
                chip.setToolTip(tr("Adds “{words}” to the prompt").format(words=words))
        self._row.addStretch(1)

    def _chip(self, title: str, run: object) -> QPushButton:
        chip: QPushButton = self._ctx.ui.button(title, dense=True)
        chip.setAccessibleName(tr("Style {title}").format(title=title))
        chip.clicked.connect(lambda _checked=False: run())  # type: ignore[operator]
        self._row.addWidget(chip)
        self._shown.append(chip)
        return chip

    def _choose(self, name: str) -> None:
        self._style = name

    def _add_words(self, words: str) -> None:
        text = self.field.text
        if words in text:
            self.field.set_text(text.replace(f", {words}", "").replace(words, "").strip(", "))
        else:
            self.field.set_text(f"{text}, {words}" if text else words)
        self.field.widget.setFocus()
