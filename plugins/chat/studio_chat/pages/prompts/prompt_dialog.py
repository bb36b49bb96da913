"""The window of saved prompts: write, sort into folders, insert, bring in, take out."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role, StudioError, WorkQueue
from studio.api.window.language import tr
from studio_chat.pages import whole_file
from studio_chat.pages.prompts import saved_file
from studio_chat.pages.prompts.saved import MAX_NAME, MAX_TEXT, Preset, Prompt, Shelf

_SIZE = QSize(820, 560)
_NAME = Qt.ItemDataRole.UserRole
_KEEP_MS = 500


class PromptDialog(QDialog):
    """All prompts at the left, by folder; the chosen one at the right. Saves edits.

    Signals:
        chosen: The text of a prompt to insert.
    """

    chosen = Signal(str)

    def __init__(
        self, ctx: PluginContext, shelf: Shelf, work_queue: WorkQueue, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ctx, self._shelf, self._work_queue = ctx, shelf, work_queue
        self._name = ""
        """The prompt that is shown; empty for a new one."""
        self.setWindowTitle(tr("Prompts"))
        self.resize(_SIZE.boundedTo(parent.size()).expandedTo(QSize(600, 420)))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search prompts"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _text: self._list())
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName(tr("Prompts"))
        self.tree.currentItemChanged.connect(self._on_current)
        self.tree.itemActivated.connect(lambda _item, _column: self._insert())
        self.name = QLineEdit()
        self.name.setMaxLength(MAX_NAME)
        self.name.setPlaceholderText(tr("Name, as in “Summarise letter”"))
        self.name.setAccessibleName(tr("Name"))
        self.folder = QLineEdit()
        self.folder.setMaxLength(MAX_NAME)
        self.folder.setPlaceholderText(tr("Folder (optional)"))
        self.folder.setAccessibleName(tr("Folder"))
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(tr("Text"))
        self.text.setPlaceholderText(
            tr("Write to {name} that …\n\nWords in curly brackets are filled in when it is used.")
        )
        self.text.setTabChangesFocus(True)
        self._usage = ctx.ui.label("", Role.SMALL)
        self.trouble = ctx.ui.trouble_row()
        self._timer = QTimer(self, singleShot=True, interval=_KEEP_MS)
        self._timer.timeout.connect(self.keep)
        for field in (self.name, self.folder):
            field.textEdited.connect(lambda _text: self._timer.start())
        self._lay_out()
        self._list()
        first = self._items()
        if first:
            self.tree.setCurrentItem(first[0])
        self.text.textChanged.connect(self._timer.start)
        QShortcut(QKeySequence("Ctrl+N"), self, self.new)
        (self.tree if first else self.name).setFocus()

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        new = ui.button(tr("New"), "plus", tip=tr("New prompt (Ctrl+N)"))
        new.clicked.connect(lambda: self.new())
        self._delete = ui.button(tr("Delete"), "trash-2")
        self._delete.clicked.connect(lambda: self._remove())
        bring = ui.button(tr("Import…"), "upload")
        bring.clicked.connect(lambda: self.bring_in())
        take = ui.button(tr("Export…"), "download")
        take.clicked.connect(lambda: self.take_out())
        self._use = ui.button(tr("Insert"), "corner-down-left", primary=True)
        self._use.clicked.connect(lambda: self._insert())
        close = ui.button(tr("Close"))
        close.clicked.connect(self.accept)
        for button in (new, self._delete, bring, take, close, self._use):
            button.setAutoDefault(False)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self.search)
        left.addWidget(self.tree, 1)
        right.addWidget(self.name)
        right.addWidget(self.folder)
        right.addWidget(self.text, 1)
        right.addWidget(self._usage)
        middle, foot = QHBoxLayout(), QHBoxLayout()
        middle.setSpacing(16)
        middle.addLayout(left, 2)
        middle.addLayout(right, 3)
        for widget in (new, self._delete, bring, take):
            foot.addWidget(widget)
        foot.addStretch(1)
        foot.addWidget(close)
        foot.addWidget(self._use)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(ui.label(tr("Prompts"), Role.HEADING))
        column.addLayout(middle, 1)
        column.addWidget(self.trouble.widget)
        column.addLayout(foot)

    # --- the list -----------------------------------------------------------------------------

    def _list(self) -> None:
        wanted, folders = self.search.text().lower().strip(), dict[str, QTreeWidgetItem]()
        self.tree.blockSignals(True)
        self.tree.clear()
        for prompt in sorted(self._shelf.prompts, key=lambda entry: entry.name.lower()):
            if wanted not in f"{prompt.name} {prompt.folder} {prompt.text}".lower():
                continue
            item = QTreeWidgetItem([prompt.name])
            item.setIcon(0, self._ctx.ui.icon("bookmark", "mute"))
            item.setData(0, _NAME, prompt.name)
            if prompt.folder and prompt.folder not in folders:
                folder = folders[prompt.folder] = QTreeWidgetItem(self.tree, [prompt.folder])
                folder.setIcon(0, self._ctx.ui.icon("folder", "mute"))
                folder.setFlags(Qt.ItemFlag.ItemIsEnabled)
            if prompt.folder:
                folders[prompt.folder].addChild(item)
            else:
                self.tree.addTopLevelItem(item)
            if prompt.name == self._name:
                self.tree.setCurrentItem(item)
        self.tree.expandAll()
        self.tree.blockSignals(False)
        self._show_state()

    def _items(self) -> list[QTreeWidgetItem]:
        tops = [self.tree.topLevelItem(n) for n in range(self.tree.topLevelItemCount())]
        items: list[QTreeWidgetItem | None] = []
        for top in filter(None, tops):
            items += [top.child(n) for n in range(top.childCount())] or [top]
        return list(filter(None, items))

    def _on_current(self, item: QTreeWidgetItem | None, _before: object) -> None:
        if item is not None and (name := item.data(0, _NAME)):
            self.keep()
            self._show(next((p for p in self._shelf.prompts if p.name == name), Prompt("", "")))

    def _show(self, prompt: Prompt) -> None:
        self._name = prompt.name
        self.text.blockSignals(True)
        self.name.setText(prompt.name)
        self.folder.setText(prompt.folder)
        self.text.setPlainText(prompt.text)
        self.text.blockSignals(False)
        self._timer.stop()
        self._show_state()

    def _show_state(self) -> None:
        self._delete.setEnabled(bool(self._name))
        self._use.setEnabled(bool(self.text.toPlainText().strip()))
        handle = Prompt(self.name.text(), "").handle
        words = tr("Type /{name} in a message to insert it.").format(name=handle)
        self._usage.setText(words if handle else "")

    # --- what the user does -------------------------------------------------------------------

    def new(self) -> None:
        """Begin another prompt."""
        self.keep()
        self.tree.clearSelection()
        self._show(Prompt("", ""))
        self.name.setFocus()

    def keep(self) -> None:
        """Save the edits, once the prompt has a name and a text."""
        self._timer.stop()
        name, text = " ".join(self.name.text().split()), self.text.toPlainText()
        folder = " ".join(self.folder.text().split())
        if not name or not text.strip():
            self._show_state()
            return
        taken = any(other.name.lower() == name.lower() for other in self._shelf.prompts)
        if taken and name.lower() != self._name.lower():
            self.trouble.tell(tr("There is already a prompt named “{name}”.").format(name=name))
            return
        if len(text) > MAX_TEXT:
            words = tr("A prompt can have at most {most} characters.").format(most=f"{MAX_TEXT:,}")
            self.trouble.tell(words)
            return
        self.trouble.hide()
        prompt = Prompt(name, text, folder)
        if prompt not in self._shelf.prompts:
            self._shelf.put_prompt(prompt, self._name)
            self._name = name
            self._list()

    def _remove(self) -> None:
        prompt = next((entry for entry in self._shelf.prompts if entry.name == self._name), None)
        if prompt is None:
            return
        self._shelf.remove_prompt(prompt.name)
        self._show(Prompt("", ""))
        self._list()
        words = tr("“{name}” was deleted.").format(name=prompt.name)
        self._ctx.notices.offer(
            words, tr("Undo"), lambda: self._shelf.put_prompt(prompt), key="chat.prompt"
        )

    def _insert(self) -> None:
        self.keep()
        if text := self.text.toPlainText().strip():
            self.accept()
            self.chosen.emit(text)

    def done(self, result: int) -> None:
        """Save the last edits."""
        self.keep()
        super().done(result)

    # --- files --------------------------------------------------------------------------------

    def take_out(self) -> None:
        """Write all prompts, and as JSON the presets too, to a file that the user names."""
        self.keep()
        path = self._ctx.ui.save_file(tr("Export prompts"), "prompts.json", saved_file.SUFFIXES)
        if path is None:
            return
        path = path if path.suffix else path.with_suffix(".json")
        data = saved_file.written(self._shelf.prompts, self._shelf.presets, path.suffix)
        words = tr("Saved as {name}.").format(name=path.name)
        self._work_queue.do(
            lambda: whole_file.write(path, data),
            lambda _none: self._ctx.notices.info(words, key="chat.prompts"),
            self._refused,
        )

    def bring_in(self) -> None:
        """Take in the prompts and presets of a file."""
        for path in self._ctx.ui.pick_files(tr("Import prompts"), saved_file.SUFFIXES):
            self._work_queue.do(partial(saved_file.read, path), self._took, self._refused)

    def _took(self, imported: tuple[list[Prompt], list[Preset]]) -> None:
        try:
            count = self._shelf.add_all(*imported)
        except StudioError as error:
            self._refused(error)
            return
        self.trouble.hide()
        self._list()
        words = tr("{count} prompts and presets were imported.") if count else tr("Nothing new.")
        self._ctx.notices.info(words.format(count=count), key="chat.prompts")

    def _refused(self, error: StudioError) -> None:
        self.trouble.tell(error)
