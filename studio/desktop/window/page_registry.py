"""Fills the shell from an open studio: pages and plugin contexts."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.window.context import Page, PageAction, UsedSettings
from studio.api.window.language import tr
from studio.desktop.appearance.language import declared
from studio.desktop.main_thread.bridge import Background
from studio.desktop.pages.page_services import PageServices
from studio.desktop.plugin_context import CatalogueView, PluginContext
from studio.desktop.ui import WindowUi
from studio.desktop.viewers.artifact import show_later
from studio.desktop.window.local_server import ServerSwitch
from studio.desktop.window.page_spec import GROUPS, MAKE, START, STUDIO, WORK, PageSpec
from studio.desktop.window.plugin_actions import PluginActions
from studio.desktop.window.shell import MainWindow
from studio.jobs.reuse import settings_of
from studio.library import Record
from studio.plugins.plugin import Plugin, PluginState
from studio.protocol.errors import ErrorCode, StudioError

if TYPE_CHECKING:
    from studio.api.manifest import ActionEntry, PageEntry, TaskEntry
    from studio.studio import Studio

# (module of studio.desktop.pages, title, icon, group)
_OWN = (
    ("home", "Home", "house", START),
    ("gallery.page", "Library", "layout-grid", WORK),
    ("workflows.page", "Workflows", "workflow", WORK),
    ("models", "Models", "box", STUDIO),
    ("plugins", "Plugins", "puzzle", STUDIO),
    ("device", "Device", "gauge", STUDIO),
    ("settings", "Settings", "settings", STUDIO),
)
_IN_RAIL = (
    PluginState.DISCOVERED,
    PluginState.ACTIVE,
    # Their pages say what happened and offer another try.
    PluginState.FAILED,
    PluginState.QUARANTINED,
)
OWN = "studio."
"""Prefix of the ids of the studio's own pages."""
MODELS = f"{OWN}models"
DEVICE = f"{OWN}device"


class PageRegistry:
    """Everything between one open ``Studio`` and one window.

    Attributes:
        ui: What the studio's own pages are made of.
    """

    def __init__(self, studio: Studio, window: MainWindow, background: Background) -> None:
        self.studio, self.window = studio, window
        self._background = background
        self._contexts: dict[str, PluginContext] = {}
        self._explained: set[str] = set()
        """Plugins whose failure the user has been shown."""
        self._weights = weights = CatalogueView(studio, self.show_set)
        self.actions = PluginActions(studio, background, self._open_form, self._show_artifact)
        self.ui = WindowUi(window.look, window, weights, self._open_models, background.run)
        self.ui.open_page, self.ui.show_jobs = self.open, window.drawer.open
        self.ui.pages, self.ui.run_example = self.specs, self.run_example
        self.ui.show_artifact = self._show_artifact
        self.ui.send_to, self.ui.actions_on = self.targets, self.actions.of
        self.ui.reuse, self.ui.chosen = self.reuse, studio.picked.grant
        self.serving = ServerSwitch(studio, window.activity, background)
        self._parts = PageServices(
            studio, window.activity, self.ui, background, self.serving, self.context
        )
        self.ui.view_artifact = functools.partial(show_later, self._parts)
        window.activity.title_of = weights.title
        for plugin in studio.plugins.plugins:
            if plugin.folder is not None:
                window.look.language.learn(plugin.id, plugin.folder)
        window.look.kinds.declare(studio.plugins.kinds())
        window.set_pages(self.specs())
        studio.plugins.on_change(self._on_plugins)

    def _open_models(self) -> None:
        self.open(MODELS)

    def open(self, page_id: str) -> bool:
        """Bring a page into view."""
        return self.window.open_page(page_id)

    def open_first(self) -> None:
        """Open the page of last time, or the first there is; nothing if the user was faster."""
        if self.window.pages.current:
            return
        wanted, pages = self.window.state.page, [spec.id for spec in self.specs()]
        self.window.go_to(wanted if wanted in pages else pages[0])

    def context(self, plugin_id: str) -> PluginContext:
        """Return the context of a plugin, always the same one."""
        if plugin_id not in self._contexts:
            self._contexts[plugin_id] = PluginContext(
                plugin_id,
                self.studio,
                self.ui,
                self._background,
                self.targets,
                self._weights,
                self._offered,
                self.context,
            )
        return self._contexts[plugin_id]

    def _offered(self, artifact: SavedArtifact) -> list[tuple[str, str, Callable[[], None]]]:
        """Return the actions on a result on a page: recreate it, and actions of plugins."""
        actions = self.actions.of(artifact)
        if artifact.id and artifact.record:
            actions.insert(
                0,
                (
                    QCoreApplication.translate("RunAgain", "Recreate exactly"),
                    "refresh-cw",
                    lambda: self._again(artifact),
                ),
            )
        return actions

    def _again(self, artifact: SavedArtifact) -> None:
        from studio.desktop.pages.gallery.run_again import run_again

        run_again(self._parts, artifact.id, self.window)

    def show_set(self, name: str) -> None:
        """Show weights that can be had on the Models page."""
        from studio.desktop.pages.models import ModelsPage

        page = self.window.pages.open(MODELS)
        if page is not None and isinstance(page.widget, ModelsPage):
            page.widget.show_set(name)

    def targets(self, artifact: SavedArtifact) -> Sequence[tuple[str, Callable[[], None]]]:
        """Return (page title, action) for each page that takes artifacts of that kind."""
        return [
            (spec.title, functools.partial(self.send, spec, artifact))
            for spec in self.specs()
            if artifact.kind in spec.accepts
        ]

    def reuse(self, record: Record, parents: Sequence[str], remix: bool) -> None:
        """Open the page of a record's task and fill it as it was, with ``remix`` all but the seed.

        The user is told what could not be filled.
        """
        notices, host = self.studio.notices, self.studio.plugins
        try:
            plugin, entry = host.task(record.task)
            weights = [id for id, _ in self._weights.for_capability("")]
            schema = host.params_class(entry.id)
            may_have = functools.partial(self.studio.proofs.allows, entry.id)
            values, missing = settings_of(schema, record.params, weights, may_have, remix=remix)
            page = self.window.pages.open(self._page_of(plugin, entry))
            if page is None or page.reuse is None:
                words = tr("The page of “{task}” cannot be filled with settings.")
                notices.warn(words.format(task=declared(entry.title)), key="reuse")
                return
            inputs = self.studio.library.kept_inputs.files(record)
            fill, used = page.reuse, UsedSettings(entry.id, values, tuple(parents), inputs)
            host.guard(plugin.id, "reuse", lambda: fill(used))
        except StudioError as error:
            notices.error(error, key="reuse")
            return
        lost = tr("Not available here: {words}.").format(words=", ".join(missing))
        text = tr("Settings filled in, with a new seed.") if remix else tr("Settings filled in.")
        notices.info(text, lost if missing else "", key="reuse")

    @staticmethod
    def _page_of(plugin: Plugin, task: TaskEntry) -> str:
        """Return the id of the page where a task is run: the one for the kind it produces."""
        assert plugin.manifest is not None
        pages = plugin.manifest.pages
        drawn = [page.id for page in pages if task.id in page.tasks]
        fitting = [page.id for kind in task.produces for page in pages if kind in page.accepts]
        return next(iter((*drawn, *fitting)), pages[0].id if pages else task.id)

    # --- pages --------------------------------------------------------------------------------

    def specs(self) -> list[PageSpec]:
        """Return all pages in the order of the rail."""
        specs: list[PageSpec] = []
        for plugin in self.studio.plugins.plugins:
            if plugin.manifest is not None and plugin.state in _IN_RAIL:
                specs += self._specs_of(plugin)
        for module, title, icon, group in _OWN:
            build = functools.partial(self._own_page, module, title)
            name = module.partition(".")[0]
            specs.append(PageSpec(f"{OWN}{name}", declared(title), icon, build, group=group))
        return sorted(specs, key=lambda spec: GROUPS.index(spec.group))

    def page_packages(self) -> list[str]:
        """Return the packages whose modules make up the studio's own pages.

        In the rail's order, but the Gallery before all: the largest, and all pages lead to it.
        """
        shipped = [plugin for plugin in self.studio.plugins.usable() if plugin.shipped]
        plugins = [f"{plugin.package}.pages" for plugin in shipped]
        return ["studio.desktop.pages.gallery", *plugins, "studio.desktop.pages"]

    def _specs_of(self, plugin: Plugin) -> list[PageSpec]:
        manifest = plugin.manifest
        assert manifest is not None
        if not manifest.pages:
            return [
                self._spec(plugin, task, self._task_page, tuple(task.accepts))
                for task in manifest.tasks
                if not task.compares
            ]
        taken = {task.id: tuple(task.accepts) for task in manifest.tasks}
        return [
            self._spec(
                plugin,
                page,
                self._task_page if page.tasks else self._plugin_page,
                (*page.accepts, *(kind for task in page.tasks for kind in taken[task])),
            )
            for page in manifest.pages
        ]

    def _spec(
        self,
        plugin: Plugin,
        entry: PageEntry | TaskEntry,
        build: Callable[[Plugin, str], Page],
        accepts: tuple[str, ...],
    ) -> PageSpec:
        assert plugin.manifest is not None
        return PageSpec(
            id=entry.id,
            title=declared(entry.title),
            icon=getattr(entry, "icon", "") or plugin.manifest.icon,
            build=functools.partial(self._build, build, plugin, entry.id),
            plugin=declared(plugin.title),
            plugin_id=plugin.id,
            accepts=accepts,
            group=MAKE,
            summary=declared(entry.summary or plugin.manifest.summary),
            example=getattr(entry, "example", None),
        )

    def _plugin_page(self, plugin: Plugin, page_id: str) -> Page:
        """Build a page; one that ends the process meanwhile is known at the next start.

        Raises:
            StudioError: The plugin declares a page that it does not have, or its code failed.
        """
        host = self.studio.plugins
        host.window_half(plugin.id)  # notes itself what it imports
        note = nullcontext() if plugin.shipped else host.journal.loading(plugin.id, page_id)
        with note:
            return self._built(plugin, page_id)

    def _built(self, plugin: Plugin, page_id: str) -> Page:
        host = self.studio.plugins
        pages = host.call(plugin.id, "studio_pages", ctx=self.context(plugin.id)) or {}
        if page_id not in pages:
            raise StudioError(
                ErrorCode.PLUGIN_FAILED,
                f"The plugin {plugin.title} does not provide the page {page_id} declared in its "
                "manifest.",
                "Ask its author for a corrected version.",
                plugin=plugin.id,
            )
        return host.guard(plugin.id, f"page {page_id}", lambda: _as_page(pages[page_id]()))

    def _task_page(self, plugin: Plugin, id: str) -> Page:
        """Return the page drawn from a task, or from the tasks that a page names."""
        host = self.studio.plugins
        assert plugin.manifest is not None
        page = next((entry for entry in plugin.manifest.pages if entry.id == id), None)
        tasks = [host.task(task)[1] for task in (page.tasks if page else (id,))]
        schemas = [(task, host.params_class(task.id)) for task in tasks]
        title = page.title if page else tasks[0].title
        show = functools.partial(show_later, self._parts)
        return _part("task", title)(self.context(plugin.id), schemas, title, show)

    def _open_form(self, plugin: Plugin, action: ActionEntry, artifact: SavedArtifact) -> None:
        """Open the page with the form of an action, filled in."""
        from studio.desktop.pages.task import TaskPage

        assert plugin.manifest is not None
        pages = [page.id for page in plugin.manifest.pages if action.task in page.tasks]
        page = self.window.pages.open(pages[0] if pages else action.task)
        if page is not None and isinstance(page.widget, TaskPage):
            page.widget.take(artifact, action.task, action.params)

    def _show_artifact(self, artifact: SavedArtifact) -> None:
        """Show one result in the library."""
        page = self.window.pages.open(f"{OWN}gallery")
        if page is not None and page.accept is not None:
            page.accept(artifact)

    def _own_page(self, name: str, title: str) -> Page:
        return _part(name, title)(self._parts)

    def _build(self, build: Callable[[Plugin, str], Page], plugin: Plugin, entry: str) -> Page:
        """Build a page. Of a plugin out of order, first say why; the next time, try it again."""
        if not plugin.is_usable:
            if plugin.id not in self._explained:
                self._explained.add(plugin.id)
                raise StudioError(ErrorCode.PLUGIN_FAILED, plugin.reason, plugin=plugin.id)
            self.studio.plugins.switch_on(plugin.id)
        try:
            return build(plugin, entry)
        except Exception:
            self._explained.add(plugin.id)
            # The page says it in full; the same words in a notice would be noise.
            self.studio.notices.dismiss(f"plugin-{plugin.id}")
            raise

    def send(self, spec: PageSpec, artifact: SavedArtifact) -> None:
        """Open a page and hand it an artifact."""
        page = self.window.pages.open(spec.id)
        if page is not None and page.accept is not None:
            accept = page.accept
            try:
                self.studio.plugins.guard(spec.plugin_id, "accept", lambda: accept(artifact))
            except StudioError as error:
                self.studio.notices.error(error)

    def run_example(self, spec: PageSpec) -> None:
        """Open a page and have it make its example."""
        page, example = self.window.pages.open(spec.id), spec.example
        if page is None or example is None or page.reuse is None or page.run is None:
            return
        fill, run, used = page.reuse, page.run, UsedSettings(example.task, example.params)
        try:
            self.studio.plugins.guard(spec.plugin_id, "example", lambda: (fill(used), run()))
        except StudioError as error:
            self.studio.notices.error(error)

    def _on_plugins(self) -> None:
        had_page = bool(self.window.pages.current)
        self.window.look.kinds.declare(self.studio.plugins.kinds())
        self.window.set_pages(self.specs())
        if had_page:
            self.open_first()  # does nothing unless the page in view went with its plugin
        # Later: a page may be what told us, from inside a slot of its own.
        QTimer.singleShot(0, self.window, self._close_stopped)

    def _close_stopped(self) -> None:
        """Replace the pages of disabled plugins by a notice."""
        for spec in self.specs():
            was_built = spec.plugin_id and spec.id in self.window.pages.built()
            if was_built and not self.studio.plugins.plugin(spec.plugin_id).is_usable:
                self._explained.discard(spec.plugin_id)
                self.window.pages.drop(spec.id)


def _as_page(page: object) -> Page:
    """Check the page built by a plugin, and return it.

    Raises:
        TypeError: It is not a page, or has invalid parts.
    """
    if not isinstance(page, Page):
        raise TypeError(f"it returned {type(page).__name__} instead of a Page")
    if not isinstance(page.widget, QWidget):
        raise TypeError(f"the widget of its page is {type(page.widget).__name__}, not a QWidget")
    if not isinstance(page.panel, QWidget | None):
        raise TypeError(f"the panel of its page is {type(page.panel).__name__}, not a QWidget")
    for action in page.actions:
        if not isinstance(action, PageAction):
            raise TypeError(f"an action of its page is {type(action).__name__}, not a PageAction")
    return page


def _part(name: str, title: str) -> Callable[..., Page]:
    """Return ``build`` of one of the studio's own page modules."""
    try:
        build: Callable[..., Page] = importlib.import_module(f"studio.desktop.pages.{name}").build
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("studio.desktop.pages"):
            raise
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"The page “{title}” is not installed.",
            "Reinstall Offline Studio if it should be.",
        ) from error
    return build
