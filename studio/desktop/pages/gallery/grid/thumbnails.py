"""The small pictures of the cards: each drawn or read beside the window, whole, once."""

from __future__ import annotations

import csv
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFont, QImage, QImageReader, QPainter, QPen

from studio.api.artifacts import Kind
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.main_thread.bridge import Background
from studio.desktop.plot import files
from studio.desktop.plot.painter import Dress
from studio.desktop.plot.view import dress_of
from studio.desktop.viewers.artifact import Draw
from studio.library import Artifact, Library
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import open_regular

ROOM = QSize(200, 142)
"""What a picture has, before the card is stretched."""
MOST = 240
"""Pictures, of half a megabyte at most: more than the largest screen has room for."""
_HEAD = 4_000
_DRAWN = (Kind.IMAGE, Kind.PLOT, Kind.VIDEO, Kind.CODE, Kind.TABLE)
"""Kinds that the studio draws itself, where no picture came along."""
AT_LEFT = (Kind.CODE, Kind.TABLE)
"""Kinds of lines that begin at the left."""


class Thumbnails:
    """Pictures by artifact.

    Args:
        ready: Called with the id of an artifact whose picture is there now.
        drawers: Returns kind → what draws it, for kinds of plugins.
        kept: How many pictures are kept, at least as many as are in view.
    """

    def __init__(
        self,
        look: Appearance,
        library: Library,
        background: Background,
        ready: Callable[[str], None],
        drawers: Callable[[], Mapping[str, Draw]] = dict,
        kept: int = MOST,
    ) -> None:
        self.kept = kept
        self._look, self._library, self._background, self._ready = look, library, background, ready
        self._pictures: OrderedDict[str, QImage | None] = OrderedDict()
        self._wanted: OrderedDict[str, Artifact] = OrderedDict()
        self._busy = False
        self._asked: set[str] = set()
        """Ids of what plugins are drawing."""
        self._drawers = drawers
        self._known_drawers: Mapping[str, Draw] | None = None

    def of(self, artifact: Artifact) -> QImage | None:
        """Return the picture if it is there; else have it made, the last asked for first."""
        if not self._can_draw(artifact):
            return None
        if artifact.id in self._pictures:
            self._pictures.move_to_end(artifact.id)
            return self._pictures[artifact.id]
        if artifact.id in self._asked:
            return None
        self._wanted[artifact.id] = artifact
        self._wanted.move_to_end(artifact.id)
        while len(self._wanted) > 80:  # out of view again
            self._wanted.popitem(last=False)
        self._next()
        return None

    def is_known(self, artifact: Artifact) -> bool:
        """Whether it is settled what there is to show."""
        if artifact.id in self._pictures:
            return True
        return not (artifact.preview or artifact.kind in _DRAWN)  # words, until a plugin has drawn

    def _can_draw(self, artifact: Artifact) -> bool:
        if self._known_drawers is None:
            self._known_drawers = self._drawers()
        drawn = artifact.kind in _DRAWN or artifact.kind in self._known_drawers
        return bool(artifact.preview) or drawn

    def forget_themed(self) -> None:
        """Draw anew what wears the colours of the theme."""
        self._pictures.clear()

    def _next(self) -> None:
        if self._busy or not self._wanted:
            return
        self._busy = True
        id, artifact = self._wanted.popitem()
        by_plugin = (self._known_drawers or {}).get(artifact.kind)
        if by_plugin is not None and not (artifact.preview or artifact.kind in _DRAWN):
            self._asked.add(id)
            # Not while a card is painted, and nothing waits for it: it may never come.
            QTimer.singleShot(0, lambda: by_plugin(artifact, lambda image: self._given(id, image)))
            QTimer.singleShot(0, self._go_on)
            return
        draw = self._drawing(artifact)
        self._background.run(
            draw, lambda image: self._got(id, image), lambda _: self._got(id, None)
        )

    def _go_on(self) -> None:
        self._busy = False
        self._next()

    def _given(self, id: str, image: object) -> None:
        self._asked.discard(id)
        self._keep(id, image if isinstance(image, QImage) else None)

    def _got(self, id: str, image: QImage | None) -> None:
        self._keep(id, image)
        self._go_on()

    def _keep(self, id: str, image: QImage | None) -> None:
        self._pictures[id] = None if image is None or image.isNull() else image
        while len(self._pictures) > self.kept:
            self._pictures.popitem(last=False)
        self._ready(id)

    def _drawing(self, artifact: Artifact) -> Callable[[], QImage]:
        """Return what draws an artifact, beside the window; colours are taken now."""
        library, look = self._library, self._look
        if artifact.preview:
            return lambda: _read(library.preview_path(artifact) or library.payload_path(artifact))
        path = library.payload_path(artifact)
        if artifact.kind == Kind.PLOT:
            dress = dress_of(look, 0.8)
            return lambda: _plot(path, dress)
        if artifact.kind in (Kind.CODE, Kind.TABLE):
            sheet = Sheet(look)
            draw = sheet.code if artifact.kind == Kind.CODE else sheet.table
            return lambda: draw(_start(path))
        return lambda: _read(path)


class Sheet:
    """Draws texts that have a form, small. Made on the window's thread, used beside it."""

    def __init__(self, look: Appearance) -> None:
        color = look.theme.color
        self._ink, self._mute, self._line = color("text"), color("mute"), color("line")
        self._mono: QFont = look.fonts.mono(10)
        self._body: QFont = look.fonts.body(10.5)

    def code(self, text: str) -> QImage:
        """Return the first lines, each as far as there is room."""
        image, painter = self._begin()
        painter.setFont(self._mono)
        height = painter.fontMetrics().height()
        lines = [line.expandtabs(4) for line in text.splitlines() if line.strip()]
        for number, line in enumerate(lines[: (ROOM.height() - 16) // height]):
            painter.setPen(
                self._mute if line.lstrip().startswith(("#", "//", '"""')) else self._ink
            )
            painter.drawText(10, 8 + painter.fontMetrics().ascent() + number * height, line[:80])
        painter.end()
        return image

    def table(self, text: str) -> QImage:
        """Return the first cells under their heads."""
        image, painter = self._begin()
        painter.setFont(self._body)
        rows = list(csv.reader(text.splitlines()[:8], dialect=_dialect(text)))
        columns = min(max((len(row) for row in rows), default=1), 4)
        wide, high = (ROOM.width() - 16) / columns, 19.0
        for number, row in enumerate(rows[: int((ROOM.height() - 12) // high)]):
            top = 7 + number * high
            painter.setPen(self._mute if number == 0 else self._ink)
            for column, cell in enumerate(row[:columns]):
                place = QRectF(8 + column * wide, top, wide - 6, high)
                cell_text = painter.fontMetrics().elidedText(
                    cell, Qt.TextElideMode.ElideRight, int(place.width())
                )
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, cell_text)
            painter.setPen(QPen(self._line, 1))
            painter.drawLine(8, int(top + high), ROOM.width() - 8, int(top + high))
        painter.end()
        return image

    def _begin(self) -> tuple[QImage, QPainter]:
        image = QImage(ROOM * 2, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(2)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        return image, painter


def _dialect(text: str) -> type[csv.Dialect]:
    head = text.partition("\n")[0]

    class Dialect(csv.excel):
        delimiter = max("\t;,", key=head.count)

    return Dialect


def _start(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return file.read(_HEAD).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _plot(path: Path, dress: Dress) -> QImage:
    """Return a small plot; none of one that cannot be drawn: its page says why."""
    with suppress(StudioError):
        return files.picture(files.read(path), dress, ROOM, 8)
    return QImage()


def _read(path: Path) -> QImage:
    """Return a small picture; it is made small while it is read, where its format can do that."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size, wanted = reader.size(), ROOM * 2
    if size.isValid() and (size.width() > wanted.width() or size.height() > wanted.height()):
        reader.setScaledSize(size.scaled(wanted, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()
