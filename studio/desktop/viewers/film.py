"""Plays an animation of the library: GIF and WebP, which Qt reads itself.

Other videos are played where the extra is installed that decodes them (`video_player.py`). Where it
is not, the picture that came along is shown, and a button that opens them in another program.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImageReader, QMovie, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.viewers.film_file import is_film, play_outside
from studio.desktop.viewers.video_player import VideoPlayer, multimedia

_KEPT_BYTES = 128 << 20
"""So much memory the frames of one animation may take; one that takes more is not wound."""

_EXTRA = "pip install 'offline-studio[video]'"


def film_viewer(
    look: Appearance, path: Path, room: int, still: Path | None = None
) -> FilmView | VideoPlayer:
    """Return what plays a video, or says who could. Parameters as those of `FilmView`."""
    if is_film(path) and (media := multimedia()) is not None:
        return VideoPlayer(look, media, path, room, still)
    return FilmView(look, path, room, still)


class FilmView(QWidget):
    """The frames, Play or Pause, and a slider where any frame can be had.

    Attributes:
        movie: What plays; None for a format that Qt does not read.
    """

    def __init__(self, look: Appearance, path: Path, room: int, still: Path | None = None) -> None:
        """``room``: its width, in pixels; ``still``: a picture of a film that cannot be played."""
        super().__init__()
        self._look, self._path = look, path
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self._screen = QLabel()
        self._screen.setAccessibleName(self.tr("Video"))
        column.addWidget(self._screen)
        self.movie = _movie(path, room)
        if self.movie is None:
            self._show_still(column, still, room)
            return
        self.movie.setParent(self)
        self._screen.setMovie(self.movie)
        foot = QHBoxLayout()
        self.button = look.icon_button("play", self.tr("Play"))
        self.button.clicked.connect(self.toggle)
        foot.addWidget(self.button)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Frame"))
        self.slider.setRange(0, max(self.movie.frameCount() - 1, 0))
        can_wind = self.movie.cacheMode() is QMovie.CacheMode.CacheAll
        if not can_wind or self.movie.frameCount() <= 1:
            self.slider.hide()
        self.slider.sliderMoved.connect(self._wind)
        foot.addWidget(self.slider, 1)
        self._figures = look.label("", "small")
        foot.addWidget(self._figures)
        if not self.slider.isVisibleTo(self):
            foot.addStretch()
        column.addLayout(foot)
        self.movie.frameChanged.connect(self._on_frame)
        self.movie.stateChanged.connect(self._on_state)
        self.movie.jumpToFrame(0)
        if not look.theme.reduced_motion:
            self.movie.start()

    def toggle(self) -> None:
        """Go on, or hold."""
        assert self.movie is not None
        if self.movie.state() is QMovie.MovieState.Running:
            self.movie.setPaused(True)
        elif self.movie.state() is QMovie.MovieState.Paused:
            self.movie.setPaused(False)
        else:
            self.movie.start()

    def _wind(self, frame: int) -> None:
        assert self.movie is not None
        if self.movie.state() is QMovie.MovieState.Running:
            self.movie.setPaused(True)
        while self.movie.currentFrameNumber() != frame and self.movie.jumpToFrame(frame):
            pass

    def _on_frame(self, frame: int) -> None:
        assert self.movie is not None
        if not self.slider.isSliderDown():
            self.slider.setValue(frame)
        count = self.movie.frameCount()
        self._figures.setText(f"{frame + 1} / {count}" if count > 0 else f"{frame + 1}")

    def _on_state(self, state: QMovie.MovieState) -> None:
        runs = state is QMovie.MovieState.Running
        self.button.setIcon(self._look.icons.icon("pause" if runs else "play", "mute"))
        self.button.setToolTip(self.tr("Pause") if runs else self.tr("Play"))
        self.button.setAccessibleName(self.button.toolTip())

    def _show_still(self, column: QVBoxLayout, still: Path | None, room: int) -> None:
        picture = QPixmap(str(still)) if still is not None else QPixmap()
        self._screen.setVisible(not picture.isNull())
        if not picture.isNull():
            how = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._screen.setPixmap(picture.scaled(room, room, *how))
        film = is_film(self._path)
        words = (
            self.tr(
                "The studio itself plays GIF and WebP animations. To play this video here, install "
                "the extra for videos: {command}"
            ).format(command=_EXTRA)
            if film
            else self.tr("This file is not a video in a format that the studio knows.")
        )
        self._words = self._look.label(words, "small", wrap=True)
        column.addWidget(self._words)
        if film:
            play = self._look.button(self.tr("Play in another program"), "external-link")
            play.clicked.connect(self._play_outside)
            column.addWidget(play, 0, Qt.AlignmentFlag.AlignLeft)

    def _play_outside(self) -> None:
        if not play_outside(self._path):
            words = self.tr("No program on this computer opens {suffix} files. Export the video.")
            self._words.setText(words.format(suffix=self._path.suffix))


def _movie(path: Path, room: int) -> QMovie | None:
    """Return what plays a file at the width ``room``, or as it is if that is less."""
    reader = QImageReader(str(path))
    size, count = reader.size(), max(reader.imageCount(), 1)
    if not reader.supportsAnimation() or not size.isValid():
        return None
    movie = QMovie(str(path))
    if not movie.isValid():
        return None
    shown = size.scaled(QSize(room, room), Qt.AspectRatioMode.KeepAspectRatio)
    if size.width() > shown.width():
        movie.setScaledSize(shown)
    small = min(size.width() * size.height(), shown.width() * shown.height())
    if small * 4 * count <= _KEPT_BYTES:
        movie.setCacheMode(QMovie.CacheMode.CacheAll)
    return movie
