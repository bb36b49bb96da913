"""The start page: what can be made, what was made last, and what this computer lacks."""

from __future__ import annotations

import shutil
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QModelIndex, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QInputMethodEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from studio.api.window.context import Page
from studio.api.window.language import tr
from studio.base.background import in_words
from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance, line
from studio.desktop.appearance.kinds import color_of
from studio.desktop.appearance.language import declared
from studio.desktop.kit.model_offer import WEAK
from studio.desktop.pages.page_frame import Column, PageFrame
from studio.desktop.pages.page_services import PageServices
from studio.desktop.widgets.contents import clear
from studio.desktop.window.page_spec import MAKE, PageSpec
from studio.models import Weights
from studio.protocol.errors import StudioError

if TYPE_CHECKING:
    from studio.desktop.pages.gallery.artifact_grid import ArtifactGrid
    from studio.library import Artifact

_CARD_WIDTH, _GAP, _TILE = 268, 12, 40
_LATEST = 12
_GALLERY = "studio.gallery"
_TALK = "conversation"
_EXTRAS = (
    ("PySide6.QtMultimedia", "video"),
    ("vina", "docking"),
    ("transformers", "transformers"),
)
"""Modules, and the extras of the package that bring them."""


def build(parts: PageServices) -> Page:
    """Build the start page."""
    page = HomePage(parts)
    return Page(page, focus=page.take_focus)


class HomePage(QWidget):
    """A field that begins a conversation, cards of pages, latest results, and what is missing."""

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._look = parts, parts.ui.look
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        frame = PageFrame(self._look, tr("What would you like to make?"))
        layout.addWidget(frame)
        self.ask = QLineEdit()
        self.ask.setPlaceholderText(tr("Ask anything, or choose below"))
        self.ask.setAccessibleName(tr("Message"))
        self.ask.setObjectName("ask")
        self.ask.textChanged.connect(self._begin_conversation)
        column = Column(1440)
        column.cards.setSpacing(_GAP)
        column.cards.addWidget(self.ask)
        self._cards = _Tiles()
        column.cards.addWidget(self._cards)
        self.latest: LatestResults | None = None
        head = QHBoxLayout()
        head.addWidget(self._look.label(tr("Made last"), "section"))
        head.addStretch()
        every = self._look.button(tr("Open library"), kind="link")
        every.clicked.connect(lambda: parts.ui.open_page(_GALLERY))
        head.addWidget(every)
        self._latest_box = QWidget()
        self._latest_column = QVBoxLayout(self._latest_box)
        self._latest_column.setContentsMargins(0, 8, 0, 0)
        self._latest_column.addLayout(head)
        self._latest_box.hide()
        column.cards.addWidget(self._latest_box)
        self.missing = MissingParts(parts, self._tell)
        column.cards.addWidget(self.missing)
        frame.body.addWidget(column, 1)
        self._specs: Sequence[PageSpec] = ()
        self.destroyed.connect(parts.studio.events.on_artifact_added(self._on_result))

    def showEvent(self, event: QShowEvent) -> None:
        """Show the pages there are now; results and gaps follow, a frame later."""
        super().showEvent(event)
        specs = [spec for spec in self._parts.ui.pages() if spec.group == MAKE]
        self.ask.setVisible(any(_TALK in spec.accepts for spec in specs))
        if specs != self._specs:
            self._specs = specs
            ui = self._parts.ui
            self._cards.show_tiles(
                PageCard(
                    self._look, spec, partial(ui.open_page, spec.id), partial(ui.run_example, spec)
                )
                for spec in specs
            )
        QTimer.singleShot(0, self, self._read_latest)
        QTimer.singleShot(0, self, self.missing.read)

    def take_focus(self) -> None:
        """Put the keyboard into the field, where the first words begin a conversation."""
        self.ask.setFocus()

    def _begin_conversation(self, text: str) -> None:
        """Go on in the page for conversations with what was typed."""
        if not text:
            return
        page = next(spec.id for spec in self._specs if _TALK in spec.accepts)
        self.ask.blockSignals(True)
        self.ask.clear()
        self.ask.blockSignals(False)
        self._parts.ui.open_page(page)
        typed = QInputMethodEvent()
        typed.setCommitString(text)
        if (field := self.window().focusWidget()) is not None:
            QCoreApplication.sendEvent(field, typed)

    def _on_result(self, artifact: Artifact) -> None:
        if self.isVisible():
            self._read_latest()

    def _read_latest(self) -> None:
        """Read the latest results beside the window."""
        library = self._parts.studio.library

        def read() -> tuple[array[int], Mapping[int, Artifact]]:
            keys = library.search.keys("")[:_LATEST]
            return keys, library.search.rows(keys)

        self._parts.background.run(read, self._show_latest, self._tell)

    def _tell(self, error: Exception) -> None:
        self._parts.studio.notices.error(in_words(error), key="home")

    def _show_latest(self, latest: tuple[array[int], Mapping[int, Artifact]]) -> None:
        if not isValid(self):
            return
        self._latest_box.setVisible(bool(latest[0]))
        if not latest[0]:
            return
        if self.latest is None:
            self.latest = _latest_results(self._parts, self._tell)
            self._latest_column.addWidget(self.latest)
        self.latest.show_latest(*latest)


class _Tiles(QWidget):
    """Widgets of one size in as many columns as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        self._tiles: list[QWidget] = []
        self._columns = 0

    def show_tiles(self, tiles: Iterator[QWidget]) -> None:
        """Replace the widgets."""
        for old in self._tiles:
            old.hide()
            old.deleteLater()
        self._tiles, self._columns = list(tiles), 0
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(_CARD_WIDTH, super().minimumSizeHint().height())

    def _arrange(self) -> None:
        room = max(1, (self.width() + _GAP) // (_CARD_WIDTH + _GAP))
        rows = -(-len(self._tiles) // room)
        columns = -(-len(self._tiles) // rows) if rows else 1  # the last row is about as full
        if columns == self._columns:
            return
        for place in range(max(columns, self._columns)):
            self._grid.setColumnStretch(place, int(place < columns))
        self._columns = columns
        for place, tile in enumerate(self._tiles):
            self._grid.addWidget(tile, place // columns, place % columns)
            tile.show()


class PageCard(QPushButton):
    """A page: its icon, what it is for, and an example at one click. A click elsewhere opens it."""

    def __init__(
        self,
        look: Appearance,
        spec: PageSpec,
        open_page: Callable[[], object],
        run: Callable[[], object],
    ) -> None:
        super().__init__()
        self.spec = spec
        self.setProperty("kind", "example")
        self.setProperty("radius", 13)
        self.setAutoDefault(False)
        self.setAccessibleName(spec.title)
        self.setAccessibleDescription(spec.summary)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.clicked.connect(lambda: open_page())
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 14, 14, 10)
        row.setSpacing(12)
        row.addWidget(_Tile(look, spec), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        title, about = (
            look.label(spec.title, "heading"),
            look.label(spec.summary, "mute", wrap=True),
        )
        for label in (title, about):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)
        column.addSpacing(4)
        column.addStretch()
        self.example = look.button(
            declared(spec.example.title) if spec.example else tr("Open"),
            "play" if spec.example else "arrow-right",
            kind="link",
        )
        self.example.clicked.connect(lambda: run() if spec.example else open_page())
        if spec.example:
            words = tr("Try it: {example}").format(example=self.example.text())
            self.example.setAccessibleName(words)
            self.example.setToolTip(words)
        foot = QHBoxLayout()
        foot.addWidget(self.example)
        foot.addStretch()
        column.addLayout(foot)
        row.addLayout(column, 1)
        about.setAlignment(Qt.AlignmentFlag.AlignTop)
        about.setMinimumHeight(2 * about.fontMetrics().lineSpacing())  # cards of one height


class _Tile(QWidget):
    """The icon of a page on the hue of what it makes."""

    def __init__(self, look: Appearance, spec: PageSpec) -> None:
        super().__init__()
        self._look, self._icon = look, spec.icon
        self._color = color_of(spec.accepts[0]) if spec.accepts else "accent"
        self.setFixedSize(_TILE, _TILE)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        look.theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paper = QColor(self._look.theme.color(self._color))
        paper.setAlphaF(0.16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(paper)
        painter.drawRoundedRect(QRectF(self.rect()), 10, 10)
        icon = self._look.icons.pixmap(self._icon, self._color, 22, self.devicePixelRatioF())
        painter.drawPixmap((_TILE - 22) // 2, (_TILE - 22) // 2, icon)


def _latest_results(parts: PageServices, tell: Callable[[Exception], None]) -> LatestResults:
    """Build the row of cards; the library's modules are imported when there is a result."""
    from studio.desktop.pages.gallery.artifact_grid import CARD, GAP, ArtifactGrid
    from studio.desktop.viewers import artifact as viewers
    from studio.library.saved_artifact import saved_artifact

    library = parts.studio.library
    grid = ArtifactGrid(
        parts.ui.look,
        library,
        parts.background,
        tell,
        lambda: viewers.drawers(parts),
    )
    grid.setFixedHeight(CARD.height() + GAP)

    def show(index: QModelIndex) -> None:
        artifact = index.data(Qt.ItemDataRole.UserRole)
        if artifact is not None:
            parts.ui.show_artifact(saved_artifact(library, artifact))

    grid.clicked.connect(show)
    grid.activated.connect(show)
    return LatestResults(grid)


class LatestResults(QFrame):
    """One row of cards, as many as there is room for. Click or Return shows one in the library."""

    def __init__(self, grid: ArtifactGrid) -> None:
        super().__init__()
        self.grid = grid
        self._keys, self._in_view = array("q"), array("q")
        self._artifacts: dict[int, Artifact] = {}
        grid.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        grid.setDragEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(grid)

    def show_latest(self, keys: array[int], artifacts: Mapping[int, Artifact]) -> None:
        """Show the newest, by the numbers of their rows."""
        self._keys, self._artifacts = keys, dict(artifacts)
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._show)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the page scrolls, not the row

    def _show(self) -> None:
        shown = self._keys[: self.grid.columns]
        if shown != self._in_view:
            self._in_view = shown
            self.grid.show_found(shown, {key: self._artifacts[key] for key in shown})


class MissingParts(QWidget):
    """What this computer lacks, each with the button that brings it. Hidden where nothing is."""

    def __init__(self, parts: PageServices, tell: Callable[[Exception], None]) -> None:
        super().__init__()
        self._parts, self._look, self._studio = parts, parts.ui.look, parts.studio
        self._tell = tell
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._look.label(tr("Missing on this computer"), "section"))
        card = QFrame()
        card.setProperty("surface", "card")
        self._rows = QVBoxLayout(card)
        self._rows.setContentsMargins(16, 6, 16, 6)
        self._rows.setSpacing(0)
        column.addWidget(card)
        self._shown: tuple[object, ...] | None = None
        self.hide()
        self.destroyed.connect(self._studio.downloads.observe(lambda id: self.read()))
        self.destroyed.connect(self._studio.scans.on_change(self.read))

    def read(self) -> None:
        """Look, beside the window, for what is missing."""
        parent = self.parentWidget()
        if self.isVisibleTo(self.window()) or (parent is not None and parent.isVisible()):
            self._parts.background.run(_machine_gaps, self._show, self._tell)

    def _show(self, gaps: Sequence[tuple[str, str, str]]) -> None:
        if not isValid(self):
            return
        catalogue, downloads = self._studio.weights, self._studio.downloads
        weak = next((row for row in catalogue.list("text") if not row.problem), None)
        better = catalogue.better()[:1] if weak is not None and 0 < weak.everyday < WEAK else []
        wanted = _missing_models(catalogue.list(), catalogue.offers())
        models = (*better, *wanted)
        news = (tuple((row.id, downloads.of(row.id)) for row in models), tuple(gaps))
        if news == self._shown:
            return
        self._shown = news
        clear(self._rows)
        rows = [self._model_row(row) for row in wanted] + [self._gap_row(*gap) for gap in gaps]
        if weak is not None and better:
            rows.insert(0, self._model_row(better[0], f"{weak.title}: {declared(weak.caution)}"))
        for place, row in enumerate(rows):
            if place:
                self._rows.addWidget(line())
            self._rows.addWidget(row)
        self.setVisible(bool(rows))

    def _model_row(self, model: Weights, text: str = "") -> QWidget:
        """Offer a model; ``text`` says why, in place of what it is for."""
        assert model.offer is not None
        now = self._studio.downloads.of(model.id)
        if now is not None and now.is_live:
            percent = 100 * now.done // max(now.total, 1)
            button = self._look.button(tr("Stop ({percent}%)").format(percent=percent), small=True)
            button.clicked.connect(lambda: self._studio.downloads.stop(model.id))
        else:
            size = phrases.size(model.bytes)
            words = tr("Download ({size})").format(size=size)
            button = self._look.button(words, "download", small=True)
            button.clicked.connect(lambda: self._download(model))
        button.setAccessibleName(f"{button.text()}: {model.title}")
        return self._row(declared(model.title), declared(model.offer.summary), button)

    def _gap_row(self, title: str, text: str, command: str) -> QWidget:
        button = None
        if command:
            button = self._look.button(tr("Copy command"), "copy", small=True, tip=command)
            button.setAccessibleName(f"{button.text()}: {title}")
            button.clicked.connect(lambda: self._parts.ui.copy(command))
        return self._row(title, text, button)

    def _row(self, title: str, text: str, button: QPushButton | None) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(12)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._look.label(title, "strong"))
        words.addWidget(self._look.label(text, "small", wrap=True))
        row.addLayout(words, 1)
        if button is not None:
            row.addWidget(button)
        return box

    def _download(self, model: Weights) -> None:
        """Download what the user has asked for just now."""
        from studio.models.download import hub  # what speaks to a network is not there before

        try:
            hub.check_network(self._studio.settings)
            self._studio.downloads.start(model)
        except StudioError as error:
            self._studio.notices.error(error)


def _missing_models(here: Sequence[Weights], offers: Sequence[Weights]) -> list[Weights]:
    """Choose the smallest offered model for each use that nothing installed has."""
    usable = {capability for row in here if not row.problem for capability in row.capabilities}
    wanted: dict[str, Weights] = {}
    for row in sorted(offers, key=lambda row: row.bytes):
        if row.problem and not usable.intersection(row.capabilities):
            wanted.setdefault(" ".join(row.capabilities), row)
    return list(wanted.values())


def _machine_gaps() -> list[tuple[str, str, str]]:
    """List (title, consequence, command that mends it) of what the machine lacks."""
    from studio.sandbox.sandbox import own_sandbox

    gaps = []
    install = "sudo apt install bubblewrap" if shutil.which("apt") else ""
    tier = own_sandbox().tier
    if not tier:
        title = tr("No sandbox")
        gaps.append(
            (title, tr("Generated code cannot be run. On Linux, install “bubblewrap”."), install)
        )
    elif tier != "A":
        text = tr("Generated code runs in the weaker sandbox. On Linux, install “bubblewrap”.")
        gaps.append((tr("Weaker sandbox"), text, install))
    words = {
        "video": (tr("Video player"), tr("Plays MP4 and WebM in the window.")),
        "docking": (tr("Docking"), tr("Docks molecules into proteins with AutoDock Vina.")),
        "transformers": (
            tr("More language models"),
            tr("Runs architectures that need transformers."),
        ),
    }
    for module, extra in _EXTRAS:
        if not _is_here(module):
            command = f'"{sys.executable}" -m pip install "offline-studio[{extra}]"'
            gaps.append((*words[extra], command))
    return gaps


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it
        return False
