"""What all tracks go through: how long the room sounds, and how far loud notes are turned down."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel

from studio.api import PluginContext, Role
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.tracks.slider import Slider
from studio_music.score.piece import ROOM_RANGE

_TENTHS = 10


class MixPanel(QFrame):
    """The sliders of the sum.

    Attributes:
        room: Tenths of a second.
        compression: Per cent.
    """

    def __init__(self, ctx: PluginContext, document: Document) -> None:
        super().__init__()
        self._document = document
        low, high = (round(_TENTHS * seconds) for seconds in ROOM_RANGE)
        self.room = Slider(high, tr("Reverb time: how long the room sounds on"), low)
        self.compression = Slider(100, tr("Compressor: loud notes are turned down"))
        self._values = [ctx.ui.label("", Role.SMALL) for _ in range(2)]
        grid = QGridLayout(self)
        grid.setContentsMargins(14, 4, 6, 4)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        words = (tr("Room"), tr("Compressor"))
        for line, (word, slider) in enumerate(zip(words, (self.room, self.compression))):
            value = self._values[line]
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            value.setMinimumWidth(value.fontMetrics().horizontalAdvance("100%"))
            grid.addWidget(ctx.ui.label(word, Role.SMALL), line, 0)
            grid.addWidget(slider, line, 1)
            grid.addWidget(value, line, 2)
        self.room.valueChanged.connect(
            lambda value: self._set(tr("Change the room"), "room", room=value / _TENTHS)
        )
        self.compression.valueChanged.connect(
            lambda value: self._set(
                tr("Change the compression"), "compression", compression=value / 100
            )
        )
        document.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        mix = self._document.piece.mix
        self.setVisible(not self._document.empty)
        self.room.show_value(round(_TENTHS * mix.room))
        self.compression.show_value(round(100 * mix.compression))
        texts = (
            tr("{seconds} s").format(seconds=localised(f"{mix.room:.1f}")),
            tr("{percent}%").format(percent=round(100 * mix.compression)),
        )
        for label, text in zip(self._values, texts):
            if isinstance(label, QLabel):
                label.setText(text)

    def _set(self, words: str, merge: str, **changes: float) -> None:
        document = self._document
        mix = replace(document.piece.mix, **changes)
        document.apply_piece(words, replace(document.piece, mix=mix), merge=f"mix-{merge}")
