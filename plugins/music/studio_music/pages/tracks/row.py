"""One track in the list: its colour and name, mute and solo, instrument, volume and pan."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.phrases import instrument_name
from studio_music.pages.tracks.instrument_menu import instrument_menu, offer_fonts
from studio_music.pages.tracks.slider import Slider
from studio_music.score.piece import Track


class TrackRow(QFrame):
    """A row.

    Signals:
        remove_asked: Its place among the tracks.
    """

    remove_asked = Signal(int)

    def __init__(self, ctx: PluginContext, document: Document, place: int) -> None:
        super().__init__()
        self._ctx, self._ui = ctx, ctx.ui
        self._document, self.place = document, place
        self._track = Track("")
        self._color = QColor()
        self._current = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.name = QLineEdit()
        ctx.ui.wear(self.name, Role.PLAIN)
        self.name.setMaxLength(80)
        self.name.setStyleSheet("min-height: 20px;")
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.name.setAccessibleName(tr("Name of the track"))
        self.mute = self._letter(tr("M"), tr("Mute"))
        self.solo = self._letter(tr("S"), tr("Solo: mute all other tracks"))
        self.instrument = ctx.ui.icon_button("chevron-down", tr("Instrument"))
        self.instrument.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.instrument.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        ctx.ui.wear(self.instrument, Role.TINY)
        self.instrument.setIconSize(QSize(12, 12))
        self.instrument.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.volume = Slider(100, tr("Volume"))
        self.pan = Slider(100, tr("Pan: left or right; double-click to centre"), -100)
        self.reverb = Slider(100, tr("Reverb: how much of the track is sent to the room"))
        self.compression = Slider(100, tr("Compressor: loud notes of the track are turned down"))
        self.away = ctx.ui.icon_button("trash-2", tr("Remove the track"))
        ctx.ui.wear(self.away, Role.TINY)
        self._sliders = (self.volume, self.pan, self.reverb, self.compression)
        self._lay_out()
        self._connect()

    def _letter(self, letter: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(letter)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setCheckable(True)
        self._ui.wear(button, Role.TINY)
        button.setFixedSize(22, 22)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(4)
        for part in (self.name, self.mute, self.solo):
            first.addWidget(part, 1 if part is self.name else 0)
        second.addWidget(self.instrument, 1)
        second.addWidget(self.volume)
        self._more = QWidget()
        more = QGridLayout(self._more)
        more.setContentsMargins(0, 0, 0, 0)
        more.setHorizontalSpacing(4)
        more.setVerticalSpacing(2)
        more.setColumnStretch(1, 1)
        more.addWidget(self.away, 0, 0, 3, 1, Qt.AlignmentFlag.AlignTop)
        right = Qt.AlignmentFlag.AlignRight
        for line, (words, slider) in enumerate(
            (
                (tr("Pan"), self.pan),
                (tr("Reverb"), self.reverb),
                (tr("Compressor"), self.compression),
            )
        ):
            more.addWidget(self._ui.label(words, Role.SMALL), line, 1, right)
            more.addWidget(slider, line, 2)
        for slider in self._sliders:
            slider.setFixedWidth(64)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 5, 6, 5)
        column.setSpacing(2)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self._more)

    def _connect(self) -> None:
        self.name.editingFinished.connect(self._rename)
        self.name.returnPressed.connect(self.setFocus)
        self.name.installEventFilter(self)
        self.mute.clicked.connect(lambda on: self._set(tr("Mute"), muted=on))
        self.solo.clicked.connect(lambda on: self._set(tr("Solo"), solo=on))
        self.volume.valueChanged.connect(
            lambda value: self._set(tr("Change the volume"), "volume", volume=value / 100)
        )
        self.pan.valueChanged.connect(
            lambda value: self._set(tr("Change the pan"), "pan", pan=value / 100)
        )
        self.reverb.valueChanged.connect(
            lambda value: self._set(tr("Change the reverb"), "reverb", reverb=value / 100)
        )
        self.compression.valueChanged.connect(
            lambda value: self._set(
                tr("Change the compression"), "compression", compression=value / 100
            )
        )
        self.instrument.clicked.connect(lambda _checked=False: self._ask_instrument())
        self.away.clicked.connect(lambda _checked=False: self.remove_asked.emit(self.place))

    # --- showing ------------------------------------------------------------------------------

    def show_track(self, track: Track, color: QColor) -> None:
        """Show a track."""
        if track == self._track and color == self._color:
            return
        if not self.name.hasFocus():
            self.name.setText(track.name)
            self.name.setCursorPosition(0)
        self._track, self._color = track, color
        name = instrument_name(track)
        self._elide()
        self.instrument.setToolTip(tr("Instrument: {name}").format(name=name))
        self.instrument.setAccessibleName(tr("Instrument: {name}").format(name=name))
        self.mute.setChecked(track.muted)
        self.solo.setChecked(track.solo)
        values = (track.volume, track.pan, track.reverb, track.compression)
        for slider, value in zip(self._sliders, values):
            slider.show_value(round(100 * value))
        self.volume.setToolTip(tr("Volume {percent}%").format(percent=round(100 * track.volume)))
        self.setAccessibleName(tr("Track {name}").format(name=track.name))
        self.update()

    def show_current(self, current: bool) -> None:
        """Show whether this is the track that is edited."""
        self._more.setVisible(current)
        if current != self._current:
            self._current = current
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room between instrument and volume."""
        super().resizeEvent(event)
        for slider in self._sliders:
            slider.setFixedWidth(64 if self.width() > 160 else 44)
        self._elide()

    def _elide(self) -> None:
        room = self.width() - self.volume.width() - 52
        words = self.instrument.fontMetrics().elidedText(
            instrument_name(self._track), Qt.TextElideMode.ElideRight, room
        )
        self.instrument.setText(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground and the stripe of its colour."""
        colors = self._ui.tokens.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colors["accent" if self.hasFocus() else "line"]))
        painter.setBrush(QColor(colors["raised" if self._current else "panel"]))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color)
        painter.drawRoundedRect(5, 7, 3, self.height() - 14, 1.5, 1.5)

    # --- changing -----------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Edit this track when its name is pressed, too: that takes the press for itself."""
        if event.type() == QEvent.Type.MouseButtonPress:
            self._document.choose_track(self.place)
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Edit this track."""
        self._document.choose_track(self.place)

    def keyPressEvent(self, event: object) -> None:
        """Return chooses; up and down go to the rows beside; Delete removes."""
        key = event.key()  # type: ignore[attr-defined]
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._document.choose_track(self.place)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._document.choose_track(self.place + (1 if key == Qt.Key.Key_Down else -1))
        elif key == Qt.Key.Key_Delete:
            self.remove_asked.emit(self.place)
        else:
            super().keyPressEvent(event)  # type: ignore[arg-type]

    def _set(self, words: str, merge: str = "", **changes: object) -> None:
        piece = edits.set_track(self._document.piece, self.place, **changes)
        self._document.apply_piece(words, piece, merge=f"{merge}-{self.place}" if merge else "")

    def _rename(self) -> None:
        name = self.name.text().strip()
        if name and name != self._track.name:
            self._set(tr("Rename a track"), name=name)
        self.name.setText(self._track.name)

    def _ask_instrument(self) -> None:
        self._document.choose_track(self.place)
        menu = instrument_menu(self._ui, self._track, self.set_instrument)
        offer_fonts(self._ctx, menu)
        menu.popup(self.instrument.mapToGlobal(self.instrument.rect().bottomLeft()))

    def set_instrument(self, program: int, drums: bool) -> None:
        """Let another instrument play this track."""
        self._set(tr("Change the instrument"), program=program, drums=drums)
