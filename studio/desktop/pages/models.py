"""The Models page: installed weights, their fit to this machine, and downloads. Loads no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.api.intake import local_files
from studio.api.window.context import Page, PageAction
from studio.base.background import in_words
from studio.base.notices import Action
from studio.base.runtime_settings import MEMORY_LIMIT
from studio.desktop import phrases
from studio.desktop.pages.document import show_document
from studio.desktop.pages.page_frame import PageFrame
from studio.desktop.pages.page_services import PageServices
from studio.desktop.pages.weights.defaults_form import defaults_form
from studio.desktop.pages.weights.detail import Deeds, WeightsDetail
from studio.desktop.pages.weights.download_view import DownloadView
from studio.desktop.pages.weights.folders import show_folders
from studio.desktop.pages.weights.table import WeightsTable
from studio.desktop.pages.weights.weights_row import WeightsRow
from studio.library.records import Use
from studio.models import Weights
from studio.models.additions import Added
from studio.models.header_cache import HeaderCache
from studio.models.user_notes import REMARKS
from studio.protocol.errors import StudioError
from studio.protocol.memory_budget import most_bytes
from studio.protocol.messages import Inspected

HERE, GET = "here", "get"


def build(parts: PageServices) -> Page:
    """Return the Models page."""
    page = ModelsPage(parts)
    actions = [
        PageAction("models.rescan", page.tr("Rescan model folders"), page.rescan, "refresh-cw"),
        PageAction("models.add", page.tr("Add model…"), page.choose_files, "plus"),
        PageAction("models.folders", page.tr("Model folders"), page.show_folders,
                   "folder-search"),
        PageAction(
            "models.folder", page.tr("Open model folder"), page.open_folder, "folder-open"
        ),
        PageAction("models.bin", page.tr("Empty the models bin"), page.ask_empty_bin,
                   "trash-2"),
    ]  # fmt: skip
    return Page(
        page,
        save_state=lambda: {"view": page.view},
        restore_state=lambda state: page.show_view(str(state.get("view", HERE))),
        actions=actions,
        focus=page.search.setFocus,
    )


class ModelsPage(QWidget):
    """A table with details beside it, and a view of available downloads.

    Attributes:
        search: The field that filters the table.
        table, detail: Installed weights, and the selected ones.
        getting: Available downloads.
    """

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._studio, self._ui = parts, parts.studio, parts.ui
        self._look, self._manager = parts.ui.look, parts.studio.weights_manager
        self._inspected: dict[str, Inspected] = {}
        self._asked: set[str] = set()
        self._headers = HeaderCache(parts.studio.paths.cache / "weights-headers.msgpack")
        self._limits: dict[str, int] = {}
        self._said: dict[str, str] = {}
        self._uses: dict[str, tuple[Use, ...]] = {}
        self.setAcceptDrops(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._frame = PageFrame(self._look, self.tr("Models"), " ")
        layout.addWidget(self._frame)
        self.search = QLineEdit()
        self.table = WeightsTable(self._look)
        self.detail = WeightsDetail(self._look, self._deeds())
        self.getting = DownloadView(parts, self._show_installed, self._memory())
        self._views = QStackedWidget()
        self._empty = self._empty_state()
        self._fill_head()
        self._fill_body()
        ends = [
            self._studio.downloads.observe(self._on_download),
            self._studio.weights_operations.observe(self._on_chore),
            self._studio.scans.on_change(self.refresh),
            self._studio.settings.observe(REMARKS, self._remarked),
        ]
        self.destroyed.connect(lambda: [end() for end in ends])
        self._parts.background.run(self._headers.load, self._recall, self._tell)
        self.refresh()

    # --- what can be done with the page --------------------------------------------------------

    @property
    def view(self) -> str:
        """``here`` or ``get``."""
        return GET if self._views.currentWidget() is self.getting else HERE

    def show_view(self, view: str) -> None:
        """Switch between installed weights and downloads."""
        is_get = view == GET
        self._switch.buttons[GET if is_get else HERE].setChecked(True)
        here = self._here if self.table.weights.rows else self._empty
        self._views.setCurrentWidget(self.getting if is_get else here)
        self.search.setVisible(not is_get)

    def rescan(self) -> None:
        """Look at the folders again, and tell the runtime."""
        self._inspected.clear()
        self._asked.clear()
        self._studio.scans.rescan()

    def open_folder(self) -> None:
        """Show the folder for weights of one's own, made if it is missing."""
        folder = self._manager.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._studio.notices.error(f"The folder {folder} cannot be created ({error.strerror}).")
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def show_folders(self) -> None:
        """Show where weights are looked for."""
        show_folders(self._look, self.window(), self._manager, self._studio.scans.rescan)

    def choose_files(self) -> None:
        """Ask for files to add."""
        names, _ = QFileDialog.getOpenFileNames(
            self.window(), self.tr("Add model"), "",
            self.tr("Models (*.gguf *.safetensors *.pt *.pth *.bin *.ckpt);;All files (*)"),
        )  # fmt: skip
        self.add([Path(name) for name in names])

    def add(self, paths: Sequence[Path]) -> None:
        """Check what lies at ``paths``, and show it where it lies."""
        for path in paths:
            self._studio.weights_operations.run(
                f"add-{path}", path.name, 0, self._adding(path), self._added
            )

    def _adding(self, path: Path) -> Callable[[object], Added]:
        return lambda _: self._manager.add(path)

    def ask_empty_bin(self) -> None:
        """Delete removed weights permanently on confirmation."""
        rows = self._manager.bin.contents()
        size = phrases.size(sum(binned.bytes for binned in rows))
        self._ui.confirm(
            self.tr("Empty the models bin?"),
            self.tr("{count} models, {size}. They will be deleted permanently.").format(
                count=len(rows), size=size
            ),
            self.tr("Empty bin"),
            lambda: self._parts.background.run(self._manager.bin.empty, lambda _: self.refresh()),
            danger=True,
        )

    def show_set(self, name: str) -> None:
        """Bring weights that can be had, or by now are here, into view, with the keyboard there."""
        self.search.clear()
        self.refresh()  # the catalogue may have looked again, and its news is still on the way
        row = self._studio.weights.offer(name)
        is_here = self.table.choose(row.id)
        self.show_view(HERE if is_here else GET)
        if is_here:
            QTimer.singleShot(0, self.table, self.table.setFocus)
        else:
            self.getting.reveal(row.id)

    def _show_installed(self, weights_id: str) -> None:
        self.search.clear()
        self.show_view(HERE)
        self.table.choose(weights_id)

    def refresh(self) -> None:
        """Reload the rows from the catalogue."""
        rows = self._studio.weights.list()
        self.table.put([self._shown(row) for row in rows])
        self.getting.refresh()
        self._frame.say(
            self.tr(
                "{count} installed, {size} on disk. Drop files or folders here to add them."
            ).format(count=len(rows), size=phrases.size(sum(row.bytes for row in rows)))
        )
        self.show_view(self.view)
        for row in rows:
            if not row.problem and row.id not in self._asked:
                self._asked.add(row.id)
                self._inspect(row)
        self._parts.background.run(self._studio.library.records.uses, self._used)

    # --- drag and drop -------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.add(local_files(event.mimeData()))
        event.acceptProposedAction()

    # --- building ------------------------------------------------------------------------------

    def _fill_head(self) -> None:
        self.search.setPlaceholderText(self.tr("Search models"))
        self.search.setAccessibleName(self.tr("Search models"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(170)
        self.search.textChanged.connect(self.table.look_for)
        self._switch = self._ui.switch_bar(
            self.tr("View"),
            [(HERE, "box", self.tr("Installed")), (GET, "download", self.tr("Download"))],
        )
        self._switch.chosen.connect(self.show_view)
        folders = self._look.icon_button("folder-search", self.tr("Model folders"))
        folders.clicked.connect(self.show_folders)
        add = self._ui.button(self.tr("Add…"), "plus", primary=True)
        add.clicked.connect(self.choose_files)
        for widget in (self.search, self._switch, folders, add):
            self._frame.controls.addWidget(widget)

    def _fill_body(self) -> None:
        self._here = QWidget()
        line = QHBoxLayout(self._here)
        line.setContentsMargins(0, 0, 0, 20)
        line.setSpacing(16)
        line.addWidget(self.table, 1)
        line.addWidget(self.detail)
        self.table.chosen.connect(lambda _: self._show_detail())
        for view in (self._here, self._empty, self.getting):
            self._views.addWidget(view)
        self._frame.body.addWidget(self._views, 1)

    def _empty_state(self) -> QWidget:
        return self._ui.empty_state(
            "box",
            self.tr("No models yet"),
            self.tr("Drop a GGUF file or a model folder here, or download one."),
            [
                ("download", self.tr("Download a model"), lambda: self.show_view(GET)),
                ("plus", self.tr("Add a file"), self.choose_files),
                ("folder-search", self.tr("Use models of other apps"), self.show_folders),
            ],
        )

    def _deeds(self) -> Deeds:
        return Deeds(
            verify=self._verify,
            convert=self._convert,
            remove=self._remove,
            pin=self._pin,
            read=self._read,
            stop=lambda row: self._studio.weights_operations.stop(row.weights.id),
            rate=lambda row, stars: self._note(
                row, partial(self._manager.remarks.rate, row.weights.id, stars)
            ),
            note=lambda row, text: self._note(
                row, partial(self._manager.remarks.note, row.weights.id, text)
            ),
            form=lambda row: defaults_form(self._parts, row),
            copy=self._ui.copy,
            is_pinned=lambda row: row.weights.id in self._studio.models.pinned,
        )

    # --- what is shown --------------------------------------------------------------------------

    def _memory(self) -> int:
        """Return the bytes that models may take."""
        total = self._studio.machines.memory("")
        return most_bytes(total, max(0, self._studio.settings.get(MEMORY_LIMIT, 0)))

    def _shown(self, row: Weights) -> WeightsRow:
        return WeightsRow(
            row,
            self._inspected.get(row.id) or self._headers.get(row),
            self._manager.remarks.of(row.id),
            self._uses.get(row.id, ()),
            self._memory(),
        )

    def _show_again(self, weights_id: str) -> None:
        for row in self.table.weights.rows:
            if row.weights.id == weights_id:
                self.table.weights.change(self._shown(row.weights))
        if self.table.current == weights_id:
            self._show_detail()

    def _show_calmly(self, weights_id: str) -> None:
        """Show a row again, but not the form that somebody writes in."""
        is_written_in = self.detail.isAncestorOf(self.focusWidget() or self)
        if not is_written_in or self.table.current != weights_id:
            self._show_again(weights_id)
            return
        for row in self.table.weights.rows:
            if row.weights.id == weights_id:
                now = self._shown(row.weights)
                self.table.weights.change(now)
                self.detail.show_fit(now)

    def _show_detail(self) -> None:
        rows = self.table.weights.rows
        row = next((row for row in rows if row.weights.id == self.table.current), None)
        now = self._studio.weights_operations.of(row.weights.id) if row else None
        self.detail.show_row(row, now, self._said.get(row.weights.id, "") if row else "")

    def _inspect(self, row: Weights) -> None:
        """Let the runtime read the headers: only it may open files from outside."""

        limit = self._limits[row.id] = self._manager.remarks.context_limit(row.id)

        def read(answer: Inspected) -> None:
            self._inspected[row.id] = answer
            self._headers.put(row, answer)
            self._show_calmly(row.id)
            if self._asked <= self._inspected.keys():
                self._parts.background.run(self._headers.save, lambda _: None, self._tell)

        self._studio.runtime_requests.inspect(row.path, read, context_limit=limit)

    def _recall(self, _: object) -> None:
        """Show cached header data until the headers are read again."""
        for row in list(self.table.weights.rows):
            if row.inspected is None:
                self._show_calmly(row.weights.id)

    def _remarked(self, key: str, value: Any) -> None:
        """Ask again how much memory weights take whose context has another limit now."""
        for row in self.table.weights.rows:
            id = row.weights.id
            limit = self._manager.remarks.context_limit(id)
            if key == REMARKS + id and limit != self._limits.get(id, limit):
                self._inspect(row.weights)

    def _used(self, uses: Sequence[Use]) -> None:
        by_weights: dict[str, tuple[Use, ...]] = {}
        for use in uses:
            by_weights[use.weights] = (*by_weights.get(use.weights, ()), use)
        if by_weights != self._uses:
            self._uses = by_weights
            for id in by_weights:
                self._show_again(id)

    def _on_download(self, id: str) -> None:
        self.getting.show_download(id)
        if self._studio.downloads.of(id) is None:  # over, or stopped: the catalogue has looked
            self.refresh()

    def _on_chore(self, id: str) -> None:
        now = self._studio.weights_operations.of(id)
        if id == self.table.current:
            if now is None or not now.is_live:
                self._show_detail()
            else:
                self.detail.show_work(now)

    # --- what the buttons do ---------------------------------------------------------------------

    def _verify(self, row: WeightsRow) -> None:
        id = row.weights.id

        def verified(finding: Any) -> None:
            self._said[id] = finding.sentence
            self._show_again(id)

        self._said.pop(id, None)
        self._studio.weights_operations.run(
            id, row.weights.title, row.weights.bytes,
            lambda progress: self._studio.weights.verify(id, progress), verified,
        )  # fmt: skip

    def _convert(self, row: WeightsRow) -> None:
        weights = row.weights
        self._studio.weights_operations.run(
            weights.id,
            weights.title,
            weights.bytes,
            lambda progress: self._manager.convert(weights, progress),
            self._show_path,
            news=self.tr("{title} was converted. The original file was kept.").format(
                title=weights.title
            ),
        )

    def _remove(self, row: WeightsRow) -> None:
        weights = row.weights
        self._studio.models.unload(weights.id)

        def removed(message: str) -> None:
            self._studio.scans.rescan()
            undo = Action(self.tr("Undo"), lambda: put_back())
            self._studio.notices.warn(message, key=f"remove-{weights.id}", actions=[undo])

        def put_back() -> None:
            self._do(partial(self._manager.put_back, weights))

        self._parts.background.run(lambda: self._manager.remove(weights), removed, self._tell)

    def _pin(self, row: WeightsRow, pinned: bool) -> None:
        self._studio.models.pin(row.weights.id, pinned)
        self._show_again(row.weights.id)

    def _note(self, row: WeightsRow, keep: Any) -> None:
        try:
            keep()
        except StudioError as error:
            self._studio.notices.error(error)
        self._show_calmly(row.weights.id)

    def _read(self, row: WeightsRow) -> None:
        assert row.weights.card is not None
        show_document(self._look, self.window(), row.weights.title, row.weights.card)

    def _do(self, call: Any) -> None:
        self._parts.background.run(call, lambda _: self._studio.scans.rescan(), self._tell)

    def _tell(self, error: Exception) -> None:
        self._studio.notices.error(in_words(error))

    def _added(self, added: Added) -> None:
        if added.header is None:
            self._studio.notices.info(
                self.tr("{folder} was added to your model folders.").format(folder=added.path)
            )
        self._show_path(added.path)

    def _show_path(self, path: Path) -> None:
        self.refresh()
        self.show_view(HERE)
        row = self._manager.at(path)
        if row is not None:
            self.table.choose(row.id)
