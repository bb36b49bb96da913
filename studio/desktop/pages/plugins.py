"""The Plugins page: installed plugins, their permissions and status. Runs no plugin code."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api.manifest import Permissions
from studio.api.window.context import Page
from studio.desktop.appearance.language import declared
from studio.desktop.pages.page_frame import Column, PageFrame, card
from studio.desktop.pages.page_services import PageServices
from studio.desktop.pages.plugin_actions import PluginActions
from studio.desktop.widgets.flow_layout import flow_row
from studio.desktop.widgets.switch import Switch
from studio.plugins import Plugin, PluginState
from studio.plugins.deny_list import Denied
from studio.plugins.discovery import Origin

_STATES = {
    PluginState.DISCOVERED: ("circle-check", "good"),
    PluginState.ACTIVE: ("circle-check", "good"),
    PluginState.INVALID: ("circle-x", "bad"),
    PluginState.INCOMPATIBLE: ("circle-x", "bad"),
    PluginState.DENIED: ("circle-x", "bad"),
    PluginState.DISABLED: ("circle-stop", "mute"),
    PluginState.FAILED: ("triangle-alert", "bad"),
    PluginState.QUARANTINED: ("triangle-alert", "warn"),
}


def build(parts: PageServices) -> Page:
    """Return the Plugins page."""
    return Page(PluginsPage(parts))


class PluginsPage(QWidget):
    """A card for each plugin, broken ones too."""

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._studio, self._ui, self._look = parts.studio, parts.ui, parts.ui.look
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._frame = PageFrame(self._look, self.tr("Plugins"), " ")
        layout.addWidget(self._frame)
        self._actions = PluginActions(parts.studio, parts.ui, parts.background, self.window)
        self._undo = self._look.button(self.tr("Undo last change"), "undo-2")
        self._undo.clicked.connect(self._roll_back)
        self._frame.controls.addWidget(self._undo)
        self._clean = self._look.button(self.tr("Delete old versions…"), "trash-2")
        self._clean.clicked.connect(self._actions.clean)
        self._frame.controls.addWidget(self._clean)
        install = self._look.button(self.tr("Install…"), "plus", kind="primary")
        install.clicked.connect(self._actions.choose)
        self._frame.controls.addWidget(install)
        self._column = Column()
        self._frame.body.addWidget(self._column, 1)
        self._studio.plugins.on_change(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show how the plugins are now."""
        plugins = self._studio.plugins.plugins
        usable = sum(plugin.is_usable for plugin in plugins)
        self._frame.say(
            self.tr(
                "{usable} of {count} active. Failed plugins are listed here; the others keep "
                "working."
            ).format(usable=usable, count=len(plugins))
        )
        store = self._studio.plugin_store
        self._undo.setVisible(store.earlier() is not None)
        self._clean.setVisible(store.has_past)
        self._column.clear()
        for plugin in plugins:
            self._column.cards.addWidget(self._card(plugin))
        if not plugins:
            self._column.cards.addWidget(
                self._ui.empty_state(
                    "puzzle",
                    self.tr("No plugins"),
                    self.tr(
                        "Plugins are Python packages. Run “make setup” to install the built-in "
                        "ones."
                    ),
                )
            )

    # --- one card -----------------------------------------------------------------------------

    def _state(self, state: PluginState) -> str:
        return {
            PluginState.DISCOVERED: self.tr("ready"),
            PluginState.ACTIVE: self.tr("active"),
            PluginState.INVALID: self.tr("not usable"),
            PluginState.INCOMPATIBLE: self.tr("incompatible version"),
            PluginState.DENIED: self.tr("denied"),
            PluginState.DISABLED: self.tr("off"),
            PluginState.FAILED: self.tr("failed"),
            PluginState.QUARANTINED: self.tr("quarantined"),
        }[state]

    def _card(self, plugin: Plugin) -> QWidget:
        look = self._look
        frame, column = card()
        head = QHBoxLayout()
        head.setSpacing(8)
        icon = plugin.manifest.icon if plugin.manifest else "puzzle"
        head.addWidget(look.icon_label(icon, "accent" if plugin.is_usable else "faint", 18))
        head.addWidget(look.label(declared(plugin.title), "heading"))
        if plugin.version:
            head.addWidget(look.label(plugin.version, "badge"))
        if plugin.shipped:
            head.addWidget(look.label(self.tr("built-in"), "badge"))
        elif plugin.manifest:
            head.addWidget(self._place(plugin))
        head.addStretch()
        mark, color = _STATES[plugin.state]
        head.addWidget(look.icon_label(mark, color))
        head.addWidget(look.label(self._state(plugin.state), "small"))
        head.addWidget(self._switch(plugin))
        column.addLayout(head)
        if plugin.manifest and plugin.manifest.summary:
            column.addWidget(look.label(declared(plugin.manifest.summary), "mute", wrap=True))
        denial = self._actions.denial(plugin)
        if plugin.reason:
            is_well = plugin.is_usable or plugin.state is PluginState.DISABLED
            tone = "mute" if is_well else "bad"
            words = self._refusal(denial) if denial else plugin.reason
            column.addWidget(look.label(words, tone, wrap=True))
        if plugin.manifest:
            column.addWidget(self._permissions(plugin))
            column.addWidget(look.label(self._offers(plugin), "small", wrap=True))
        if not plugin.shipped:
            column.addLayout(self._buttons(plugin, denial))
        faults = self._studio.plugins.faults.of(plugin.id)
        if faults:
            column.addLayout(self._faults(plugin, len(faults), faults[-1].report()))
        return frame

    def _refusal(self, denial: Denied) -> str:
        """Say who refuses a plugin and why; the terminal says it in words of its own."""
        who = self.tr("You denied it.")
        if denial.source:
            who = self.tr("The list “{list}” denies it.").format(list=denial.source)
        why = f"{denial.reason.rstrip('.')}." if denial.reason else ""
        back = self.tr("Choose Allow to take that back.")
        if denial.key or denial.publisher:
            back = self.tr("Choose Allow to take that back for all plugins of this publisher.")
        return " ".join(filter(None, (who, why, back)))

    def _buttons(self, plugin: Plugin, denial: Denied | None) -> QHBoxLayout:
        """Return the action buttons of a third-party plugin, shown beside its switch."""
        row = QHBoxLayout()
        row.addStretch()

        def add(words: str, icon: str, act: Callable[[], None]) -> None:
            button = self._look.button(words, icon, small=True)
            button.clicked.connect(lambda: act())
            row.addWidget(button)

        if plugin.state is not PluginState.DENIED:
            add(self.tr("Deny…"), "circle-x", lambda: self._actions.deny(plugin))
        elif denial:
            add(self.tr("Allow"), "circle-check", lambda: self._actions.allow(denial.what))
        if plugin.origin is Origin.STORE:
            add(self.tr("Remove…"), "trash-2", lambda: self._actions.remove(plugin))
        return row

    def _place(self, plugin: Plugin) -> QWidget:
        """Say where its code runs, and what that means."""
        if plugin.isolated:
            label = self._look.label(self.tr("own process"), "badge")
            label.setToolTip(self.tr("Runs apart from the studio, with the permissions below."))
            return label
        label = self._look.label(self.tr("inside the studio"), "badge")
        label.setToolTip(self.tr("Can do everything that you can do on this computer."))
        return label

    def _switch(self, plugin: Plugin) -> QWidget:
        switch = Switch(self._look, self.tr("Enable {title}").format(title=plugin.title))
        switch.setChecked(plugin.is_usable)
        switch.setEnabled(not plugin.is_beyond_use)
        switch.toggled.connect(lambda on: self._turn(plugin, on))
        return switch

    def _turn(self, plugin: Plugin, on: bool) -> None:
        host = self._studio.plugins
        installed = self._studio.plugin_store.current().plugins.get(plugin.id)
        if on and installed and not installed.enabled and plugin.origin is Origin.STORE:
            self.refresh()  # the switch stays off until the plugin has been tried
            self._actions.enable(plugin)
        elif on:
            host.switch_on(plugin.id)
        else:
            host.switch_off(plugin.id)

    def _roll_back(self) -> None:
        self._actions.roll_back(self._studio.plugin_store.current().change)

    def _permissions(self, plugin: Plugin) -> QWidget:
        assert plugin.manifest is not None
        wants = plugin.manifest.permissions
        wishes = list[QWidget]()
        for key, icon, wanted, text in self._wishes(wants):
            wish = QWidget()
            pair = QHBoxLayout(wish)
            pair.setContentsMargins(0, 0, 8, 0)
            pair.setSpacing(5)
            pair.addWidget(
                self._look.icon_label(icon, "warn" if wanted and key in _GRAVE else "mute", 14)
            )
            label = self._look.label(text, "small")
            label.setToolTip(declared(wants.reasons.get(key, "")))
            pair.addWidget(label)
            wishes.append(wish)
        return flow_row(wishes)

    def _wishes(self, wants: Permissions) -> Iterator[tuple[str, str, bool, str]]:
        """Yield each permission: its key, its icon, whether it is asked for, and a label."""
        tr, files = self.tr, wants.files
        icon = "globe" if wants.network else "wifi-off"
        yield "network", icon, wants.network, tr("network") if wants.network else tr("no network")
        allowed = {
            "none": tr("no files"),
            "picked": tr("files you choose"),
            "folder": tr("a folder"),
        }
        yield "files", "folder", files != "none", allowed[files]
        runs = tr("runs code") if wants.run_code else tr("does not run code")
        yield "run_code", "terminal", wants.run_code, runs
        if wants.library:
            yield "library", "layout-grid", True, tr("reads the library")
        yield "gpu", "cpu", wants.gpu, tr("uses the device") if wants.gpu else tr("no device")

    def _offers(self, plugin: Plugin) -> str:
        assert plugin.manifest is not None
        pages = ", ".join(declared(page.title) for page in plugin.manifest.pages)
        tasks = ", ".join(task.id for task in plugin.manifest.tasks)
        parts = []
        if pages:
            parts.append(self.tr("Pages: {pages}").format(pages=pages))
        if tasks:
            parts.append(self.tr("Tasks: {tasks}").format(tasks=tasks))
        if plugin.manifest.uses:
            uses = ", ".join(plugin.manifest.uses)
            parts.append(self.tr("Uses: {tasks}").format(tasks=uses))
        if plugin.distribution:
            parts.append(self.tr("From: {package}").format(package=plugin.distribution))
        return " · ".join(parts)

    def _faults(self, plugin: Plugin, count: int, report: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(
            self._look.label(
                self.tr("{count} failures in this session").format(count=count), "warn"
            ),
            1,
        )
        copy = self._look.button(self.tr("Copy report"), "clipboard-copy", small=True)
        copy.clicked.connect(lambda: self._ui.copy(report))
        row.addWidget(copy)
        return row


_GRAVE = ("network", "run_code")
