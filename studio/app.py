"""The composition root of the window: the only place that knows all its layers. Holds no policy.

In order: paint a window from what the last session left, open the studio, fill the window, start
the runtime. Startup failures are shown in the window.
"""

from __future__ import annotations

# QtGui before anything else: a library that brings its own X client code before Qt's crashes xcb.
from PySide6 import QtGui  # isort: skip

import importlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from studio.base.background import in_words
from studio.base.notices import Action, Level, Notice
from studio.base.paths import StudioPaths
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.theme import ThemeMode
from studio.desktop.main_thread.bridge import Background, Bridge
from studio.desktop.main_thread.cycle_collector import CycleCollector
from studio.desktop.main_thread.unix_signals import SignalWatch
from studio.desktop.main_thread.watchdog import MainThreadWatchdog
from studio.desktop.widgets.focus_ring import ComposerRing
from studio.desktop.window import window_state
from studio.desktop.window.activity import Activity
from studio.desktop.window.crash_report import CrashReports
from studio.desktop.window.shell import MainWindow
from studio.desktop.window.window_state import WindowState
from studio.protocol.errors import Cancelled, ErrorCode, StudioError

if TYPE_CHECKING:
    from studio.base.child import Launch
    from studio.desktop.window.window_session import WindowSession

_log = logging.getLogger("studio.app")
_KEEP_STATE_MS = 15_000
_HEAVY = ("torch", "transformers", "numpy", "rdkit", "pygments", "markdown_it", "ziamath")
CLIPBOARD_IS_QTS = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
"""Platforms of Qt without a window system that keeps what was copied."""
WATCH_STALLS = "STUDIO_WATCH_STALLS"
"""Set to anything while developing: log the stack of whatever holds the window for 100 ms."""
MEASURE = "STUDIO_MEASURE_START"
"""Set to the ``time.time()`` of the start: print what the first paint took, as JSON, and end."""
MINUTES = "STUDIO_MEASURE_MINUTES"
"""Set to the seconds of rest and between two letters, as JSON: measure the first minutes."""


def main(safe_mode: bool = False, only: Sequence[str] = ()) -> int:
    """Show the window until the user closes it; return the exit code."""
    application = make_application()
    app = App(application, safe_mode, tuple(only))
    signals = SignalWatch(app.quit, app.end_calls)
    app.start()
    code = application.exec()
    app.finish()
    signals.close()
    let_go_of_clipboard()
    if app.starts_again:
        _start_again()
    return code


def let_go_of_clipboard() -> None:
    """Take what pages have copied away from a clipboard that ends with this process anyway.

    Without a window system Qt keeps the clipboard itself, and longer than Python lives. Data that
    Python made must not be there then: its destructor asks for the interpreter, which is gone.

    WORKAROUND PySide6 6.8 to 6.11 on the platforms of ``CLIPBOARD_IS_QTS``; no report was found.
    May go when PySide clears the clipboard before the interpreter ends.
    """
    if QtGui.QGuiApplication.platformName() in CLIPBOARD_IS_QTS:
        QtGui.QGuiApplication.clipboard().clear()


def make_application() -> QApplication:
    """Return the application, made on the first call."""
    application = QApplication.instance()
    if isinstance(application, QApplication):
        return application
    application = QApplication(["Offline Studio"])
    application.setApplicationName("offline-studio")
    application.setApplicationDisplayName("Offline Studio")
    application.setDesktopFileName("offline-studio")
    return application


class App(QObject):
    """One run of the window: start, open, fill, finish.

    Attributes:
        session: The open studio; None until it is, or if it cannot be opened.
        starts_again: Whether the studio is to start anew once it has ended.
    """

    def __init__(
        self,
        application: QApplication,
        safe_mode: bool = False,
        only: tuple[str, ...] = (),
        launch: Launch | None = None,
    ) -> None:
        """Make the window; ``launch`` starts another runtime than the usual child process."""
        super().__init__()
        self._collector = CycleCollector(self)
        self._launch = launch
        self._application = application
        self._safe_mode, self._only = safe_mode, only
        self._problem: StudioError | None = None
        self._paths = self._find_home()
        self._state = window_state.load(self._paths.state) if self._paths else WindowState()
        self.look = Appearance.dress(application, _mode(self._state.theme), self._state.language)
        self.look.theme.reduced_motion = self._state.reduced_motion
        self._ring = ComposerRing(application)
        self.activity = Activity()
        self.activity.start_again = self._close_to_start_again
        self.starts_again = False
        self.window = MainWindow(self.look, self.activity, self._state, _copy)
        self._bridge = Bridge(lambda error: sys.excepthook(type(error), error, error.__traceback__))
        self._background = Background(self._bridge)
        self._crashes: CrashReports | None = None
        self.session: WindowSession | None = None
        self._ended = False
        self._watchdog = MainThreadWatchdog() if os.environ.get(WATCH_STALLS) else None
        self._held: MainThreadWatchdog | None = None
        self._keep_timer = QTimer(self)
        self._keep_timer.setInterval(_KEEP_STATE_MS)
        self._keep_timer.timeout.connect(self._keep)

    def start(self) -> None:
        """Show the window; everything else waits for its first frame."""
        self.window.painted.connect(self._on_painted)
        self.window.closing.connect(self._on_closing)
        self.window.may_close = self._may_close
        self.window.show()

    def quit(self) -> None:
        """End as if the user had closed the window, without asking."""
        self.end_calls()
        self.window.may_close = lambda: True
        self.window.close()
        self._application.quit()

    def end_calls(self) -> None:
        """End what plugins of others do in the window right now."""
        if self.session is not None:
            self.session.faults.end_calls()

    def finish(self) -> None:
        """Let go of everything, in the reverse order."""
        self._ended = True
        self._keep_timer.stop()
        for watchdog in (self._watchdog, self._held):
            if watchdog is not None:
                watchdog.close()
        if self.session is not None:
            self.session.close()
        self._background.wait()
        if self._crashes is not None:
            self._crashes.close()
        self.look.theme.close()
        self.look.language.close()
        self._collector.close()

    # --- opening ------------------------------------------------------------------------------

    def _find_home(self) -> StudioPaths | None:
        try:
            return StudioPaths.default()
        except StudioError as error:
            self._problem = error
            return None

    def _on_painted(self) -> None:
        if MEASURE in os.environ:
            _report_start(float(os.environ[MEASURE]))
            self.quit()
            return
        if MINUTES in os.environ:
            from studio.desktop.window.first_minutes import FirstMinutes

            idle_seconds, key_seconds = json.loads(os.environ[MINUTES])
            FirstMinutes(
                self.window,
                lambda: self.session.studio if self.session else None,
                self.quit,
                idle_seconds,
                key_seconds,
            )
        face = QtGui.QIcon()
        for side in (16, 32, 64, 128, 256):
            face.addPixmap(self.look.icons.badge("sparkles", side))
        self._application.setWindowIcon(face)
        # Only now, and beside the window: sqlite, plugin discovery and more cost more than it does.
        self._background.run(
            lambda: importlib.import_module("studio.desktop.window.window_session"),
            lambda _: self._repair(self._paths),
            self._on_import_failed,
        )

    def _repair(self, paths: StudioPaths | None) -> None:
        """Open the studio once its library is sound; where that takes long, say so meanwhile."""
        if paths is None:
            self._open(None)
            return

        def repair() -> list[str]:
            from studio.library.storage import startup

            with suppress(OSError, StudioError, Cancelled):  # opening says what is wrong
                return startup.repair(paths.library, self._on_repaired)
            return []

        self._background.run(
            repair, lambda news: self._open(paths, news), lambda _: self._open(paths)
        )

    def _on_repaired(self, done: int, total: int) -> None:
        """Show how far the library is; called beside the window's thread."""
        if self._ended:
            raise Cancelled
        self._bridge.post(partial(self.window.show_repair, done, total))

    def _on_import_failed(self, error: Exception) -> None:
        problem = StudioError(
            ErrorCode.INTERNAL,
            f"A component cannot be loaded: {error}.",
            "Reinstall Offline Studio.",
        )
        self._show_problem(problem)

    def _open(self, paths: StudioPaths | None, news: Sequence[str] = ()) -> None:
        from studio.desktop import plugin_faults
        from studio.desktop.window.window_session import WindowSession

        if self._ended:
            return
        if paths is None:
            assert self._problem is not None
            self._show_problem(self._problem)
            return
        try:
            self.session = WindowSession.open(
                self.window,
                paths,
                self._bridge,
                self._background,
                safe_mode=self._safe_mode,
                only=self._only,
                launch=self._launch,
            )
        except Exception as error:  # noqa: BLE001  an empty window would say nothing
            _log.error("Offline Studio could not be opened", exc_info=error)
            self._show_problem(in_words(error))
            return
        for message in news:
            self.session.studio.notices.warn(message)
        self._paths = paths
        self._crashes = CrashReports(paths.logs)
        self._crashes.watch(self._keep, self._tell_bug, self.session.faults.lay)
        faults = self.session.faults
        self._held = MainThreadWatchdog(
            plugin_faults.HELD_SECONDS,
            faults.held,
            plugin_faults.LONGEST_SECONDS,
            faults.end_held,
        )
        self.session.offer_report(self._crashes.found)
        self.session.tell_missing_fonts(self.look.fonts.missing)
        self._keep_timer.start()
        # One after the other, with a frame between: rail, page, queue.
        QTimer.singleShot(0, self.session.workspace.open_first)
        QTimer.singleShot(50, self.session.studio.take_up_queue)
        self.session.offer_other_models()

    def _show_problem(self, error: StudioError) -> None:
        """No home, or no library: the window stays and offers a way to go on."""
        self.activity.set_runtime("off")
        self.window.show_problem(
            str(error),
            retry=lambda: self._repair(self._paths or self._find_home()),
            look_around=lambda: self._open(StudioPaths.throwaway()),
            restore=self._restore if self._paths else None,
        )

    def _restore(self) -> None:
        """The library is too damaged to open; its backups need none."""
        from studio.base.settings import Settings
        from studio.desktop.pages.backups.restore_sheet import RestoreSheet
        from studio.library.backups.settings import folder

        paths = self._paths
        assert paths is not None, "without a home there is nowhere to restore to"

        def again() -> None:
            sheet.dismiss()
            self._open(paths)

        sheet = RestoreSheet(
            self.look,
            self.window,
            paths,
            folder(paths, Settings(paths.settings)),
            self._background,
            self._bridge.post,
            again,
        )
        sheet.show_sheet()

    # --- ending -------------------------------------------------------------------------------

    def _close_to_start_again(self) -> None:
        self.starts_again = True
        self.window.close()

    def _may_close(self) -> bool:
        # Rows of the queue that have not begun stay in the library for the next start.
        live = [job for job in self.activity.live() if job.begun or not job.is_row]
        if live:
            self.window.ask_to_close(len(live), self.quit)
        return not live

    def _on_closing(self) -> None:
        self._keep()

    def _keep(self) -> None:
        if self._paths is not None:
            window_state.save(self._paths.state, self.window.keep_state())

    def _tell_bug(self, report: str) -> None:
        notice = Notice(
            Level.ERROR,
            self.tr("An unexpected error occurred in Offline Studio."),
            self.tr("Your work is safe. You can send the report to the developers."),
            key="bug",
            actions=(Action(self.tr("Copy report"), lambda: _copy(report)),),
        )
        self._bridge.post(lambda: self.window.notices.show_notice(notice))


def _start_again() -> None:
    """Become a new studio with the same arguments, or leave one behind where that cannot be."""
    command = [sys.executable, "-P", "-m", "studio", *sys.argv[1:]]
    if sys.platform == "win32":
        subprocess.Popen(command)
    else:
        from studio.base.child import runtime_environment

        os.execve(sys.executable, command, runtime_environment())


def _mode(name: str) -> ThemeMode:
    return ThemeMode(name) if name in set(ThemeMode) else ThemeMode.SYSTEM


def _copy(text: str) -> None:
    QtGui.QGuiApplication.clipboard().setText(text)


def _report_start(started: float) -> None:
    heavy = sorted(name for name in _HEAVY if name in sys.modules)
    report = {"first_paint_seconds": time.time() - started, "heavy_modules": heavy}
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()
