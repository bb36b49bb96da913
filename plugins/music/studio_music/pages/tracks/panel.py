"""The tracks at the left: choose, name, instrument, volume, pan, mute, solo; add and remove."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role, Tokens
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.roll.colours import Colours
from studio_music.pages.tracks.instrument_menu import instrument_menu, offer_fonts
from studio_music.pages.tracks.row import TrackRow
from studio_music.pages.tracks.slider import Slider
from studio_music.score.piece import MAX_TRACKS, ROOM_RANGE, Track
from studio_music.score.theory.instruments import PROGRAMS

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


WIDTH = 188


class TracksPanel(QFrame):
    """One row a track."""

    def __init__(self, ctx: PluginContext, document: Document) -> None:
        super().__init__()
        self._ctx, self._document = ctx, document
        self._shades = Colours(ctx.ui.tokens)
        self.rows: list[TrackRow] = []
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(tr("Tracks"))
        head = QHBoxLayout()
        title = ctx.ui.label(tr("Tracks"), Role.SECTION)
        head.addWidget(title, 1)
        self.add = ctx.ui.icon_button("plus", tr("Add a track"))
        self.add.clicked.connect(lambda _checked=False: self._ask_new())
        head.addWidget(self.add)
        self._inner = QWidget()
        self._list = QVBoxLayout(self._inner)
        self._list.setContentsMargins(0, 0, 6, 0)
        self._list.setSpacing(4)
        self._list.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._inner)
        self._area = area
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(area, 1)
        self.mix = MixPanel(ctx, document)
        column.addWidget(self.mix)
        document.changed.connect(self._show)
        document.picked.connect(self._show_current)
        self._show()

    def show_theme(self, tokens: Tokens) -> None:
        """Take the colours of a theme."""
        self._shades = Colours(tokens)
        self._show()

    def _show(self) -> None:
        tracks = self._document.piece.tracks
        while len(self.rows) > len(tracks):
            row = self.rows.pop()
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(tracks):
            row = TrackRow(self._ctx, self._document, len(self.rows))
            row.remove_asked.connect(self.remove)
            self._list.insertWidget(len(self.rows), row)
            row.show()  # at once, and not when the loop comes round
            self.rows.append(row)
        for place, (row, track) in enumerate(zip(self.rows, tracks)):
            row.show_track(track, self._shades.track(place))
        self.add.setEnabled(bool(tracks) and len(tracks) < MAX_TRACKS)
        self._show_current()

    def _show_current(self) -> None:
        for row in self.rows:
            row.show_current(row.place == self._document.current)

    def _ask_new(self) -> None:
        menu = instrument_menu(self._ctx.ui, None, self.add_track)
        offer_fonts(self._ctx, menu)
        menu.popup(self.add.mapToGlobal(self.add.rect().bottomLeft()))

    def add_track(self, program: int, drums: bool) -> None:
        """Add a track with an instrument and go on with it."""
        document = self._document
        name = tr("Drums") if drums else PROGRAMS[program]
        track = Track(name, program=program, drums=drums)
        piece = edits.add_track(document.piece, track)
        document.apply_piece(tr("Add a track"), piece, track=len(piece.tracks) - 1)

    def remove(self, place: int) -> None:
        """Take a track out; that can be undone."""
        document = self._document
        piece = edits.remove_track(document.piece, place)
        current = document.current - (document.current >= place and document.current > 0)
        document.apply_piece(tr("Remove a track"), piece, track=current)
