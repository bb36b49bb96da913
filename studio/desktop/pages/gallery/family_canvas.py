"""A family tree drawn: cards with thumbnails, lines with what made it. Draws and points only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QTextOption,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.pages.gallery.artifact_grid import whole
from studio.desktop.pages.gallery.family_layout import BETWEEN, MARGIN, beside, lay_out
from studio.library import Artifact
from studio.library.family import Member, Tree

_PICTURE = 84.0
_ROUND = 10.0
_ASIDE = 3.0
_WRAPPED = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom) | int(
    Qt.TextFlag.TextWordWrap
)
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip

Picture = Callable[[Artifact], QImage | None]
"""Returns the small picture of an artifact, once it was read; None until then, or for none."""


class FamilyCanvas(QWidget):
    """The graph. Arrow keys walk, a click or Space centres, a double-click or Return opens.

    Signals:
        pointed: Another member is the current one.
        centred: Id of the member that is to be the centre.
        opened: Id of the member to open.
        widened: More children of the centre are wanted.
    """

    pointed = Signal()
    centred = Signal(str)
    opened = Signal(str)
    widened = Signal()

    def __init__(
        self, look: Appearance, picture: Picture, task_title: Callable[[str], str]
    ) -> None:
        super().__init__()
        self._look, self._picture, self._task_title = look, picture, task_title
        self.tree = Tree("")
        self.places: dict[str, QRectF] = {}
        self.current = ""
        self._pressed = ""
        self._click = QTimer(self, singleShot=True)
        self._click.timeout.connect(lambda: self.centred.emit(self._pressed))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Family tree"))
        look.theme.changed.connect(self.update)

    def show_tree(self, tree: Tree) -> None:
        """Show another family, or another part of it."""
        self.tree, self.places = tree, lay_out(tree)
        whole_of_it = QRectF()
        for place in self.places.values():
            whole_of_it = whole_of_it.united(place)
        self.setMinimumSize(
            QSize(round(whole_of_it.right() + MARGIN), round(whole_of_it.bottom() + MARGIN))
        )
        self._point(tree.centre)
        self.update()

    @property
    def shift(self) -> QPointF:
        """How far all of it is moved, so that a small family is in the middle."""
        return QPointF(
            max(0.0, (self.width() - self.minimumWidth()) / 2),
            max(0.0, (self.height() - self.minimumHeight()) / 2),
        )

    def place(self, id: str) -> QRectF:
        """Return where a member is on the widget."""
        return self.places[id].translated(self.shift)

    def at(self, point: QPointF) -> str:
        """Return the id of the member at a point of the widget; empty for none."""
        return next((id for id in self.places if self.place(id).contains(point)), "")

    def said(self, id: str) -> str:
        """Return all that is known of a member, for a tooltip and for a screen reader."""
        member = self.tree.members[id]
        parents = len(self.tree.parents(id)) + member.more_parents
        children = len(self.tree.children(id)) + member.more_children
        made_by = self.tr("made by {task}").format(task=self._task_title(member.task))
        counts = self.tr("parents: {parents}, children: {children}")
        return ", ".join(
            filter(
                None,
                (
                    self._kind(member),
                    member.title,
                    made_by if member.task else "",
                    counts.format(parents=parents, children=children),
                ),
            )
        )

    # --- what a person does ---------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if (arrow := _ARROWS.get(Qt.Key(event.key()))) and self.current:
            self._point(beside(self.places, self.tree, self.current, *arrow))
        elif event.key() == Qt.Key.Key_Space and self.current:
            self.centred.emit(self.current)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current:
            self.opened.emit(self.current)
        elif event.key() == Qt.Key.Key_Home:
            self._point(self.tree.centre)
        elif event.key() == Qt.Key.Key_Plus and self.tree.members[self.tree.centre].more_children:
            self.widened.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        id = self.at(event.position())
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        centre = self.tree.centre
        if centre and self._badge(centre, 1).contains(event.position()):
            self.widened.emit()
        elif id:
            self._pressed = id
            self._point(id)
            if id != centre:  # a second click would open it
                self._click.start(QApplication.doubleClickInterval())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._click.stop()
        if self._pressed and event.button() is Qt.MouseButton.LeftButton:
            self.opened.emit(self._pressed)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            id = self.at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.said(id) if id else "", self)
            return True
        return super().event(event)

    def _point(self, id: str) -> None:
        self.current = id
        self.setAccessibleDescription(self.said(id) if id in self.tree.members else "")
        self.update()
        self.pointed.emit()

    # --- drawing --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        seen = QRectF(event.rect())
        for parent, child in self.tree.edges:
            self._edge(painter, parent, child)
        for id, member in self.tree.members.items():
            if member.task and self.tree.parents(id):
                from_above = any(
                    self.place(parent).bottom() < self.place(id).top()
                    for parent in self.tree.parents(id)
                )
                self._label(painter, member, self.place(id), below=from_above)
        for id, member in self.tree.members.items():
            if self.place(id).intersects(seen):
                self._card(painter, id, member)
        painter.end()

    def _edge(self, painter: QPainter, parent: str, child: str) -> None:
        color = self._look.theme.color
        begin, end = self.place(parent), self.place(child)
        path = QPainterPath()
        if self.tree.is_circular(parent, child):
            start = QPointF(begin.right() - 24, begin.top())
            stop = QPointF(end.left() + 24, end.top())
            path.moveTo(start)
            path.cubicTo(start - QPointF(0, 44), stop - QPointF(0, 44), stop)
            painter.setPen(QPen(color("warn"), 1.5, Qt.PenStyle.DashLine))
            painter.drawPath(path)
            return
        start = QPointF(begin.right(), begin.center().y())
        stop = QPointF(end.left(), end.center().y())
        half = QPointF((stop.x() - start.x()) / 2, 0)
        path.moveTo(start)
        path.cubicTo(start + half, stop - half, stop)
        is_near = self.current in (parent, child)
        painter.setPen(QPen(color("accent" if is_near else "faint"), 2.0 if is_near else 1.5))
        painter.drawPath(path)

    def _label(self, painter: QPainter, member: Member, card: QRectF, *, below: bool) -> None:
        """Say what made a member where its line is not, in two lines if need be."""
        font = self._look.fonts.body(11)
        words, behind = label_beside(card, self._task_title(member.task), QFontMetricsF(font))
        if below:
            behind.moveTop(2 * card.center().y() - behind.bottom())
        painter.fillRect(behind, self._look.theme.color("panel"))  # another line may pass here
        painter.setFont(font)
        painter.setPen(self._look.theme.color("mute"))
        painter.drawText(behind.adjusted(_ASIDE, 0, -_ASIDE, 0), _WRAPPED, words)

    def _card(self, painter: QPainter, id: str, member: Member) -> None:
        color, place = self._look.theme.color, self.place(id)
        path = QPainterPath()
        path.addRoundedRect(place, _ROUND, _ROUND)
        painter.fillPath(path, color("raised" if id == self.tree.centre else "panel"))
        pen = QPen(color("line"), 1)
        if id == self.tree.centre:
            pen = QPen(color("text"), 1.5)
        if id == self.current:
            pen = QPen(color("accent"), 2.5 if self.hasFocus() else 1.5)
        if member.is_erased:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawPath(path)
        self._inside(painter, place, member)
        for step, count in ((-1, member.more_parents), (1, member.more_children)):
            if count:
                self._more(painter, self._badge(id, step), count)

    def _inside(self, painter: QPainter, place: QRectF, member: Member) -> None:
        look, artifact = self._look, member.artifact
        inner = place.adjusted(10, 8, -10, -8)
        picture = self._picture(artifact) if artifact is not None else None
        if picture is not None:
            frame = QRectF(inner.x(), inner.y(), inner.width(), _PICTURE)
            painter.drawImage(whole(frame, picture.size()), picture)
        else:
            text = (
                member.title if member.message else artifact and (artifact.text or artifact.prompt)
            )
            painter.setFont(look.fonts.body(11.5))
            painter.setPen(look.theme.color("mute"))
            wrapped = QTextOption()
            wrapped.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            metrics = painter.fontMetrics()
            room = QRectF(inner.x(), inner.y(), inner.width(), metrics.lineSpacing() * 5)
            painter.save()
            painter.setClipRect(room)
            painter.drawText(room, " ".join((text or "").split())[:240], wrapped)
            painter.restore()
        self._foot(painter, QRectF(inner.x(), inner.bottom() - 22, inner.width(), 22), member)

    def _foot(self, painter: QPainter, foot: QRectF, member: Member) -> None:
        look = self._look
        ratio = painter.device().devicePixelRatioF()
        icon, token = self._icon(member)
        sign = look.icons.pixmap(icon, token, 14, ratio)
        painter.drawPixmap(QPointF(foot.x(), foot.y() + 4), sign)
        font = look.fonts.body(12, 600)
        painter.setFont(font)
        painter.setPen(look.theme.color("mute" if member.is_erased else "text"))
        room = foot.adjusted(20, 0, 0, 0)
        title = "" if member.message else member.title  # that is above
        words = QFontMetricsF(font).elidedText(
            title or self._kind(member), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, words)

    def _badge(self, id: str, step: int) -> QRectF:
        """Return where it says how many more parents or children there are; empty for none."""
        member, place = self.tree.members[id], self.place(id)
        if not (member.more_parents if step < 0 else member.more_children):
            return QRectF()
        x = place.left() - 22 if step < 0 else place.right() - 22
        return QRectF(x, place.bottom() - 12, 44, 22)

    def _more(self, painter: QPainter, badge: QRectF, count: int) -> None:
        color = self._look.theme.color
        path = QPainterPath()
        path.addRoundedRect(badge, 11, 11)
        painter.fillPath(path, color("raised"))
        painter.setPen(QPen(color("faint"), 1))
        painter.drawPath(path)
        painter.setFont(self._look.fonts.body(11, 600))
        painter.setPen(color("text"))
        words = f"+{count}" if count < 1000 else f"+{count / 1000:.0f}k"
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)

    def _icon(self, member: Member) -> tuple[str, str]:
        if member.artifact is not None:
            return self._look.kinds.icon(member.artifact.kind)
        return ("message-square", "mute") if member.message else ("eraser", "mute")

    def _kind(self, member: Member) -> str:
        if member.artifact is not None:
            return member.artifact.kind
        return self.tr("Message") if member.message else self.tr("Deleted")


def label_beside(card: QRectF, words: str, font: QFontMetricsF) -> tuple[str, QRectF]:
    """Return the wrapped label at the left of a card, above its line, and its rectangle.

    Text that exceeds two lines is truncated.
    """
    room = QSizeF(BETWEEN - 24, 2 * font.lineSpacing())
    size = font.boundingRect(QRectF(QPointF(), room), _WRAPPED, words).size()
    if size.height() > room.height() or size.width() > room.width():
        words = font.elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        size = font.boundingRect(words).size()
    place = QRectF(QPointF(), size + QSizeF(2 * _ASIDE + 1, 0))
    place.moveBottomRight(QPointF(card.left() - 6, card.center().y() - 4))
    return words, place
