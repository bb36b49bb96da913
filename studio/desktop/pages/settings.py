"""The Settings page: how it looks, where things are, what may be cleaned up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from studio.api.params import Params
from studio.api.window.context import Page, PluginContext
from studio.base.energy.settings import EnergySettings
from studio.base.runtime_settings import TextEngineSettings
from studio.desktop import phrases
from studio.desktop.appearance.language import NAMES, SYSTEM, Language, declared
from studio.desktop.appearance.theme import ThemeMode
from studio.desktop.forms.form import ParamsFormWidget
from studio.desktop.pages.backups.controls import BackupControls
from studio.desktop.pages.device_picker import DevicePicker
from studio.desktop.pages.disclosure_choice import DisclosureChoice
from studio.desktop.pages.gallery.library_bin import ask_empty_bin, contents
from studio.desktop.pages.grid_choice import offer_countries
from studio.desktop.pages.machines.machine_list import MachineList
from studio.desktop.pages.page_frame import Column, PageFrame, card
from studio.desktop.pages.page_services import PageServices
from studio.desktop.pages.server_keys import ServerKeys
from studio.desktop.pages.servers.server_list import ServerList
from studio.desktop.widgets.no_wheel import NoWheelComboBox
from studio.desktop.widgets.switch import Switch
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.desktop.window.local_server import ServerSettings, ServerSwitch
from studio.jobs import queue_start
from studio.jobs.queue_start import QueueStart
from studio.models.download.hub import NEVER
from studio.plugins.isolation import IsolationSettings

if TYPE_CHECKING:
    from studio.library import Stats


def build(parts: PageServices) -> Page:
    """Return the Settings page."""
    page = SettingsPage(parts)
    return Page(page, focus=page.search.setFocus)


@dataclass
class _Section:
    """A heading and its card; each row with the words that it is found by."""

    title: str
    heading: QWidget
    frame: QWidget
    rows: list[tuple[str, QWidget]] = field(default_factory=list)


class SettingsPage(QWidget):
    """Sections of rows; the field on top finds a row by its words.

    Attributes:
        search: That field.
    """

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts = parts
        self._studio, self._ui, self._background = parts.studio, parts.ui, parts.background
        self._look, self._context_of = parts.ui.look, parts.context_of
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        frame = PageFrame(self._look, self.tr("Settings"))
        layout.addWidget(frame)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search settings"))
        self.search.setAccessibleName(self.tr("Search settings"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(240)
        self.search.textChanged.connect(self._filter)
        frame.controls.addWidget(self.search)
        self._column = Column(760)
        frame.body.addWidget(self._column, 1)
        self._sections: list[_Section] = []
        self._nothing = self._look.label(self.tr("No setting has these words."), "mute")
        self._nothing.hide()
        self._column.cards.addWidget(self._nothing)
        self._appearance()
        self._plugins()
        self._library()
        self._backups()
        self._runtime()
        self._machines()
        self._server(parts.serving)
        self._tools()
        self._privacy()
        self._column.cards.addStretch(1)  # a card alone keeps its height

    def showEvent(self, event: QShowEvent) -> None:
        """Count the library again: something may have been made, binned or restored meanwhile."""
        super().showEvent(event)
        self._disclosure.follow()
        self._count()
        self._studio.backups.refresh()

    # --- sections -----------------------------------------------------------------------------

    def _appearance(self) -> None:
        theme = self._look.theme
        column = self._section(self.tr("Appearance"))
        modes = (
            (str(ThemeMode.SYSTEM), "", self.tr("Match system")),
            (str(ThemeMode.LIGHT), "", self.tr("Light")),
            (str(ThemeMode.DARK), "", self.tr("Dark")),
        )
        self._mode = choice = SwitchBar(self._look, self.tr("Theme"), modes)
        self._follow_theme()
        theme.changed.connect(self._follow_theme)
        choice.on_choose(lambda mode: theme.set_mode(ThemeMode(mode)))
        self._row(
            column,
            self.tr("Theme"),
            self.tr("If the system has no preference, the dark theme is used."),
            choice,
        )
        languages = LanguagePicker(self._look.language)
        self._row(
            column, self.tr("Language"), self.tr("Takes effect at the next start."), languages
        )
        motion = Switch(self._look, self.tr("Reduce motion"))
        motion.setChecked(theme.reduced_motion)
        motion.toggled.connect(lambda on: setattr(theme, "reduced_motion", on))
        self._row(column, self.tr("Reduce motion"), self.tr("No animations."), motion)

    def _follow_theme(self) -> None:
        """The palette changes it too."""
        self._mode.choose(str(self._look.theme.mode))

    def _plugins(self) -> None:
        """One section for each plugin whose ``studio_settings`` hook gives a ``Params`` class."""
        host = self._studio.plugins
        contexts = {plugin.id: self._context_of(plugin.id) for plugin in host.usable()}
        # A plugin that fails here is recorded by the host, which tells the user; the page goes on.
        for plugin, params in host.call_each("studio_settings", lambda id: {"ctx": contexts[id]}):
            if isinstance(params, type) and issubclass(params, Params):
                self._plugin_section(declared(host.plugin(plugin).title), contexts[plugin], params)

    def _plugin_section(self, title: str, context: PluginContext, params: type[Params]) -> None:
        self._form(self._section(title), title, params, context.settings)

    def _form(
        self, column: QVBoxLayout, title: str, params: type[Params], settings: Any
    ) -> ParamsFormWidget:
        """Add the fields of ``params``; store each change in ``settings`` immediately."""
        form = self._ui.form(params)
        form.drop_margins()
        form.set_values({f.name: settings.get(f.name, f.default) for f in params.fields()})

        def keep() -> None:
            for name, value in form.values().items():
                settings.set(name, value)

        form.on_change(keep)
        column.addWidget(form)
        text = " ".join(f"{field.title} {field.help}" for field in params.fields())
        self._sections[-1].rows.append((phrases.folded(f"{title} {text}"), form))
        return form

    def _library(self) -> None:
        column = self._section(self.tr("Library"))
        home = self._studio.paths.home
        self._row(
            column,
            self.tr("Data folder"),
            str(home),
            self._button(self.tr("Open folder"), "folder-open", lambda: _open(home)),
        )
        self._stats = self._row(
            column,
            self.tr("Size"),
            self.tr("Counting…"),
            self._button(self.tr("Empty bin"), "trash-2", self._ask_empty_bin),
        )
        self._checked = self._row(
            column,
            self.tr("Verify"),
            self.tr("Reads every file and compares its checksum."),
            self._button(self.tr("Verify now"), "shield-check", self._verify),
        )

    def _backups(self) -> None:
        column = self._section(self.tr("Backups"))
        controls = BackupControls(self._parts, self)
        controls.add_to(lambda title, text, control: self._row(column, title, text, control))

    def _runtime(self) -> None:
        column = self._section(self.tr("Runtime"))
        self._row(
            column,
            self.tr("Restart runtime"),
            self.tr("Running jobs are lost; saved results are safe."),
            self._button(self.tr("Restart"), "refresh-cw", self._studio.runtime.restart),
        )
        self._row(
            column,
            self.tr("Device"),
            self.tr(
                "Takes effect when the runtime restarts. Devices appear here once they are "
                "detected."
            ),
            DevicePicker(self._studio.devices),
        )
        starts = (
            (str(QueueStart.GO_ON), "", self.tr("Run")),
            (str(QueueStart.ASK), "", self.tr("Ask")),
            (str(QueueStart.WAIT), "", self.tr("Keep paused")),
        )
        queue = SwitchBar(self._look, self.tr("Queue at start"), starts)
        queue.choose(str(queue_start.how(self._studio.settings)))
        queue.on_choose(lambda how: self._studio.settings.set(queue_start.QUEUE_START, how))
        self._row(
            column,
            self.tr("Queue at start"),
            self.tr("What happens to jobs that were waiting when Offline Studio closed."),
            queue,
        )
        settings = self._studio.settings.below("runtime")
        self._form(column, self.tr("Text engine"), TextEngineSettings, settings)
        energy = self._studio.settings.below("energy")
        form = self._form(column, self.tr("Energy"), EnergySettings, energy)
        offer_countries(self._ui, form.row("grid_factor"))
        plugins = self._studio.settings.below("plugins")
        self._form(column, self.tr("Plugins of others"), IsolationSettings, plugins)
        logs = self._studio.paths.logs
        self._row(
            column,
            self.tr("Logs"),
            str(logs),
            self._button(self.tr("Open folder"), "folder-open", lambda: _open(logs)),
        )

    def _machines(self) -> None:
        failed = partial(self._studio.notices.error, key="machines")
        machines = MachineList(self._ui, self._studio.machines, self._background, failed)
        self._own_row(self._section(self.tr("Machines")), self.tr("Other machines"), machines)

    def _server(self, serving: ServerSwitch) -> None:
        column = self._section(self.tr("Local server"))
        switch = Switch(self._look, self.tr("Local server"))
        switch.toggled.connect(serving.switch)
        self._row(
            column,
            self.tr("OpenAI-compatible local server"),
            self.tr(
                "Programs on this machine can generate text and pictures with the key. Not "
                "reachable from other machines."
            ),
            switch,
        )
        copy = self._ui.copy
        address = self._row(
            column,
            self.tr("Address"),
            "",
            self._button(self.tr("Copy"), "copy", lambda: copy(address.text())),
        )
        hint = self.tr("It stays the same until you make a new one; its file is yours alone.")
        shown = self._look.button(self.tr("Show"), "eye")
        shown.setCheckable(True)
        token = self._row(
            column,
            self.tr("Key"),
            hint,
            _beside(
                shown,
                self._button(
                    self.tr("Copy"),
                    "copy",
                    lambda: serving.server and copy(serving.server.token.text),
                ),
                self._button(self.tr("New key"), "refresh-cw", serving.renew_token),
            ),
        )
        example = self._row(
            column,
            self.tr("Example"),
            self.tr("A terminal command that requests one reply. It reads the key from its file."),
            self._button(
                self.tr("Copy"), "copy", lambda: serving.server and copy(serving.server.example)
            ),
        )
        failed = partial(self._studio.notices.error, key="server")
        keys = ServerKeys(self._ui, self._background, self._studio.paths.home, failed)
        self._own_row(column, self.tr("Separate keys"), keys)
        self._form(column, self.tr("Start"), ServerSettings, self._studio.settings.below("server"))

        def show() -> None:
            switch.setChecked(serving.server is not None)
            asleep = self.tr("Available while the server is on.")
            address.setText(serving.server.address if serving.server else asleep)
            shown.setChecked(shown.isChecked() and serving.server is not None)
            visible = serving.server if shown.isChecked() else None
            token.setText(visible.token.text if visible else hint)
            for label in (address, token, example):
                row = label.parentWidget()
                assert row is not None, "the label lies in its row"
                row.setEnabled(serving.server is not None)

        shown.toggled.connect(show)
        serving.changed.connect(show)
        show()

    def _tools(self) -> None:
        failed = partial(self._studio.notices.error, key="tool-servers")
        servers = ServerList(self._ui, self._studio.tools.servers, failed)
        self._own_row(self._section(self.tr("Tools")), self.tr("MCP servers"), servers)

    def _privacy(self) -> None:
        column = self._section(self.tr("Privacy"))
        self._row(
            column,
            self.tr("Nothing leaves this machine"),
            self.tr(
                "No telemetry, no update checks, no account. The network is used only when you "
                "download a model."
            ),
            self._look.icon_label("shield-check", "good", 20),
        )
        self._row(
            column,
            self.tr("Microphone"),
            self.tr(
                "On only while you record, dictate or talk, and while the window says so. What it "
                "hears is not sent anywhere; only recordings you make are kept."
            ),
            self._look.icon_label("mic", "good", 20),
        )
        self._disclosure = DisclosureChoice(self._look, self._studio.settings, 330)
        self._row(
            column,
            self.tr("Provenance of exported files"),
            self.tr(
                "What files you save, copy or drag out say about how they were made. Drop a file "
                "on the library to verify one."
            ),
            self._disclosure,
        )
        never = Switch(self._look, self.tr("Never use the network"))
        never.setChecked(self._studio.settings.get(NEVER, False))
        never.toggled.connect(lambda on: self._studio.settings.set(NEVER, on))
        self._row(
            column,
            self.tr("Never use the network"),
            self.tr("Model downloads are blocked too."),
            never,
        )
        self._row(
            column,
            self.tr("Cached conversation state"),
            self.tr(
                "Lets conversations continue quickly after a restart. Kept on this disk, at "
                "most 2 GB, readable only by you."
            ),
            self._button(self.tr("Clear"), "trash-2", self._forget),
        )

    # --- what the buttons do ------------------------------------------------------------------

    def _count(self) -> None:
        self._background.run(self._studio.library.stats, self._show_stats, self._tell)

    def _show_stats(self, stats: Stats) -> None:
        results = sum(stats.kinds.values())
        self._stats.setText(
            self.tr(
                "{results} results and {conversations} conversations, {size}; "
                "{binned} in the bin. {free} free."
            ).format(
                results=results,
                conversations=stats.conversations,
                size=phrases.size(stats.bytes),
                binned=contents(stats),
                free=phrases.size(stats.free),
            )
        )

    def _forget(self) -> None:
        freed = self._studio.models.forget_beginnings()
        self._studio.notices.info(
            self.tr("Cleared; {size} freed. Conversations were not changed.").format(
                size=phrases.size(freed)
            ),
            key="beginnings",
        )

    def _ask_empty_bin(self) -> None:
        ask_empty_bin(self._parts, self._count)

    def _verify(self) -> None:
        self._checked.setText(self.tr("Verifying all files…"))
        self._background.run(
            self._studio.library.verify,
            lambda report: self._checked.setText(" ".join(report.sentences())),
            self._tell,
        )

    def _tell(self, error: Exception) -> None:
        self._studio.notices.error(error, key="settings")

    # --- building -----------------------------------------------------------------------------

    def _section(self, title: str) -> QVBoxLayout:
        heading = self._look.label(title, "section")
        frame, column = card()
        column.setSpacing(14)
        self._column.cards.addSpacing(6)
        self._column.cards.addWidget(heading)
        self._column.cards.addWidget(frame)
        self._sections.append(_Section(phrases.folded(title), heading, frame))
        return column

    def _row(self, column: QVBoxLayout, title: str, text: str, control: QWidget) -> QLabel:
        """Add a row and return the label of its text."""
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(16)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._look.label(title, "strong"))
        label = self._look.label(text, "small", wrap=True)
        texts.addWidget(label)
        line.addLayout(texts, 1)
        line.addWidget(control)
        column.addWidget(row)
        self._sections[-1].rows.append((phrases.folded(f"{title} {text}"), row))
        return label

    def _own_row(self, column: QVBoxLayout, title: str, row: QWidget) -> None:
        """Add a row that words itself, found by its title."""
        column.addWidget(row)
        self._sections[-1].rows.append((phrases.folded(title), row))

    def _button(self, text: str, icon: str, run: Callable[[], object]) -> QWidget:
        button = self._look.button(text, icon)
        button.clicked.connect(lambda _: run())
        return button

    def _filter(self, text: str) -> None:
        """Show matching rows, all rows of matching sections, and their headings."""
        wanted = phrases.folded(text.strip())
        count = 0
        for section in self._sections:
            whole = wanted in section.title
            for content, row in section.rows:
                row.setVisible(whole or wanted in content)
            shown = any(not row.isHidden() for _, row in section.rows)
            section.heading.setVisible(shown)
            section.frame.setVisible(shown)
            count += shown
        self._nothing.setVisible(not count)


def _beside(*widgets: QWidget) -> QWidget:
    """Return a widget that has ``widgets`` in a line."""
    container = QWidget()
    line = QHBoxLayout(container)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    for widget in widgets:
        line.addWidget(widget)
    return container


def _open(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


class LanguagePicker(NoWheelComboBox):
    """The languages, each in its own name; the choice is saved with the window state."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language
        self.setAccessibleName(self.tr("Language"))
        self.setMinimumContentsLength(16)
        self.addItem(self.tr("Match system"), SYSTEM)
        for key, name in NAMES.items():
            self.addItem(name, key)
        self.setCurrentIndex(self.findData(language.choice))
        self.activated.connect(self._choose)

    def _choose(self, index: int) -> None:
        self._language.choice = self.itemData(index)
