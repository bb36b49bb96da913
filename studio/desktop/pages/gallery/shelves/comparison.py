"""Two to four results side by side: pictures at one zoom, texts with their differences marked, the
others in their own viewers, and below them the parameters that differ."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QImageReader,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextCharFormat,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from studio.api.artifacts import Kind
from studio.api.window.language import tr
from studio.api.window.work_queue import outcome
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.pages.page_services import PageServices
from studio.desktop.viewers import artifact as viewers
from studio.desktop.widgets.sheet import Sheet
from studio.library import Artifact, Library, Record
from studio.protocol.errors import StudioError

_TEXTS = (Kind.TEXT, Kind.CODE, Kind.TABLE)
_MOST_WORDS = 4_000
"""Of longer texts the differences of this many words are marked."""
_HEIGHT = 320
Span = tuple[int, int]


@dataclass(frozen=True)
class Compared:
    """One of those that are compared, as it was read."""

    artifact: Artifact
    record: Record | None
    start: bytes
    picture: QImage


def compare(parts: PageServices, ids: Sequence[str], over: QWidget) -> None:
    """Show these side by side in a sheet over a window; they are read beside it."""
    library = parts.studio.library

    def show(items: list[Compared]) -> None:
        sheet = Sheet(parts.ui.look, over.window(), tr("Compare"), over.window().width() - 80)
        comparison = Comparison(parts, items)
        sheet.body.addWidget(comparison)
        sheet.closed.connect(sheet.deleteLater)
        sheet.show_sheet(comparison)

    parts.background.run(
        lambda: [_read(library, id) for id in ids],
        show,
        lambda error: parts.studio.notices.error(
            error if isinstance(error, StudioError) else str(error), key="gallery"
        ),
    )


class Comparison(QWidget):
    """The columns, and what differs.

    Attributes:
        views: What shows each, from left to right.
    """

    def __init__(self, parts: PageServices, items: Sequence[Compared]) -> None:
        super().__init__()
        look = parts.ui.look
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(12)
        self.views = _views(parts, items)
        for item, view in zip(items, self.views, strict=True):
            inner = QVBoxLayout()
            inner.addWidget(look.label(item.artifact.title or item.artifact.kind, "section"))
            inner.addWidget(view, 1)
            row.addLayout(inner, 1)
        column.addLayout(row, 1)
        rows = differing([item.record for item in items])
        if not any(item.record for item in items):
            return
        if not rows:
            column.addWidget(look.label(tr("They were made with the same parameters."), "mute"))
            return
        column.addWidget(look.label(tr("Parameters that differ"), "section"))
        grid = QGridLayout()
        for line, (name, values) in enumerate(rows):
            grid.addWidget(look.label(name.replace("_", " "), "small"), line, 0)
            for place, value in enumerate(values):
                label = look.label(value, wrap=True)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                grid.addWidget(label, line, place + 1)
                grid.setColumnStretch(place + 1, 1)
        column.addLayout(grid)


def differing(records: Sequence[Record | None]) -> list[tuple[str, list[str]]]:
    """Return (name, its value of each) of what recipes do not have in common."""
    facts = [_facts(record) for record in records]
    names = list(dict.fromkeys(name for recipe in facts for name in recipe))
    rows = [(name, [recipe.get(name, "–") for recipe in facts]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def differences(first: str, other: str) -> tuple[list[Span], list[Span]]:
    """Return the differing ranges of two texts as (start, end) in characters."""
    words = [list(re.finditer(r"\S+\s*", text))[:_MOST_WORDS] for text in (first, other)]
    matcher = difflib.SequenceMatcher(
        None, [w[0].strip() for w in words[0]], [w[0].strip() for w in words[1]], autojunk=False
    )
    spans: tuple[list[Span], list[Span]] = ([], [])
    for kind, *places in matcher.get_opcodes():
        if kind != "equal":
            for which, (start, end) in enumerate((places[:2], places[2:])):
                if start < end:
                    spans[which].append((words[which][start].start(), words[which][end - 1].end()))
    return spans


class Zoom(QObject):
    """How near all pictures of a comparison are, and where: one for all.

    Attributes:
        scale: 1 shows the whole picture.
        centre: What is in the middle, as a share of the picture.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.centre = 1.0, QPointF(0.5, 0.5)

    def show(self, scale: float, centre: QPointF) -> None:
        """Go nearer or farther, or elsewhere."""
        self.scale = min(max(scale, 1.0), 32.0)
        reach = 0.5 / self.scale
        x, y = (min(max(v, reach), 1 - reach) for v in (centre.x(), centre.y()))
        self.centre = QPointF(x, y)
        self.changed.emit()


class ZoomedPicture(QWidget):
    """A picture: the wheel goes nearer, dragging moves, a double click shows all of it."""

    def __init__(self, image: QImage, zoom: Zoom, title: str) -> None:
        super().__init__()
        self._image, self._zoom = image, zoom
        self._from: QPointF | None = None
        self.setMinimumHeight(_HEIGHT)
        self.setAccessibleName(title)
        zoom.changed.connect(self.update)

    def target(self) -> QRectF:
        """Return where the whole picture lies, beyond the widget too."""
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        wide, high = size.width() * self._zoom.scale, size.height() * self._zoom.scale
        centre = self._zoom.centre
        left = self.width() / 2 - centre.x() * wide
        return QRectF(left, self.height() / 2 - centre.y() * high, wide, high)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        near = self.target().width() > self._image.width() * 2
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not near)
        painter.drawImage(self.target(), self._image)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        factor = 1.2 ** (event.angleDelta().y() / 120)
        self._zoom.show(self._zoom.scale * factor, self._zoom.centre)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            moved, target = event.position() - self._from, self.target()
            self._from = event.position()
            centre = self._zoom.centre
            x, y = centre.x() - moved.x() / target.width(), centre.y() - moved.y() / target.height()
            self._zoom.show(self._zoom.scale, QPointF(x, y))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._zoom.show(1.0, QPointF(0.5, 0.5))


def _views(parts: PageServices, items: Sequence[Compared]) -> list[QWidget]:
    kinds = {item.artifact.kind for item in items}
    if kinds == {Kind.IMAGE} and not any(item.picture.isNull() for item in items):
        zoom = Zoom()
        return [ZoomedPicture(item.picture, zoom, item.artifact.title) for item in items]
    if kinds <= set(_TEXTS):
        texts = [item.start.decode("utf-8", errors="replace") for item in items]
        marks = [differences(texts[0], text) for text in texts[1:]]
        spans = [[span for first, _ in marks for span in first], *(other for _, other in marks)]
        return [
            marked(parts.ui.look, text, item, mono=Kind.TEXT not in kinds)
            for text, item in zip(texts, spans, strict=True)
        ]
    return [
        viewers.show(parts, item.artifact, item.start, item.record.plugin if item.record else "")
        for item in items
    ]


def marked(look: Appearance, text: str, spans: Sequence[Span], *, mono: bool) -> QPlainTextEdit:
    """Return a text that can be read and copied, with what differs marked."""
    shown = QPlainTextEdit(text)
    shown.setReadOnly(True)
    shown.setMinimumHeight(_HEIGHT)
    if mono:
        shown.setFont(look.fonts.mono(12))
    paper = look.theme.color("accent")
    paper.setAlpha(70)
    selections = []
    for start, end in spans:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(shown.document())
        cursor.setPosition(_units(text, start))
        cursor.setPosition(_units(text, end), QTextCursor.MoveMode.KeepAnchor)
        form = QTextCharFormat()
        form.setBackground(paper)
        selection.cursor, selection.format = cursor, form
        selections.append(selection)
    shown.setExtraSelections(selections)
    return shown


def _units(text: str, place: int) -> int:
    """Return a place as Qt counts it: in units of UTF-16."""
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def _read(library: Library, id: str) -> Compared:
    artifact = library.artifact(id)
    record = outcome(lambda: library.record(artifact.record)) if artifact.record else None
    path = library.payload_path(artifact)
    picture = QImage()
    if artifact.kind == Kind.IMAGE:
        reader = QImageReader(str(path))
        reader.setAutoTransform(True)
        picture = reader.read()
    readable = None if isinstance(record, StudioError) else record
    return Compared(artifact, readable, viewers.head(path), picture)


def _facts(record: Record | None) -> dict[str, str]:
    if record is None:
        return {}
    facts: dict[str, Any] = {"task": record.task, **record.params, "device": record.device}
    if record.seed is not None:
        facts["seed"] = record.seed
    facts["model"] = ", ".join(sorted(record.weights))
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in facts.items()
    }
    return {name: text if len(text) < 200 else text[:200] + "…" for name, text in texts.items()}
