"""Result list and result strip of a page, synchronised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap
from shiboken6 import isValid

from studio.api.artifacts import SavedArtifact
from studio.api.results import Read, TaskResult
from studio.api.window.context import PluginContext
from studio.api.window.language import tr
from studio.api.window.work_queue import outcome
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.kit.handed_out import HandedOut
from studio.desktop.kit.result_list import ResultList
from studio.desktop.kit.result_strip import ResultStrip
from studio.protocol.errors import StudioError


@dataclass(frozen=True)
class StripLook:
    """How the results of a page are shown; ``studio.api.kit.Kit.results`` says what each is for."""

    name: str
    thumbnail: Callable[[SavedArtifact], QImage] | None = None
    paint: Callable[[QPainter, TaskResult, bool], None] | None = None
    size: tuple[int, int] = (64, 64)
    describe: Callable[[TaskResult], str] | None = None
    file_name: Callable[[TaskResult], str] | None = None


class PageResults:
    """Implements ``studio.api.results.PageResults``.

    Attributes:
        widget: The strip.
    """

    def __init__(
        self,
        ctx: PluginContext,
        look: Appearance,
        key: str,
        most: int,
        read: Read | None,
        shown: StripLook,
        handed_out: HandedOut,
    ) -> None:
        self._ctx, self._look, self._shown = ctx, look, shown
        self._handed_out = handed_out
        self._list = ResultList(ctx, key, most, read)
        self._size = QSize(*shown.size)
        self.widget = strip = ResultStrip(shown.name, self._size, self._files_of, self._prepare)
        if shown.paint is not None:
            strip.stand_at_edge()
        strip.hide()
        end_theme = ctx.ui.on_theme(lambda _tokens: self._on_theme())
        strip.destroyed.connect(lambda: end_theme())
        strip.destroyed.connect(lambda: handed_out.forget())

    def __len__(self) -> int:
        return len(self._list)

    def __iter__(self) -> Iterator[TaskResult]:
        return iter(self._list)

    def __getitem__(self, place: int) -> TaskResult:
        return self._list[place]

    def place(self, id: str) -> int:
        """Return where the result of an artifact is; -1 if it is not here."""
        return self._list.place(id)

    def find(self, id: str) -> TaskResult | None:
        """Return the result of an artifact."""
        place = self._list.place(id)
        return self._list[place] if place >= 0 else None

    def batch(self, result: TaskResult) -> list[TaskResult]:
        """Return the results of the run that made ``result``, in the order they were made."""
        return self._list.batch(result)

    # --- changing it --------------------------------------------------------------------------

    def add(self, result: TaskResult, place: int = 0) -> bool:
        """Put one in; False if it is here already."""
        if self._list.place(result.id) >= 0:
            return False
        place = min(place, len(self._list))
        gone = self._list.insert(place, result)
        self._show(place, result)
        for removed in gone:
            self.widget.take_out(removed.id)
        self.widget.show()
        return True

    def remove(self, id: str) -> TaskResult | None:
        """Take one out; the library keeps it."""
        place = self._list.place(id)
        if place < 0:
            return None
        self.widget.take_out(id)
        removed = self._list.remove(place)
        self.widget.setVisible(len(self._list) > 0)
        return removed

    def update(self, result: TaskResult) -> None:
        """Draw one anew, and write it down."""
        self._draw(result)
        self._list.keep()

    def load(self, then: Callable[[], None] | None = None) -> None:
        """Restore the results of the last session in the background."""

        def show(results: list[TaskResult]) -> None:
            if not isValid(self.widget):
                return
            for result in results:
                self._show(self._list.place(result.id), result)
            self.widget.setVisible(len(self._list) > 0)
            if then is not None:
                then()

        self._list.load(show)

    @property
    def settled(self) -> bool:
        """Whether all is written down."""
        return self._list.settled

    # --- the strip ----------------------------------------------------------------------------

    @property
    def current(self) -> str:
        """The id of the one that is marked; empty if none is."""
        return self.widget.current

    def show_current(self, id: str) -> None:
        """Mark one without telling anybody; none with an empty id."""
        self.widget.set_current(id)

    def set_small(self, small: bool) -> None:
        """Take less room, or as much as there is."""
        self.widget.set_small(small)

    def on_pick(self, call: Callable[[str], None]) -> None:
        """Call with the id of the result selected by the user."""
        self.widget.picked.connect(call)

    def on_menu(self, call: Callable[[QPoint], None]) -> None:
        """Call with the position where a context menu for the current result is requested."""
        self.widget.menu_asked.connect(call)

    def on_remove(self, call: Callable[[], None]) -> None:
        """Call when the user presses Delete on the marked one."""
        self.widget.removed.connect(call)

    def on_star(self, call: Callable[[], None]) -> None:
        """Call when the user presses S on the marked one."""
        self.widget.has_star_key = True
        self.widget.starred.connect(call)

    def _show(self, place: int, result: TaskResult) -> None:
        self.widget.add(place, result.id)
        self._draw(result)

    def _draw(self, result: TaskResult) -> None:
        self.widget.describe(result.id, self._described(result))
        if self._shown.thumbnail is not None:
            self._read_picture(result, self._shown.thumbnail)
        else:
            self._paint(result, partial(self._paint_own, result))

    def _described(self, result: TaskResult) -> str:
        if self._shown.describe is not None:
            return self._shown.describe(result)
        title = result.artifact.title or tr("Result")
        return tr("{title}, starred").format(title=title) if result.star else title

    def _read_picture(
        self, result: TaskResult, thumbnail: Callable[[SavedArtifact], QImage]
    ) -> None:
        def show(image: object) -> None:
            picture = image if isinstance(image, QImage) else QImage()
            if isValid(self.widget):
                self._paint(
                    result,
                    lambda painter, _chosen: draw_image(
                        self._look, painter, self._size, picture, result.star
                    ),
                )

        self._ctx.run_later(lambda: outcome(lambda: thumbnail(result.artifact)), show)

    def _paint_own(self, result: TaskResult, painter: QPainter, chosen: bool) -> None:
        if self._shown.paint is not None:
            self._shown.paint(painter, result, chosen)
        else:
            draw_kind(self._look, painter, self._size, result.artifact.kind, result.star)

    def _paint(self, result: TaskResult, draw: Callable[[QPainter, bool], None]) -> None:
        ratio = self.widget.devicePixelRatioF()
        plain = blank(self._size, ratio, lambda painter: draw(painter, False))
        own = self._shown.paint is not None
        chosen = blank(self._size, ratio, lambda painter: draw(painter, True)) if own else plain
        self.widget.show_picture(result.id, plain, chosen)

    def _on_theme(self) -> None:
        """Redraw theme-dependent content; for loaded pictures, only the star."""
        for result in self._list:
            if result.star or self._shown.thumbnail is None:
                self._draw(result)

    # --- files that are dragged out -----------------------------------------------------------

    def _files_of(self, id: str) -> list[Path]:
        result = self.find(id)
        assert result is not None
        named = self._shown.file_name
        name = named(result) + result.artifact.path.suffix if named is not None else ""
        return self._handed_out.files(result.artifact.id, name)

    def _prepare(self, ids: Sequence[str], drag: Callable[[], None]) -> None:
        """Write the copies beside the window, then ``drag``."""

        def done(files: list[list[Path]] | StudioError) -> None:
            if isinstance(files, StudioError):
                self._ctx.notices.error(files, key=f"{self._ctx.plugin}.drag")
            else:
                drag()

        self._ctx.run_later(lambda: outcome(lambda: [self._files_of(id) for id in ids]), done)


def blank(size: QSize, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
    """Return what ``draw`` paints on a clear ground of ``size``."""
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    draw(painter)
    painter.end()
    return pixmap


def draw_image(look: Appearance, painter: QPainter, room: QSize, image: QImage, star: bool) -> None:
    """Draw a picture into the middle of ``room``; of a null one that it cannot be read."""
    if image.isNull():
        _draw_icon(look, painter, room, "image-off", "faint")
    else:
        size = image.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (room.width() - size.width()) // 2, (room.height() - size.height()) // 2
        painter.drawImage(QRect(QPoint(left, top), size), image)
    _draw_star(look, painter, room, star)


def draw_kind(look: Appearance, painter: QPainter, room: QSize, kind: str, star: bool) -> None:
    """Draw the icon of a kind of artifact."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.theme.color("raised"))
    painter.drawRoundedRect(QRect(QPoint(0, 0), room), 8, 8)
    _draw_icon(look, painter, room, look.kinds.icon(kind)[0], "mute")
    _draw_star(look, painter, room, star)


def _draw_icon(look: Appearance, painter: QPainter, room: QSize, icon: str, color: str) -> None:
    left, top = room.width() // 2 - 12, room.height() // 2 - 12
    look.icons.icon(icon, color, on="accent").paint(painter, QRect(left, top, 24, 24))


def _draw_star(look: Appearance, painter: QPainter, room: QSize, star: bool) -> None:
    if star:
        right = room.width()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.theme.color("panel"))
        painter.drawEllipse(right - 23, 3, 20, 20)
        look.icons.icon("star", "warn", on="accent").paint(painter, QRect(right - 20, 6, 14, 14))
