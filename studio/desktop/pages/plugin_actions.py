"""Installing, enabling and removing plugins in the window: sheets, and work beside its thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.api.manifest import Manifest
from studio.api.window.language import tr_filled
from studio.base.background import in_words
from studio.base.notices import Action
from studio.desktop.main_thread.bridge import Background
from studio.desktop.ui import WindowUi
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.sheet import Sheet
from studio.plugins import Plugin, PluginState
from studio.plugins.deny_list import Denied
from studio.plugins.discovery import Origin
from studio.plugins.install.records import BUNDLE
from studio.protocol.errors import Cancelled, StudioError

if TYPE_CHECKING:
    from studio.plugins.install.installer import Installer
    from studio.plugins.install.plan import Plan
    from studio.studio import Studio

SUFFIXES = (".whl", BUNDLE)
"""Of files that hold a plugin."""
Progress = Callable[[str], None]


class PluginActions(QObject):
    """User actions on third-party plugins. Every change runs in the background."""

    def __init__(
        self, studio: Studio, ui: WindowUi, background: Background, window: Callable[[], QWidget]
    ) -> None:
        """``window`` returns what sheets lie over."""
        super().__init__()
        self._studio, self._ui, self._background = studio, ui, background
        self._window = window

    def choose(self) -> None:
        """Ask for a file, and install the plugin in it."""
        files = self._ui.pick_files(self.tr("Install a plugin"), SUFFIXES)
        if files:
            self.install(files[0])

    def install(self, path: Path) -> None:
        """Read the plugin at ``path``, show its details, and install it on confirmation."""
        sheet = _Sheet(self, self.tr("Install a plugin"))
        held = ExitStack()
        sheet.closed.connect(lambda: self._background.run(held.close))

        def read(progress: Progress) -> Plan:
            plan = held.enter_context(self._installer.read(str(path), [path.parent], progress))
            if sheet.stopped.is_set():  # closed meanwhile: nobody else lets go of the copies
                held.close()
            return plan

        def show(plan: Plan) -> None:
            from studio.desktop.pages.plugin_plan import plan_view

            sheet.show_view(
                plan_view(self._ui.look, plan),
                self.tr("Update") if plan.before else self.tr("Install"),
                lambda: self._install(sheet, plan),
                lambda: self._refuse(sheet, plan.record.id, plan.record.title),
            )

        sheet.work(read, show)

    def _install(self, sheet: _Sheet, plan: Plan) -> None:
        def done(_: Any) -> None:
            sheet.dismiss()
            self._changed()
            before = plan.before
            if before is None or not before.enabled:
                self._studio.notices.info(
                    self.tr("{title} is installed.").format(title=plan.record.title),
                    self.tr("It is off. Enable it on the Plugins page."),
                    key="plugin-installed",
                )
            else:
                self._studio.notices.info(
                    self.tr("{title} was updated to version {version}.").format(
                        title=plan.record.title, version=plan.record.version
                    ),
                    self.tr("Restart Offline Studio to use the new version.")
                    if plan.runs_in_studio
                    else self.tr("Tasks that are running finish with the version before."),
                    key="plugin-installed",
                )

        sheet.work(lambda progress: self._installer.install(plan, progress), done)

    def enable(self, plugin: Plugin) -> None:
        """Show the requested permissions of a plugin; on confirmation, test and enable it."""
        from studio.desktop.pages.plugin_plan import permissions_view

        manifest: Manifest | None = plugin.manifest
        assert manifest is not None
        sheet = _Sheet(self, self.tr("Enable {title}?").format(title=plugin.title))

        def done(_: Any) -> None:
            sheet.dismiss()
            self._changed()
            self._studio.plugins.switch_on(plugin.id)

        sheet.show_view(
            permissions_view(self._ui.look, manifest, set()),
            self.tr("Enable"),
            lambda: sheet.work(lambda progress: self._installer.enable(plugin.id, progress), done),
            lambda: self._refuse(sheet, plugin.id, plugin.title),
        )
        sheet.show_sheet(sheet.answer)

    def deny(self, plugin: Plugin) -> None:
        """Block all versions of a plugin on confirmation."""
        self._ui.confirm(
            self.tr("Deny {title}?").format(title=plugin.title),
            self.tr("It stops now, and is not loaded or installed again until you allow it."),
            self.tr("Deny"),
            lambda: self._deny(plugin.id),
            danger=True,
        )

    def denial(self, plugin: Plugin) -> Denied | None:
        """Return what refuses it; None if nothing does, or if its reason says why none is known."""
        if plugin.state is not PluginState.DENIED or plugin.identity is None:
            return None
        try:
            return self._studio.plugin_store.denied.entry_for(plugin.identity)
        except StudioError:
            return None

    def allow(self, what: str) -> None:
        """Remove an entry from the block list."""
        self._run(lambda: self._studio.plugin_store.denied.remove(what))

    def _deny(self, id: str) -> None:
        self._run(lambda: self._studio.plugin_store.denied.add([Denied(name=id)]))

    def _refuse(self, sheet: _Sheet, id: str, title: str) -> None:
        sheet.dismiss()
        self._deny(id)
        self._studio.notices.info(
            self.tr("{title} is denied.").format(title=title),
            self.tr("It is not loaded or installed until you allow it."),
            key=f"plugin-denied-{id}",
            actions=(Action(self.tr("Allow"), lambda: self.allow(id)),),
        )

    def remove(self, plugin: Plugin) -> None:
        """Remove a plugin and its packages, if the user agrees."""
        self._ui.confirm(
            self.tr("Remove {title}?").format(title=plugin.title),
            self.tr(
                "What it has made stays in the library. “Undo last change” brings the plugin back."
            ),
            self.tr("Remove"),
            lambda: self._run(lambda: self._installer.remove(plugin.id)),
            danger=True,
        )

    def roll_back(self, change: str) -> None:
        """Restore the plugins before the last change, if the user accepts their permissions."""
        installer, title = self._installer, self.tr("Undo the last change?")
        if not (wider := installer.widenings()):
            self._ui.confirm(
                title,
                self.tr("This takes back: {change}.").format(change=change),
                self.tr("Undo"),
                lambda: self._run(installer.roll_back),
            )
            return
        from studio.desktop.pages.plugin_plan import widenings_view

        sheet = _Sheet(self, title)

        def done(_: Any) -> None:
            sheet.dismiss()
            self._changed()

        sheet.show_view(
            widenings_view(self._ui.look, change, wider),
            self.tr("Undo and allow"),
            lambda: sheet.work(lambda progress: installer.roll_back(), done),
        )
        sheet.show_sheet(sheet.answer)

    def clean(self) -> None:
        """Delete what only earlier states of the plugins need, if the user agrees."""
        self._ui.confirm(
            self.tr("Delete old versions?"),
            self.tr(
                "The files of removed plugins and of earlier versions are deleted. Changes made "
                "so far can then no longer be undone."
            ),
            self.tr("Delete"),
            lambda: self._run(self._installer.clean),
            danger=True,
        )

    # --- inside -------------------------------------------------------------------------------

    @property
    def _installer(self) -> Installer:
        from studio.plugins.install.installer import Installer  # resolver, readers: not yet
        from studio.plugins.isolation import needs_sandbox

        others = [p for p in self._studio.plugins.plugins if p.origin is not Origin.STORE]
        taken = {p.id: p.title for p in others if p.manifest}
        settings = self._studio.settings
        return Installer(
            self._studio.plugin_store,
            taken=taken,
            ours=[p.manifest for p in others if p.shipped and p.manifest],
            needs_sandbox=needs_sandbox(settings),
        )

    def _run(self, call: Callable[[], Any]) -> None:
        def failed(error: Exception) -> None:
            self._studio.notices.error(in_words(error))

        self._background.run(call, lambda _: self._changed(), failed)

    def _changed(self) -> None:
        self._studio.plugins.look_again()


class _Sheet(Sheet):
    """A sheet that works, says how far it is, and can be stopped; then asks whether to go on."""

    def __init__(self, actions: PluginActions, title: str) -> None:
        self._look = actions._ui.look
        super().__init__(self._look, actions._window(), title, 620)
        self._actions = actions
        self.stopped = threading.Event()
        self._words = self._look.label("", "mute", wrap=True)
        self._trouble = self._look.label("", "bad", wrap=True)
        self._trouble.hide()
        self._content = QHBoxLayout()
        self._stop = self._look.button(self.tr("Cancel"))
        self._stop.clicked.connect(self.dismiss)
        self._no = self._look.button(self.tr("Deny"))
        self._no.setToolTip(self.tr("Refuse this plugin in whatever version, from now on"))
        self._no.hide()
        self._yes = self._look.button("", kind="primary")
        self._yes.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        row.addWidget(self._no)
        row.addWidget(self._stop)
        row.addWidget(self._yes)
        self.body.addLayout(self._content, 1)
        self.body.addWidget(self._trouble)
        self.body.addLayout(row)
        self.closed.connect(self.stopped.set)

    def show_view(
        self,
        view: QWidget,
        button: str,
        agreed: Callable[[], None],
        refused: Callable[[], None] | None = None,
    ) -> None:
        """Show what there is to read; call ``agreed`` on the button, ``refused`` on *Deny*."""
        clear(self._content)
        self._content.addWidget(view)
        self._yes.setText(button)
        self._yes.clicked.connect(agreed)
        if refused is not None:
            self._no.clicked.connect(refused)
            self._no.show()
        self._yes.show()
        self._yes.setFocus()

    @property
    def answer(self) -> QWidget:
        """The button that agrees."""
        return self._yes

    def work(self, call: Callable[[Progress], Any], then: Callable[[Any], None]) -> None:
        """Run ``call`` beside the window; closing the sheet stops it."""
        for answer in (self._yes, self._no):
            answer.setEnabled(False)
        self._trouble.hide()
        if not self.isVisible():
            self.show_sheet(self._stop)
        post, stopped = self._actions._studio.post, self.stopped

        def told(words: str) -> None:
            if stopped.is_set():
                raise Cancelled
            post(lambda: None if stopped.is_set() else self._words.setText(words))

        def done(result: Any) -> None:
            if not stopped.is_set():
                self._words.clear()
                for answer in (self._yes, self._no):
                    answer.setEnabled(True)
                then(result)

        def failed(error: Exception) -> None:
            if not stopped.is_set():
                told_error = in_words(error)
                self._words.clear()
                self._trouble.setText(tr_filled(told_error))
                self._trouble.show()
                self._yes.hide()
                self._no.hide()
                self._stop.setText(self.tr("Close"))

        self._actions._background.run(lambda: call(told), done, failed)
