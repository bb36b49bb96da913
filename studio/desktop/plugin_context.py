"""Window API of one plugin: ``studio.api.window.context.PluginContext``. Adds no policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from studio.api.artifacts import NewArtifact, SavedArtifact
from studio.api.jobs import FREE, HERE, JobEnd, JobHandle, JobRequest
from studio.api.stability import former_methods
from studio.api.window.context import DraftsView, Notices, SettingsView
from studio.api.window.narration import Narration
from studio.api.window.tools import ToolsView
from studio.base.drafts import Drafts
from studio.desktop.appearance.language import declared
from studio.desktop.kit.machines.run_on import Place
from studio.desktop.kit.offered_modes import OfferedModes
from studio.desktop.kit.page_jobs import PageJobs
from studio.desktop.kit.page_kit import PageKit
from studio.desktop.ui import WindowUi
from studio.library.provenance.exporter import Exporter
from studio.library.saved_artifact import saved_artifact
from studio.machines.machines import Machines
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.sandbox import Sandbox, own_sandbox

if TYPE_CHECKING:
    from studio.desktop.main_thread.bridge import Background
    from studio.library import Artifact
    from studio.studio import Studio

What = TypeVar("What")


class PluginContext:
    """One for each plugin, made by the composition root."""

    def __init__(
        self,
        plugin: str,
        studio: Studio,
        ui: WindowUi,
        background: Background,
        targets: Callable[[SavedArtifact], Sequence[tuple[str, Callable[[], None]]]],
        weights: CatalogueView | None = None,
        actions: Callable[
            [SavedArtifact], Sequence[tuple[str, str, Callable[[], None]]]
        ] = lambda artifact: (),
        context_of: Callable[[str], PluginContext] | None = None,
    ) -> None:
        """``context_of``: returns the context of a plugin; without it there is this one alone."""
        self.plugin = plugin
        self.ui = ui
        self.tools: ToolsView = studio.tools
        self.library = PluginLibrary(studio)
        self.weights = weights or CatalogueView(studio)
        self.settings: SettingsView = studio.settings.plugin(plugin)
        self.drafts: DraftsView = Drafts(studio.paths.drafts / plugin)
        self.notices: Notices = studio.notices
        self.page_jobs = PageJobs(studio, lambda: ui.show_jobs())
        self.tasks = PluginTasks(studio, self.page_jobs.place)
        self.exporter = Exporter(studio.library, studio.paths, studio.settings)
        self.kit = PageKit(
            self, ui.look, self.page_jobs, self.exporter, OfferedModes(plugin, studio.plugins)
        )
        self._studio, self._background, self._targets = studio, background, targets
        self._actions = actions
        self._context_of = context_of

    def tr(self, text: str) -> str:
        """Return a text of the plugin in the language of the window."""
        return self.ui.look.language.text_of(self.plugin, text)

    def run_later(self, call: Callable[[], Any], then: Callable[[Any], None] | None = None) -> None:
        """Run ``call`` in the background, ``then(result)`` on the main thread; report failures."""
        host = self._studio.plugins

        def failed(error: Exception) -> None:
            host.record_fault(self.plugin, "background work", error)

        guarded = None
        if then is not None:
            callback = then

            def guarded(result: Any) -> None:
                host.guard(self.plugin, "callback of background work", lambda: callback(result))

        self._background.run(call, guarded, failed)

    @property
    def file_sandbox(self) -> Sandbox:
        """The sandbox for readers of strangers' files."""
        return own_sandbox()

    def narration(self) -> Narration | None:
        """Return a voice of a plugin; None if there is none."""
        context_of = self._context_of
        if context_of is None:
            return None
        host = self._studio.plugins
        for plugin, make in host.call_each("studio_narration", lambda id: {"ctx": context_of(id)}):
            narration: Narration = host.guard(plugin, "studio_narration", make)
            return narration
        return None

    def on_artifact_added(self, call: Callable[[SavedArtifact], None]) -> Callable[[], None]:
        """Call with each result that is saved from now on."""
        library = self._studio.library

        def tell(artifact: Artifact) -> None:
            call(saved_artifact(library, artifact))

        return self._listen(self._studio.events.on_artifact_added, tell, "artifact added")

    def on_job_done(self, call: Callable[[JobEnd], None]) -> Callable[[], None]:
        """Call with each job that is over from now on."""
        return self._listen(self._studio.events.on_job_done, call, "job done")

    def _listen(
        self,
        on_event: Callable[[Callable[[What], None]], Callable[[], None]],
        call: Callable[[What], None],
        name: str,
    ) -> Callable[[], None]:
        host = self._studio.plugins

        def tell(what: What) -> None:
            if not host.plugin(self.plugin).is_usable:
                stop()
                return
            try:
                host.guard(self.plugin, f"callback of “{name}”", lambda: call(what))
            except StudioError as error:  # what guard tells of, or an expected error of its own
                if error.code is not ErrorCode.PLUGIN_FAILED:
                    host.record_fault(self.plugin, f"callback of “{name}”", error)

        stop = on_event(tell)
        return stop

    def open_page(self, page: str) -> bool:
        """Bring a page of this plugin into view; returns whether there is one of that id."""
        manifest = self._studio.plugins.plugin(self.plugin).manifest
        own = {entry.id for entry in manifest.pages} if manifest is not None else set()
        return page in own and self.ui.open_page(page)

    def send_to(self, artifact: SavedArtifact) -> Sequence[tuple[str, Callable[[], None]]]:
        """Return (page title, action) for each page that accepts the artifact."""
        return self._targets(artifact)

    def actions(self, artifact: SavedArtifact) -> Sequence[tuple[str, str, Callable[[], None]]]:
        """Return (title, icon, call) for each action of a plugin on the artifact."""
        return self._actions(artifact)


class PluginTasks:
    """The tasks a plugin may start; implements ``studio.api.window.context.Tasks``."""

    def __init__(self, studio: Studio, place: Place) -> None:
        """``place``: where the jobs of the plugin's pages run."""
        self._studio, self._place = studio, place

    def submit(self, request: JobRequest) -> JobHandle:
        """Check the parameters, store the recipe, queue the task where the user chose."""
        _, entry = self._studio.plugins.task(request.task)
        if not request.machine and not Machines.is_passing(request, entry):
            request = replace(request, machine=self._place.asked)
        return self._studio.submit(request)


class CatalogueView:
    """The weights catalogue as a plugin sees it; implements ``studio.api.weights.WeightsView``."""

    def __init__(self, studio: Studio, show_set: Callable[[str], None] = lambda name: None) -> None:
        self._studio, self._show_set = studio, show_set

    def for_capability(self, capability: str, prefer: str = "") -> Sequence[tuple[str, str]]:
        """Return (id, title) of those that can be used, best first."""
        rows = self._studio.weights.list(capability, prefer)
        here = [(row.id, declared(row.title)) for row in rows if not row.problem]
        there = self._studio.machines.only_elsewhere()
        fits = [row for row in there if not capability or capability in row.capabilities]
        return here + [(row.id, f"{row.title} ({row.origin})") for row in fits]

    def to_get(self, capability: str) -> Sequence[tuple[str, str, int]]:
        """Return (name, title, bytes) of the sets that are not here yet."""
        rows = self._studio.weights.offers(capability)
        return [
            (row.offer.name, declared(row.title), row.bytes)
            for row in rows
            if row.offer and row.problem
        ]

    def get_set(self, name: str) -> None:
        """Show a set on the Models page."""
        self._show_set(name)

    def defaults(self, weights: str) -> Mapping[str, bool | int | float | str]:
        """Return the parameters that the user has set for these weights, by name, or that the
        weights come with."""
        return self._studio.weights_manager.defaults(weights)

    def caution(self, weights: str) -> str:
        """Return the known limitations of these weights."""
        cautions = {w.id: w.caution for w in self._studio.weights.list()}
        return declared(cautions.get(weights, ""))

    def prepare(self, weights: str) -> None:
        """Have weights loaded ahead, if jobs run on this machine."""
        is_here = self._studio.machines.registry.run_on in (HERE, FREE)
        if is_here and weights in {
            row.id for row in self._studio.weights.list() if not row.problem
        }:
            self._studio.models.prepare(weights)

    def path(self, weights: str) -> Path:
        """Return where weights lie on disk."""
        return self._studio.weights.get(weights).path

    def title(self, weights: str) -> str:
        """Return the name a person reads; the id itself for weights that are gone."""
        titles = {w.id: w.title for w in self._studio.weights.list()}
        return declared(titles.get(weights, weights))


@former_methods("studio.api.window.library.LibraryView")
class PluginLibrary:
    """The library as a plugin sees it; implements ``studio.api.window.library.LibraryView``."""

    def __init__(self, studio: Studio) -> None:
        self._library = studio.library
        self.conversations = studio.library.conversations

    def artifact(self, id: str) -> SavedArtifact:
        """Return one artifact."""
        return self._saved(self._library.artifact(id))

    def find(
        self, query: str = "", kinds: Sequence[str] = (), limit: int = 100
    ) -> list[SavedArtifact]:
        """Return artifacts, newest first."""
        return [
            self._saved(artifact)
            for artifact in self._library.find(query, kinds=kinds, limit=limit)
        ]

    def results_of(self, conversations: Sequence[str]) -> list[SavedArtifact]:
        """Return the results that were made in conversations, newest first."""
        return [self._saved(artifact) for artifact in self._library.made_in(conversations)]

    def add(self, new: NewArtifact, parents: Sequence[str] = ()) -> SavedArtifact:
        """Save something a person made by hand; durable when it returns."""
        return self._saved(self._library.add_artifact(new, inputs=parents))

    def parents(self, id: str) -> list[str]:
        """Return the ids of what an artifact was made from."""
        return self._library.inputs(id)

    def inputs(self, id: str) -> Mapping[str, Path]:
        """Return the input files of the task that produced an artifact, by name."""
        record = self._library.record(self._library.artifact(id).record)
        return self._library.kept_inputs.files(record)

    def star(self, id: str, starred: bool = True) -> None:
        """Star an artifact, or take its star away."""
        self._library.star(id, starred)

    def rename(self, id: str, title: str) -> None:
        """Give an artifact another title."""
        self._library.rename(id, title)

    def bin(self, id: str) -> None:
        """Move an artifact to the bin."""
        self._library.bin(id)

    def restore(self, id: str) -> None:
        """Take an artifact back out of the bin."""
        self._library.restore(id)

    def _saved(self, artifact: Artifact) -> SavedArtifact:
        return saved_artifact(self._library, artifact)
