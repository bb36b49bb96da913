"""One open studio in one window: opens it, connects its voices to the shell, closes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTextEdit,
    QToolButton,
    QWidget,
)

from studio.api.window.language import tr_filled
from studio.base.child import Launch
from studio.base.notices import Level, Notice
from studio.base.paths import StudioPaths
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.dictation import Dictation
from studio.desktop.forms.form import ParamsFormWidget
from studio.desktop.main_thread.bridge import Background, Bridge
from studio.desktop.main_thread.first_touch import FirstTouch
from studio.desktop.main_thread.preload import Preload
from studio.desktop.pages import plugin_actions
from studio.desktop.pages.page_frame import HELP
from studio.desktop.plugin_faults import PluginFaults
from studio.desktop.widgets.sheet import Sheet
from studio.desktop.window.about import show_about
from studio.desktop.window.page_registry import DEVICE, OWN, PageRegistry
from studio.desktop.window.palette.commands import Commands, ShellAction, theme_actions
from studio.desktop.window.palette.palette import CommandPalette
from studio.desktop.window.shell import MainWindow
from studio.guide import Guide
from studio.protocol.errors import StudioError
from studio.protocol.messages import Unload
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio
from studio.terminals import Terminals

if TYPE_CHECKING:
    from studio.desktop.window.help_viewer import HelpViewer
    from studio.models.other_programs import OtherProgram

LOOK_MS = 3000
"""Between two looks for new weights: a file whose size stood still for so long is whole."""
BACKUP_MS = 120_000
"""Between two looks whether a backup is due; the first comes when a start is long over."""
STARTED_MS = 3000
"""After the window is filled: by then a start has not failed."""


class WindowSession(QObject):
    """Connects the studio and its workspace to the shell.

    Attributes:
        faults: Faults of plugin code in the window.
    """

    def __init__(
        self, window: MainWindow, studio: Studio, bridge: Bridge, background: Background
    ) -> None:
        super().__init__()
        self.studio, self.window, self._background = studio, window, background
        self.faults = PluginFaults(studio, window.notices.show_notice, bridge.post)
        window.pages.on_fault = studio.plugins.record_fault
        window.pages.opened.connect(lambda page: self.faults.page_opened(window.pages.spec(page)))
        self.workspace = PageRegistry(studio, window, background)
        self._plugin_actions = plugin_actions.PluginActions(
            studio, self.workspace.ui, background, lambda: window
        )
        self.dictation = Dictation(window.center, self.workspace.context)
        center = window.center
        self.guide = Guide(
            studio.plugins, language=window.look.language.in_force, translate=declared
        )
        window.panel.help_asked.connect(self.show_help_on_panel)
        window.pages.opened.connect(self._on_page)
        self._commands = Commands(
            self.workspace,
            self._shell_actions(),
            self.guide,
            lambda address: self.help.open(address),
        )
        self.palette = CommandPalette(
            window.look, center, self._commands.collect, window.state.used
        )
        self._terminals = Terminals(studio)
        self._connect_notices()
        self._connect_activity()
        self._bind()
        window.files_dropped.connect(self._on_files)
        self._looking = QTimer(self)
        self._looking.timeout.connect(studio.scans.look)
        self._looking.start(LOOK_MS)
        self._backing_up = QTimer(self)
        self._backing_up.timeout.connect(studio.backups.look)
        self._backing_up.start(BACKUP_MS)
        # Whatever plugins do to the start, they have done by then.
        QTimer.singleShot(STARTED_MS, self, lambda: background.run(studio.plugin_store.proved))
        self._warming = Preload(self.workspace.page_packages(), self)
        self._touch = FirstTouch(window.windowHandle(), studio.runtime.start, self)
        self._touch.wait()
        studio.on_runtime(lambda state, _reason: self._touch.wait(state is RuntimeState.OFF))

    @classmethod
    def open(
        cls,
        window: MainWindow,
        paths: StudioPaths,
        bridge: Bridge,
        background: Background,
        *,
        safe_mode: bool = False,
        only: Sequence[str] = (),
        launch: Launch | None = None,
    ) -> Self:
        """Open the studio below ``paths`` and fill the window.

        Raises:
            StudioError: There is no home, or the library cannot even be read.
        """
        studio = Studio.open(
            post=bridge.post, home=paths, safe_mode=safe_mode, only=only, launch=launch
        )
        return cls(window, studio, bridge, background)

    def close(self) -> None:
        """End all jobs and let go of the library."""
        self._looking.stop()
        self._touch.wait(False)
        self._warming.close()
        self.workspace.serving.close()
        self._terminals.close()
        self.studio.close()
        self.faults.close()

    def offer_report(self, report: str) -> None:
        """Tell of a crash in the last session; its report can be copied, nothing is sent.

        The page of a plugin that it happened in is not opened again without the user.
        """
        plugin = self.faults.tell_death(report, self.workspace.ui.copy)
        spec = self.window.pages.spec(self.window.state.page)
        if plugin and spec is not None and spec.plugin_id == plugin:
            self.window.state.page = ""

    def tell_missing_fonts(self, missing: Sequence[str]) -> None:
        """Say once that the system's fonts stand in."""
        notices = self.window.state.told
        if missing and "fonts" not in notices:
            notices.append("fonts")
            names = ", ".join(missing)
            self._notice(
                Level.INFO,
                self.tr("Fonts are missing: {names}.").format(names=names),
                self.tr("System fonts are used instead. Reinstall Offline Studio to restore them."),
            )

    def offer_other_models(self) -> None:
        """Offer the models of other programs on this machine, once for each program."""
        studio = self.studio
        external, background = studio.weights_manager.external, self._background

        def use(programs: Sequence[OtherProgram]) -> None:
            for program in programs:
                external.switch(program.id, True)
            studio.scans.rescan()

        def offer(programs: Sequence[OtherProgram]) -> None:
            if programs:
                names = ", ".join(program.title for program in programs)
                words = self.tr(
                    "Models of {names} were found on this computer. They can be used where they "
                    "are, unchanged."
                )
                studio.notices.offer(
                    words.format(names=names),
                    self.tr("Use them"),
                    lambda: use(programs),
                    key="models.neighbours",
                )

        background.run(external.news, offer, studio.notices.error)

    # --- connections --------------------------------------------------------------------------

    def _connect_notices(self) -> None:
        notices, area = self.studio.notices, self.window.notices
        notices.tr = lambda text: QCoreApplication.translate("notices", text)
        for notice in notices.all:
            area.show_notice(notice)
        notices.on_notice(area.show_notice)
        notices.on_dismissed(area.withdraw)
        health = self.studio.library.health
        if self.studio.library.read_only:
            self.window.banner.say(tr_filled(health.message), tr_filled(health.hint))
        elif self.studio.paths.temporary:
            self.window.banner.say(
                self.tr("Nothing you create in this session will be saved."),
                self.tr("There is no writable data folder, so a temporary one is used."),
            )

    def _connect_activity(self) -> None:
        activity, studio = self.window.activity, self.studio
        activity.watch(studio.jobs)
        activity.unload = lambda weights: studio.runtime.send(Unload(weights))
        activity.restart = studio.runtime.restart
        activity.show_device = lambda: self.window.go_to(DEVICE)
        activity.set_runtime(str(studio.runtime.state), studio.runtime.reason)
        studio.on_runtime(lambda state, reason: activity.set_runtime(str(state), reason))
        studio.on_status(activity.set_status)
        log = studio.connections
        activity.plugin_title = studio.plugins.title

        def show() -> None:
            activity.set_connections(log.count, log.blocked, tuple(log.attempts))

        log.on_change(show)
        show()

    def _on_files(self, paths: list[Path]) -> None:
        """Pass each dropped file to the first plugin that accepts it."""
        for path in paths:
            if path.suffix in plugin_actions.SUFFIXES:
                self._plugin_actions.install(path)
                continue
            answers = self.studio.plugins.call_each(
                "studio_open_file",
                lambda plugin: {"ctx": self.workspace.context(plugin)},
                path=path,
            )
            answer = next(answers, None)
            if answer is None:
                self._notice(
                    Level.INFO,
                    self.tr("This page can't open {name}.").format(name=path.name),
                    self.tr(
                        "Drop it on a field that takes files, or install a plugin that supports it."
                    ),
                )
                continue
            plugin, run = answer
            try:
                self.studio.plugins.guard(plugin, "opening a file", run)
            except StudioError as error:
                self.studio.notices.error(error)

    # --- actions ------------------------------------------------------------------------------

    def _shell_actions(self) -> list[ShellAction]:
        window = self.window
        return [
            ShellAction(
                "palette",
                self.tr("Command palette"),
                self._toggle_palette,
                "command",
                "Ctrl+K",
                False,
            ),
            ShellAction(
                "rail", self.tr("Show or hide page names"), window.toggle_rail, "panel-left"
            ),
            ShellAction(
                "panel",
                self.tr("Show or hide parameters"),
                window.toggle_panel,
                "panel-right",
                "Ctrl+\\",
            ),
            ShellAction(
                "jobs", self.tr("Show or hide jobs"), window.drawer.toggle, "activity", "Ctrl+J"
            ),
            ShellAction(
                "settings", self.tr("Settings"), self._open_settings, "settings", "Ctrl+,", False
            ),
            ShellAction("dictate", self.tr("Dictate"), self.dictation.toggle, "mic", "F9"),
            *theme_actions(window.look.theme.set_mode),
            ShellAction(
                "motion", self.tr("Reduce motion: on or off"), self._toggle_motion, "accessibility"
            ),
            ShellAction(
                "restart", self.tr("Restart runtime"), self.studio.runtime.restart, "rotate-cw"
            ),
            ShellAction("help", self.tr("Help"), self.show_help, "circle-question-mark", "F1"),
            ShellAction(
                "shortcuts",
                self.tr("Keyboard shortcuts"),
                self.show_shortcuts,
                "keyboard",
                "Shift+F1",
            ),
            ShellAction("about", self.tr("About and licences"), self.show_about, "info"),
            ShellAction("quit", self.tr("Quit"), window.close, "log-out", "Ctrl+Q"),
        ]

    def _bind(self) -> None:
        for action in self._commands.shell:
            if action.shortcut:
                self.window.shortcut(action.shortcut, action.run)
        self.window.shortcut("?", self._on_question_mark)

    def _toggle_palette(self) -> None:
        self.palette.toggle()

    def _open_settings(self) -> None:
        self.window.go_to(f"{OWN}settings")

    def _toggle_motion(self) -> None:
        theme = self.window.look.theme
        theme.reduced_motion = not theme.reduced_motion

    def _on_question_mark(self) -> None:
        # A question mark that somebody writes is a letter, not a cry for help.
        if not isinstance(QApplication.focusWidget(), QLineEdit | QTextEdit | QPlainTextEdit):
            self.show_shortcuts()

    @cached_property
    def help(self) -> HelpViewer:
        """The help, built when it is first wanted."""
        from studio.desktop.window.help_viewer import HelpViewer

        open_link = self.workspace.ui.open_link
        return HelpViewer(
            self.window.look, self.window.center, self.guide, open_link, self._help_room
        )

    def show_help(self) -> None:
        """Open the help where it describes the form with the keyboard, or the page in view."""
        widget = QApplication.focusWidget()
        if widget is not None and self.help.isAncestorOf(widget):
            self.help.dismiss()
            return
        while widget is not None and not isinstance(widget, ParamsFormWidget):
            widget = widget.parentWidget()
        self.help.open(self._address(widget))

    def show_help_on_panel(self) -> None:
        """Open the help where it describes the form in the panel."""
        forms = self.window.panel.findChildren(ParamsFormWidget)
        self.help.open(self._address(next((form for form in forms if form.isVisible()), None)))

    def _address(self, form: ParamsFormWidget | None) -> str:
        """Return the address for a form, else for the page in view."""
        described = self.guide.address_of_params(form.params) if form is not None else ""
        page = self.window.pages.current
        return described or self.guide.address_of_page(page) or self.guide.address_of_task(page)

    def _help_room(self) -> tuple[int, int]:
        panel = self.window.panel
        width = panel.width() if panel.isVisible() else 0
        return width, self.window.status_bar.height()

    def _on_page(self, page_id: str) -> None:
        """Connect the *?* in the head of a page that is new."""
        page = self.window.pages.page(page_id)
        for button in page.widget.findChildren(QToolButton, HELP) if page is not None else ():
            if not button.property("connected"):
                button.setProperty("connected", True)
                button.clicked.connect(lambda: self.help.open(self._address(None)))

    def show_about(self) -> None:
        """Open the about sheet."""
        show_about(self.window.look, self.window.center)

    def show_shortcuts(self) -> None:
        """Open the list of shortcuts."""
        show_shortcuts(self.window.look, self.window.center, self._shortcut_groups())

    def _shortcut_groups(self) -> list[Group]:
        pages = [(b.spec.title, _native(b.keys)) for b in self.window.rail.buttons() if b.keys]
        here = [(a.title, _native(a.shortcut)) for a in self._commands.actions_here() if a.shortcut]
        shell = [(a.title, _native(a.shortcut)) for a in self._commands.shell if a.shortcut]
        return [
            (self.tr("This page"), here),
            (self.tr("Application"), shell),
            (self.tr("Pages"), pages),
        ]

    def _notice(self, level: Level, message: str, hint: str = "") -> None:
        self.window.notices.show_notice(Notice(level, message, hint))


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


Group = tuple[str, Sequence[tuple[str, str]]]
"""A heading, and its (what it does, keys)."""


def show_shortcuts(look: Appearance, window: QWidget, groups: Sequence[Group]) -> None:
    """Open the sheet."""
    sheet = Sheet(look, window, QCoreApplication.translate("shortcuts", "Keyboard shortcuts"), 560)
    inside = QWidget()
    grid = QGridLayout(inside)
    grid.setContentsMargins(0, 0, 8, 0)
    grid.setVerticalSpacing(9)
    grid.setColumnStretch(0, 1)
    for heading, rows in groups:
        if not rows:
            continue
        label = look.label(heading, "section")
        label.setContentsMargins(0, 8 if grid.rowCount() > 1 else 0, 0, 2)
        grid.addWidget(label, grid.rowCount(), 0, 1, 2)
        for what, keys in rows:
            row = grid.rowCount()
            grid.addWidget(look.label(what), row, 0)
            grid.addWidget(_keys(look, keys), row, 1, Qt.AlignmentFlag.AlignRight)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    area.setMinimumHeight(min(440, inside.sizeHint().height() + 4))
    sheet.body.addWidget(area)
    sheet.show_sheet()


def _keys(look: Appearance, keys: str) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    for key in keys.split("+") if keys != "+" else [keys]:
        row.addWidget(look.label(key, "key"))
    return box
