"""Plays MP4, WebM and their like in the window. QtMultimedia does it, an extra that may be missing.

Nothing of a file is decoded before somebody presses Play, and it is read as one stream of bytes: a
file that names others, or addresses, reaches none of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QFile, QIODevice, QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QVBoxLayout, QWidget

from studio.desktop.viewers.film_file import play_outside

if TYPE_CHECKING:
    from studio.desktop.appearance.appearance import Appearance

_LOUDEST = 100
_USUAL_FPS = 25.0
_EARLY = 1000
"""Milliseconds by which the pictures of a whole film may end before its sound."""
_TALLEST = 1.5
"""Height of the screen by its width: a film of a telephone is shown smaller."""


def multimedia() -> Any | None:
    """Return the module QtMultimedia; None where it, or a library it needs, is not installed."""
    try:
        from PySide6 import QtMultimedia
    except ImportError:
        return None
    return QtMultimedia


class VideoPlayer(QWidget):
    """The picture; Play or Pause, a slider for the time, frame by frame, again and again, volume.

    Signals:
        ended: The film is over and does not begin again.

    Attributes:
        player: A ``QMediaPlayer``; it has a source once Play was pressed.
    """

    ended = Signal()

    def __init__(
        self, look: Appearance, media: Any, path: Path, room: int, still: Path | None = None
    ) -> None:
        """``media``: see `multimedia`; ``room``: width in pixels; ``still``: shown until Play."""
        super().__init__()
        self._look, self._media, self._path = look, media, path
        self._file = QFile(str(path), self)
        self._last_picture = 0  # milliseconds from the beginning
        self.player = media.QMediaPlayer(self)
        self.picture = _Picture(
            media, room, QPixmap(str(still)) if still is not None else QPixmap()
        )
        self.picture.setAccessibleName(self.tr("Video"))
        self.player.setVideoSink(self.picture.sink)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.setMaximumWidth(room)
        column.addWidget(self.picture)
        column.addLayout(self._time_row())
        column.addLayout(self._tool_row())
        self.words = look.label("", "small", wrap=True)
        self.words.hide()
        column.addWidget(self.words)
        self.player.errorOccurred.connect(self._on_error)
        self.player.mediaStatusChanged.connect(self._on_status)
        self.player.playbackStateChanged.connect(self._on_state)
        self.player.durationChanged.connect(lambda length: self.slider.setRange(0, length))
        self.player.positionChanged.connect(self._on_position)
        self.picture.sink.videoFrameChanged.connect(self._on_picture)
        self._enable(False)

    def toggle(self) -> None:
        """Go on, or hold."""
        if self._runs():
            self.player.pause()
        else:
            self.begin()

    def begin(self) -> None:
        """Play; the first time the file is opened."""
        if not self._file.isOpen():
            if not self.player.isAvailable() or not self._file.open(
                QIODevice.OpenModeFlag.ReadOnly
            ):
                self._on_error()
                return
            self._find_sound()
            self.player.setSourceDevice(self._file, QUrl())
        self.player.play()

    def step(self, frames: int) -> None:
        """Hold, and show the picture so many frames further on; fewer than 0: back."""
        before = self.player.position()  # at the end, Pause goes back to the beginning
        self.player.pause()
        fps = self.player.metaData().value(self._media.QMediaMetaData.Key.VideoFrameRate)
        length = 1000 / (fps or _USUAL_FPS)
        at = round(before / length) + frames
        self.player.setPosition(max(0, min(round(at * length), self.player.duration())))

    def hideEvent(self, event: QHideEvent) -> None:
        """Hold: what nobody sees need not play."""
        if self._runs():
            self.player.pause()
        super().hideEvent(event)

    # --- building -----------------------------------------------------------------------------

    def _time_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.button = self._tool("play", self.tr("Play"))
        self.button.clicked.connect(self.toggle)
        row.addWidget(self.button)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Time"))
        self.slider.setRange(0, 0)
        self.slider.setPageStep(5000)
        self.slider.setSingleStep(1000)
        self.slider.valueChanged.connect(self._wind)
        row.addWidget(self.slider, 1)
        self.time = self._look.label("", "small")
        row.addWidget(self.time)
        return row

    def _tool_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.back = self._tool("chevron-left", self.tr("Previous frame"))
        self.back.clicked.connect(lambda: self.step(-1))
        self.on = self._tool("chevron-right", self.tr("Next frame"))
        self.on.clicked.connect(lambda: self.step(1))
        self.again = self._tool("repeat", self.tr("Repeat"))
        self.again.setCheckable(True)
        self.again.toggled.connect(self._repeat)
        outside = self._tool("external-link", self.tr("Play in another program"))
        outside.clicked.connect(self._play_outside)
        self.mute = self._tool("volume-2", self.tr("Mute"))
        self.mute.clicked.connect(lambda: self._set_muted(not self._sound.isMuted()))
        self.volume = QSlider(Qt.Orientation.Horizontal)
        self.volume.setAccessibleName(self.tr("Volume"))
        self.volume.setRange(0, _LOUDEST)
        self.volume.setValue(_LOUDEST)
        self.volume.setFixedWidth(72)
        self.volume.valueChanged.connect(self._set_volume)
        for widget in (self.back, self.on, self.again, outside):
            row.addWidget(widget)
        row.addStretch()
        row.addWidget(self.mute)
        row.addWidget(self.volume)
        self._sound: Any = None
        return row

    def _tool(self, icon: str, tip: str) -> QToolButton:
        return self._look.icon_button(icon, tip)

    def _enable(self, on: bool) -> None:
        for widget in (self.slider, self.back, self.on):
            widget.setEnabled(on)
        has_audio = on and self._sound is not None and self.player.hasAudio()
        self.mute.setEnabled(has_audio)
        self.volume.setVisible(has_audio)
        if on and not has_audio:
            self.mute.setIcon(self._look.icons.icon("volume-x", "mute"))
            why = (
                self.tr("This video has no sound.")
                if not self.player.hasAudio()
                else self.tr("This computer has no sound device.")
            )
            self.mute.setToolTip(why)

    def _find_sound(self) -> None:
        """Give the film a loudspeaker, if this computer has one."""
        if self._media.QMediaDevices.defaultAudioOutput().isNull():
            return
        self._sound = self._media.QAudioOutput(self)
        self._set_volume(self.volume.value())
        self.player.setAudioOutput(self._sound)

    # --- what happens -------------------------------------------------------------------------

    def _runs(self) -> bool:
        state: bool = (
            self.player.playbackState() == self._media.QMediaPlayer.PlaybackState.PlayingState
        )
        return state

    def _wind(self, to: int) -> None:
        if to != self.player.position():
            self.player.setPosition(to)

    def _repeat(self, on: bool) -> None:
        loops = self._media.QMediaPlayer.Loops
        self.player.setLoops((loops.Infinite if on else loops.Once).value)

    def _set_volume(self, volume: int) -> None:
        if self._sound is not None:
            scale = self._media.QtAudio.VolumeScale
            linear = self._media.QtAudio.convertVolume(
                volume / _LOUDEST, scale.LogarithmicVolumeScale, scale.LinearVolumeScale
            )
            self._sound.setVolume(linear)

    def _set_muted(self, muted: bool) -> None:
        self._sound.setMuted(muted)
        self.mute.setIcon(self._look.icons.icon("volume-x" if muted else "volume-2", "mute"))
        self.mute.setToolTip(self.tr("Sound on") if muted else self.tr("Mute"))
        self.mute.setAccessibleName(self.mute.toolTip())

    def _on_position(self, at: int) -> None:
        self.slider.blockSignals(True)
        if not self.slider.isSliderDown():
            self.slider.setValue(at)
        self.slider.blockSignals(False)
        self.time.setText(f"{_clock(at)} / {_clock(self.player.duration())}")

    def _on_picture(self, picture: Any) -> None:
        if picture.isValid():
            self._last_picture = picture.startTime() // 1000

    def _on_state(self) -> None:
        runs = self._runs()
        self.button.setIcon(self._look.icons.icon("pause" if runs else "play", "mute"))
        self.button.setToolTip(self.tr("Pause") if runs else self.tr("Play"))
        self.button.setAccessibleName(self.button.toolTip())

    def _on_status(self, status: Any) -> None:
        statuses = self._media.QMediaPlayer.MediaStatus
        if status == statuses.LoadedMedia:
            self._enable(True)
            if not self.player.hasVideo():
                self._on_error()
        elif status == statuses.EndOfMedia:
            if self._last_picture + _EARLY < self.player.duration():
                self._say(
                    self.tr("The pictures end at {time}: the file may be cut off.").format(
                        time=_clock(self._last_picture)
                    )
                )
            self.ended.emit()

    def _on_error(self, *_: object) -> None:
        self.player.stop()
        controls = (self.button, self.slider, self.time, self.back, self.on, self.again)
        for widget in (*controls, self.mute, self.volume):
            widget.hide()
        self.picture.setVisible(self.picture.has_picture())
        self._say(
            self.tr(
                "This video cannot be played: the file is damaged, or its format is not supported."
            )
        )

    def _play_outside(self) -> None:
        self.player.pause()
        if not play_outside(self._path):
            words = self.tr("No program on this computer opens {suffix} files. Export the video.")
            self._say(words.format(suffix=self._path.suffix))

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.show()


class _Picture(QWidget):
    """The picture of the moment, and until there is one the still that came along."""

    def __init__(self, media: Any, room: int, still: QPixmap) -> None:
        super().__init__()
        self._media, self._room, self._still = media, room, still
        self._shape = QSize()
        self._picture: Any = None
        self.sink = media.QVideoSink(self)
        self.sink.videoFrameChanged.connect(self._on_picture)
        self._take_shape(still.size() if not still.isNull() else QSize(16, 9))

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw it as large as fits."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._picture is not None:
            options = self._media.QVideoFrame.PaintOptions()
            self._picture.paint(painter, QRectF(self.rect()), options)
        elif not self._still.isNull():
            painter.drawPixmap(self.rect(), self._still)
        else:
            painter.fillRect(self.rect(), Qt.GlobalColor.black)
        painter.end()

    def has_picture(self) -> bool:
        """Return whether there is anything to see."""
        return self._picture is not None or not self._still.isNull()

    def _on_picture(self, picture: Any) -> None:
        if picture.isValid():  # at the end comes one that is not: the last one stays
            self._picture = picture
            self._take_shape(picture.surfaceFormat().viewport().size())
            self.update()

    def _take_shape(self, shape: QSize) -> None:
        if shape == self._shape or shape.isEmpty():
            return
        self._shape = shape
        most = QSize(self._room, round(self._room * _TALLEST))
        self.setFixedSize(shape.scaled(most, Qt.AspectRatioMode.KeepAspectRatio))


def _clock(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"
