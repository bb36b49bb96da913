"""Plugins that keep the window to themselves by dialogs or loops: noticed, and ended if the user
wants. Knows nothing of pages; ``PluginFaults`` says whose code is whose."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from types import FrameType
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget

IN_A_ROW = 3
"""So many dialogs of one call of a plugin are nobody's business."""
_LOOK_MS = 250
_SEEN = "studioSeen"

Owner = Callable[[FrameType], str]
"""Frame → the id of the plugin of others whose code it is; empty for none."""


class Ended(BaseException):
    """Raised inside a plugin to abort it; not caught by ``except Exception``."""


class PluginDialogs(QObject):
    """Counts the dialogs that a plugin opens one behind the other, and offers to stop it."""

    def __init__(self, owner: Owner, title: Callable[[str], str], stop: Callable[[str], object]):
        """``stop`` disables a plugin; its open dialogs are aborted here."""
        super().__init__()
        self._owner, self._title, self._stop = owner, title, stop
        self._frame: FrameType | None = None
        self._count, self._most = 0, IN_A_ROW
        self._offer: QMessageBox | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def watch(self, on: bool) -> None:
        """Look, or look no more: with code of others in the window, or without."""
        if on != self._timer.isActive():
            self._timer.start() if on else self._timer.stop()

    def look(self) -> None:
        """Take in whether one more dialog is open; called inside its event loop."""
        frames = list(_frames(self._owner))
        if not frames:
            self._frame, self._count, self._most = None, 0, IN_A_ROW  # its call has returned
            return
        dialog, (plugin, frame) = QApplication.activeModalWidget(), frames[-1]
        if dialog is None or dialog is self._offer or dialog.property(_SEEN):
            return
        dialog.setProperty(_SEEN, True)
        self._count = self._count + 1 if frame is self._frame else 1
        self._frame = frame
        if self._count > self._most and self._offer is None:
            self._most *= 2
            self._ask(plugin)

    def _ask(self, plugin: str) -> None:
        title = self._title(plugin)
        self._offer = offer = QMessageBox(
            QMessageBox.Icon.Warning,
            title,
            self.tr("The plugin {title} opens one dialog after another.").format(title=title),
        )
        offer.setInformativeText(self.tr("Stopping it leaves everything else as it is."))
        yes = offer.addButton(
            self.tr("Stop {title}").format(title=title), QMessageBox.ButtonRole.AcceptRole
        )
        offer.addButton(self.tr("Let it continue"), QMessageBox.ButtonRole.RejectRole)
        offer.setWindowModality(Qt.WindowModality.ApplicationModal)

        def answered(_: int) -> None:
            self._offer = None
            is_yes = offer.clickedButton() is yes
            offer.deleteLater()
            if is_yes:
                self._stop(plugin)
                self.end({plugin})

        offer.finished.connect(answered)
        offer.open()

    def end(self, plugins: Collection[str] = ()) -> bool:
        """End what plugins of others do on the stack, those of ``plugins`` or all: their dialogs
        close, and their code goes on with an exception. False if none is there."""
        frames = [
            candidate
            for plugin, candidate in _frames(self._owner)
            if plugin in (plugins or {plugin})
        ]
        if not frames:
            return False
        for frame in frames:
            frame.f_trace = _end
        # Wakes up the traces of the frames; lasts until the first of them has raised.
        sys.settrace(lambda *_: None)
        while (dialog := QApplication.activeModalWidget()) is not None:
            _close(dialog)
            if QApplication.activeModalWidget() is dialog:
                break
        return True


def _end(frame: FrameType, event: str, argument: Any) -> Any:
    raise Ended


def _close(dialog: QWidget) -> None:
    """Close a dialog, one that has no button for that, too: its event loop returns."""
    if isinstance(dialog, QDialog):
        dialog.done(QDialog.DialogCode.Rejected.value)
    else:
        dialog.close()


def _frames(owner: Owner) -> Iterator[tuple[str, FrameType]]:
    """Yield the frames of plugins of others on this thread's stack, innermost first."""
    frame = sys._getframe(1).f_back
    while frame is not None:
        if plugin := owner(frame):
            yield plugin, frame
        frame = frame.f_back
