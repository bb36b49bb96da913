"""The window that shows the copying. What it does is in ``installer`` and its neighbours."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio_installation import removal
from studio_installation.order import Order
from studio_installation.payload import Stopped
from studio_installation.places import Place, Problem
from studio_installation.words import tr

WIDTH, STEPS, GAP = 560, 1000, 16


class _News(QObject):
    """What the copying thread tells the window."""

    progress = Signal(str, int)
    ended = Signal(str, str)
    done = Signal(str)


class SetupWindow(QWidget):
    """Asks where, shows how far it is, says what came of it.

    Attributes:
        code: The exit code so far.
    """

    def __init__(self, order: Order) -> None:
        """Offer to carry out ``order``."""
        super().__init__()
        self.code = 130
        self._order, self._news, self._stop = order, _News(), threading.Event()
        self._thread: threading.Thread | None = None
        install = order.verb == "install"
        title = {
            "install": tr("Install Offline Studio"),
            "repair": tr("Repair Offline Studio"),
            "uninstall": tr("Uninstall Offline Studio"),
        }[order.verb]
        self.setWindowTitle(title)
        self._title = QLabel(title)
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self._title.setFont(font)
        self._text = QLabel(self._offer())
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._folder = QLineEdit(str(order.place.prefix))
        self._folder.setAccessibleName(tr("Folder"))
        self._browse = QPushButton(tr("Choose…"))
        self._browse.clicked.connect(self._choose)
        for part in (self._folder, self._browse):
            part.setVisible(install)
        self._bar = QProgressBar()
        self._bar.setRange(0, STEPS)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress"))
        # Its place is kept, so that nothing moves when it appears.
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)
        self._bar.hide()
        self._cancel = QPushButton(tr("Cancel"))
        self._cancel.clicked.connect(self.close)
        label = {"install": tr("Install"), "repair": tr("Repair"), "uninstall": tr("Uninstall")}
        self._start = QPushButton(label[order.verb])
        self._start.setDefault(True)
        self._start.clicked.connect(self.start)
        self._lay_out()
        self._start.setFocus()  # of this window, which it has come into; Cancel would be the first
        self._news.progress.connect(self._on_progress)
        self._news.done.connect(self._on_done)
        self._news.ended.connect(self._on_ended)

    def _lay_out(self) -> None:
        where = QHBoxLayout()
        where.addWidget(self._folder)
        where.addWidget(self._browse)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._start)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP * 3 // 2, GAP, GAP * 3 // 2, GAP)
        column.setSpacing(GAP)
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addLayout(where)
        column.addWidget(self._bar)
        column.addStretch()
        column.addLayout(buttons)
        self.setFixedWidth(WIDTH)

    def _offer(self) -> str:
        order = self._order
        if order.verb == "uninstall":
            return tr(
                "The program in {place} will be deleted. Your library, with all results, "
                "conversations and models that you added, stays in {folder}."
            ).format(place=order.place.prefix, folder=removal.library_folder())
        if order.verb == "repair":
            return tr(
                "Every file in {place} will be checked, and brought back where it is damaged. "
                "Your library is not touched."
            ).format(place=order.place.prefix)
        assert order.payload is not None
        assert order.release is not None
        return tr(
            "Version {version}, {size} GB. Nothing is downloaded, now or at the first start. "
            "A version that is installed there stays until the new one is whole."
        ).format(version=order.release.version, size=f"{order.payload.unpacked / 1e9:.1f}")

    def start(self) -> None:
        """Begin, beside the window's thread."""
        if self._order.verb == "install":
            chosen = Path(self._folder.text()).expanduser().absolute()
            self._order = dataclasses.replace(self._order, place=Place(chosen))
        for part in (self._folder, self._browse, self._start):
            part.setEnabled(False)
        self._bar.show()
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, name="setup")
        self._thread.start()

    def _work(self) -> None:
        try:
            self._news.done.emit(self._order.carry_out(self._told))
        except Problem as problem:
            self._news.ended.emit(str(problem), problem.hint)
        except Stopped:
            self._news.ended.emit(tr("Stopped. Nothing was changed."), "")
        except Exception as error:  # noqa: BLE001 - the border of the process: no tracebacks
            self._news.ended.emit(tr("Something unexpected went wrong."), repr(error))

    def _told(self, what: str, done: int, of: int) -> None:
        if self._stop.is_set():
            raise Stopped
        self._news.progress.emit(what, STEPS * done // max(of, 1))

    def _on_progress(self, what: str, step: int) -> None:
        if self._text.text() != what:
            self._text.setText(what)
        self._bar.setValue(step)

    def _on_done(self, sentence: str) -> None:
        self.code = 0
        self._finish(sentence)
        self._start.hide()
        if self._order.verb == "install":
            self._start = _replaced(self._start, tr("Open Offline Studio"), self._open)

    def _on_ended(self, sentence: str, hint: str) -> None:
        self.code = 1
        self._finish(f"{sentence}\n{hint}".strip())
        for part in (self._folder, self._browse, self._start):
            part.setEnabled(True)
        self._start.setText(tr("Try again"))

    def _finish(self, text: str) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._text.setText(text)
        self._bar.hide()
        self._cancel.setText(tr("Close"))

    def _open(self) -> None:
        program = self._order.place.link / "bin/studio"
        subprocess.Popen([str(program)], start_new_session=True, cwd=Path.home())
        self.close()

    def _choose(self) -> None:
        found = QFileDialog.getExistingDirectory(self, tr("Folder"), self._folder.text())
        if found:
            self._folder.setText(str(Path(found) / "offline-studio"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses the button that has the focus, or the one that starts."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self.focusWidget()
            (focused if isinstance(focused, QPushButton) else self._start).click()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the copying first, and tell what came of that."""
        if self._thread is not None:
            self._stop.set()
            event.ignore()


def _replaced(old: QPushButton, text: str, pressed: object) -> QPushButton:
    old.clicked.disconnect()
    old.clicked.connect(pressed)
    old.setText(text)
    old.setEnabled(True)
    old.show()
    return old


def show(order: Order) -> int:
    """Show the window until it is closed; return the exit code."""
    application = QApplication.instance() or QApplication([sys.argv[0]])
    assert isinstance(application, QApplication)
    application.setDesktopFileName("offline-studio")
    for folder in (Path(sys.prefix).parent, order.place.link):
        icon = folder / "share/icons/hicolor/256x256/apps/offline-studio.png"
        if icon.is_file():
            application.setWindowIcon(QIcon(str(icon)))
            break
    window = SetupWindow(order)
    window.show()
    application.exec()
    return window.code
