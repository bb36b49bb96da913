"""How tense a piece is from its start to its end: drawn point by point, or taken from a menu.

It stands for the parameters ``arc`` and ``curve`` of *Compose*; runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.api import BadInput, Ui
from studio.api.window.language import tr
from studio_music.compose.prompt.form import Section, sections_of
from studio_music.compose.prompt.tension import ARCS, MOST_POINTS, Curve, drawn
from studio_music.schema import Compose

_HIGH, _STRIP = 96, 16
"""Of the curve, and of the names of sections below it."""
_MARGIN, _NEAR, _DOT = 8.0, 11.0, 3.6
_FEWEST: Final = 2
_EVEN: Final[Curve] = (0.5,) * 5
"""What a person draws from where nothing is chosen."""
_STEP, _LEAP = 0.01, 0.1
_NONE: Final = "none"


def arc_names() -> dict[str, str]:
    """Return what each arc is called, "none" first."""
    return {
        _NONE: tr("None"),
        "rise": tr("Rise"),
        "fall": tr("Fall"),
        "arch": tr("Arch"),
        "battle": tr("Battle"),
        "relief": tr("Relief"),
        "waves": tr("Waves"),
    }


def sections_in(values: Mapping[str, Any]) -> tuple[Section, ...]:
    """Return the sections that are set in the form of *Compose*; () for none, or for bad ones."""
    bars = values.get("bars")
    is_open = bars == Compose().bars and not values.get("seconds")
    try:
        return sections_of(str(values.get("form") or ""), None if is_open else bars)
    except BadInput:
        return ()  # the task says what is wrong with them


class CurveCanvas(QWidget):
    """The curve itself. Its points lie at equal distances; each has a height.

    Attributes:
        points: Heights, 0 (at rest) … 1 (at its height).
        chosen: The point that the keys move.
        sections: Whose names stand below.

    Signals:
        changed: The user changed ``points``.
    """

    changed = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self.points: Curve = _EVEN
        self.chosen = 0
        self.sections: Sequence[Section] = ()
        self.is_set = False
        self._grip: float | None = None
        """How far above its point the mouse took hold of it."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Tension curve: arrow keys choose a point and move it"))
        self.setToolTip(tr("Drag a point. Double-click adds or removes one."))
        end_theme = ui.on_theme(lambda _tokens: self.update())
        self.destroyed.connect(lambda: end_theme())

    def sizeHint(self) -> QSize:
        """Return its size, with room for the names of sections if there are any."""
        return QSize(220, _HIGH + (_STRIP if self.sections else 0))

    def show_points(self, points: Sequence[float], *, is_set: bool) -> None:
        """Show other heights; those that count for nothing yet (not ``is_set``) are pale."""
        self.points, self.is_set = tuple(points), is_set
        self.chosen = min(self.chosen, len(self.points) - 1)
        self._speak()

    def show_sections(self, sections: Sequence[Section]) -> None:
        """Show the names of sections, each below its part."""
        self.sections = sections
        self.updateGeometry()
        self.update()

    def place(self, number: int) -> QPointF:
        """Return where a point is."""
        area = self._area
        share = number / (len(self.points) - 1)
        return QPointF(
            area.left() + share * area.width(),
            area.bottom() - self.points[number] * area.height(),
        )

    @property
    def _area(self) -> QRectF:
        return QRectF(0, 0, self.width(), _HIGH).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)

    def _speak(self) -> None:
        words = tr("Point {number} of {count}: {percent}%").format(
            number=self.chosen + 1,
            count=len(self.points),
            percent=round(100 * self.points[self.chosen]),
        )
        self.setAccessibleDescription(words)
        self.update()

    # --- changing it --------------------------------------------------------------------------

    def _set(self, points: Curve) -> None:
        if points != self.points or not self.is_set:
            self.show_points(points, is_set=True)
            self.changed.emit()

    def _move(self, height: float) -> None:
        """Give the chosen point a height."""
        points = list(self.points)
        points[self.chosen] = round(min(1.0, max(0.0, height)), 2)
        self._set(tuple(points))

    def _insert(self, number: int, height: float) -> None:
        """Add a point before another; the others keep their heights, and make room."""
        if len(self.points) < MOST_POINTS:
            self.chosen = number
            height = round(min(1.0, max(0.0, height)), 2)
            self._set((*self.points[:number], height, *self.points[number:]))

    def _remove(self, number: int) -> None:
        if len(self.points) > _FEWEST:
            self.chosen = max(0, number - 1)
            self._set(self.points[:number] + self.points[number + 1 :])

    def _height(self, y: float) -> float:
        return (self._area.bottom() - y) / self._area.height()

    def _near(self, at: QPointF) -> int | None:
        """Return the point at a place of the widget."""
        near = min(range(len(self.points)), key=lambda n: _far(self.place(n), at))
        return near if _far(self.place(near), at) <= _NEAR else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a point."""
        near = self._near(event.position())
        if event.button() is Qt.MouseButton.LeftButton and near is not None:
            self.chosen = near
            self._grip = self._height(event.position().y()) - self.points[near]
            self._speak()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move it up and down."""
        if self._grip is not None:
            self._move(self._height(event.position().y()) - self._grip)
            return
        near = self._near(event.position())
        self.setCursor(Qt.CursorShape.ArrowCursor if near is None else Qt.CursorShape.SizeVerCursor)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let it go."""
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Remove a point, or add one where there is none."""
        self._grip = None
        at, area = event.position(), self._area
        near = self._near(at)
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if near is not None:
            self._remove(near)
        elif at.y() <= _HIGH:
            spans = len(self.points) - 1
            before = int((at.x() - area.left()) / area.width() * spans)
            self._insert(1 + min(max(before, 0), spans - 1), self._height(at.y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right choose a point, up and down move it; Insert and Delete too."""
        key, last = Qt.Key, len(self.points) - 1
        far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        by = _LEAP if far else _STEP
        goals = {
            key.Key_Left: max(0, self.chosen - 1),
            key.Key_Right: min(last, self.chosen + 1),
            key.Key_Home: 0,
            key.Key_End: last,
        }
        pressed = key(event.key())
        if pressed in goals:
            self.chosen = goals[pressed]
            self._speak()
        elif pressed in (key.Key_Up, key.Key_Down):
            self._move(self.points[self.chosen] + (by if pressed is key.Key_Up else -by))
        elif pressed in (key.Key_Insert, key.Key_Plus):
            after = min(self.chosen, last - 1)
            self._insert(after + 1, (self.points[after] + self.points[after + 1]) / 2)
        elif pressed in (key.Key_Delete, key.Key_Backspace, key.Key_Minus):
            self._remove(self.chosen)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show which point the keys move."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that no more."""
        super().focusOutEvent(event)
        self.update()

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the sections, the curve and its points."""
        colours = {name: QColor(value) for name, value in self._ui.tokens.colors.items()}
        box = QRectF(0.5, 0.5, self.width() - 1, _HIGH - 1)
        edge, width = ("focus", 2) if self.hasFocus() else ("line", 1)
        self._ui.paint_box(self, event.rect(), box, 6, "bg", edge, width)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_sections(painter, colours)
        line = [self.place(number) for number in range(len(self.points))]
        if self.is_set:
            below = QColor(colours["accent"])
            below.setAlpha(36)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(below)
            foot = self._area.bottom()
            ends = [QPointF(line[-1].x(), foot), QPointF(line[0].x(), foot)]
            painter.drawPolygon(QPolygonF([*line, *ends]))
        colour = colours["accent" if self.is_set else "mute"]
        dashes = Qt.PenStyle.SolidLine if self.is_set else Qt.PenStyle.DashLine
        painter.setPen(QPen(colour, 1.6, dashes))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(line))
        for number, at in enumerate(line):
            shown = self.hasFocus() and number == self.chosen
            painter.setPen(QPen(colours["text"] if shown else colour, 1.6))
            painter.setBrush(colour if self.is_set and not shown else colours["bg"])
            painter.drawEllipse(at, _DOT + shown, _DOT + shown)
        painter.end()

    def _draw_sections(self, painter: QPainter, colours: Mapping[str, QColor]) -> None:
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        metrics, area = painter.fontMetrics(), self._area
        total, done = sum(section.bars for section in self.sections), 0
        for section in self.sections:
            left = area.left() + done / total * area.width()
            done += section.bars
            right = area.left() + done / total * area.width()
            if done < total:
                x = round(right) + 0.5
                painter.setPen(QPen(colours["line"], 1))
                painter.drawLine(QPointF(x, 1), QPointF(x, _HIGH - 1))
            # the outer ones may use the margin
            left = 0.0 if left == area.left() else left
            right = float(self.width()) if done == total else right
            mode = Qt.TextElideMode.ElideRight
            name = metrics.elidedText(section_name(section), mode, int(right - left))
            painter.setPen(colours["mute"])
            box = QRectF(left, _HIGH, right - left, _STRIP)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)


class TensionCurve(QWidget):
    """The curve under its heading, with a menu of ready ones.

    Attributes:
        canvas: Where it is drawn.
        presets: Opens the menu; says what is chosen.
    """

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._arc = _NONE
        """What was chosen from the menu; what is drawn takes precedence."""
        self._drawn = False
        self.canvas = CurveCanvas(ui)
        self.canvas.changed.connect(self._on_drawn)
        self.presets: QPushButton = ui.button("", "chevron-down", dense=True)
        self.presets.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow comes last
        self.presets.setToolTip(tr("Ready curves"))
        self.presets.clicked.connect(lambda _checked=False: self._show_menu())
        title = ui.label(tr("Tension"))
        font = title.font()
        font.setWeight(QFont.Weight.Medium)  # as the labels of the fields
        title.setFont(font)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self.presets)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 4, 16, 8)  # as the forms have them
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.canvas)
        self.set_values({})

    def values(self) -> dict[str, str]:
        """Return ``arc`` and ``curve`` as *Compose* takes them."""
        curve = " ".join(f"{point:g}" for point in self.canvas.points) if self._drawn else ""
        return {"arc": self._arc, "curve": curve}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show ``arc`` and ``curve``; missing or invalid ones count as none."""
        arc = str(values.get("arc"))
        self._arc = arc if arc in ARCS else _NONE
        try:
            curve = drawn(str(values.get("curve") or ""))
        except BadInput:
            curve = ()  # from a file that was changed by hand
        curve *= 1 if len(curve) != 1 else _FEWEST  # one number: the same throughout
        self._drawn = bool(curve)
        shown = curve or ARCS.get(self._arc, _EVEN)
        self.canvas.show_points(shown, is_set=self._drawn or self._arc != _NONE)
        self._name()

    def _on_drawn(self) -> None:
        self._drawn = True
        self._name()

    def _name(self) -> None:
        words = tr("Drawn") if self._drawn else arc_names()[self._arc]
        self.presets.setText(words)
        self.presets.setAccessibleName(tr("Tension: {name}").format(name=words))

    def menu(self) -> Any:
        """Return the menu of ready curves."""
        menu = self._ui.menu()
        for arc, words in arc_names().items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(arc == self._arc and not self._drawn)
            action.triggered.connect(lambda _checked=False, arc=arc: self.set_values({"arc": arc}))
        return menu

    def _show_menu(self) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.presets.mapToGlobal(self.presets.rect().bottomLeft()))


def section_name(section: Section) -> str:
    """Return the name of a section: its letter, or a word."""
    words = {
        "intro": tr("Intro"),
        "bridge": tr("Bridge"),
        "break": tr("Break"),
        "outro": tr("Outro"),
    }
    return words.get(section.name, section.name)


def _far(one: QPointF, other: QPointF) -> float:
    apart = one - other
    return max(abs(apart.x()), abs(apart.y()))
