"""The studio without a face: puts paths, settings, library, plugins, runtime and jobs together.

No Qt, no torch: the window and the command line are two fronts on it.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import studio
from studio.api.jobs import JobRequest
from studio.api.manifest import API_VERSION
from studio.automation.backup_schedule import Backups, somebody_waits
from studio.automation.tools import Tools
from studio.automation.tools.servers.servers import Servers
from studio.automation.workflows.parts import Parts
from studio.automation.workflows.runs import Workflows
from studio.base.background import Background, Post
from studio.base.child import (
    Launch,
    ProcessChild,
    runtime_command,
    runtime_environment,
)
from studio.base.energy.estimate import Estimator
from studio.base.notices import Notices
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.jobs import queue_start
from studio.jobs.board import JobBoard
from studio.jobs.checkpoints import Checkpoints
from studio.jobs.events import Events
from studio.jobs.job import Job, Recipe
from studio.jobs.library_answers import LibraryAnswers
from studio.jobs.picked_files import FileProofs, PickedFiles
from studio.jobs.queue_start import QueueStart
from studio.jobs.recipes import make_recipe, random_seed
from studio.jobs.resolver import Resolver
from studio.jobs.runtime_blame import RuntimeBlame
from studio.jobs.store import LibraryJobStore
from studio.jobs.unknown_kinds import UnknownKinds
from studio.library import Health, HealthState, Library
from studio.library.backups import restoration
from studio.machines.news import MachineNews, circumstances
from studio.models import Downloads
from studio.models.enabled import EnabledWeights
from studio.models.library_weights import LibraryWeights
from studio.models.manager import WeightsManager, WeightsScans
from studio.plugins import PluginHost
from studio.plugins.circumstances import of_plugin
from studio.plugins.connection_log import ConnectionLog, packages_of
from studio.plugins.fault_list import Fault
from studio.plugins.install import stored
from studio.plugins.install.store import PluginStore
from studio.protocol.caches import CACHE_ENV, RESULTS, RESULTS_ENV
from studio.protocol.errors import StudioError
from studio.protocol.link import Received
from studio.protocol.messages import (
    PROTOCOL_VERSION,
    DeviceLost,
    DevicesFound,
    Hello,
    Inspected,
    LibraryQuery,
    PluginFault,
    PoolEvent,
    Status,
    Trace,
)
from studio.runtimes.configuration import RuntimeConfiguration
from studio.runtimes.crash_excerpt import last_words
from studio.runtimes.device.choice import DeviceChoice
from studio.runtimes.device.memory_log import MemoryLog
from studio.runtimes.loaded_models import LoadedModels
from studio.runtimes.notices import RuntimeNotices
from studio.runtimes.requests import RuntimeRequests
from studio.runtimes.rest import IdleRest
from studio.runtimes.supervisor import Death, RuntimeState, Supervisor


class Studio:
    """Everything that lives in one process. Used on the thread that opened it.

    Attributes:
        runtime: The supervisor of the process that computes; it starts when it is needed.
        machines: This machine and the user's others, which may compute instead.
        runtime_requests: What the runtime was asked, and answers later.
        models: What the user wants of those in the runtime's memory.
        plugin_store: The plugins that the studio has installed.
        jobs: The job board.
        events: What happens, for whoever wants to know.
        weights_manager: The weights, and what belongs to them.
        scans: Looking for weights, and who is told of new ones.
        downloads: The weights that the user has asked to get.
        weights_operations: Weights being copied, converted or verified.
        memory: The log of what was loaded, dropped and waited for, and why.
        devices: What the runtime could compute on, and what it chose.
        estimate: Turns what the runtime counted into joules.
        workflows: The runs of workflows that are under way.
        backups: Copies of the library, by a schedule or when asked for.
        picked: The files and folders that a person chose.
        proofs: Say which of them a task may be handed.
        tools: What language models may call, and what the user allows.
        connections: What this studio and its plugins have tried to reach on other machines.
    """

    def __init__(
        self,
        paths: StudioPaths,
        settings: Settings,
        library: Library,
        plugins: PluginHost,
        *,
        post: Post | None = None,
        launch: Launch | None = None,
        attended: bool = False,
    ) -> None:
        """Compose; see ``open``."""
        self._attended = attended
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.post = post or self._calls.put
        self.paths = paths
        self.settings = settings
        self.library = library
        self.plugins = plugins
        self.plugin_store = PluginStore(paths.plugins, paths.journals)
        if not attended:  # nobody sees whether it starts; but what it uses has to stay
            self.plugin_store.use()
        self.notices = Notices(self.post)
        self.weights_manager = WeightsManager(paths, settings, plugins.families)
        self.weights = self.weights_manager.catalogue
        self.memory = MemoryLog(paths.logs / "memory.jsonl")
        self.devices = DeviceChoice(settings, self.notices, self._restart, attended)
        self.estimate = Estimator(settings)
        self._news = RuntimeNotices(self.notices, lambda: self.runtime.restart())
        self.runtime = Supervisor(
            launch or self._launch,
            mine=Hello(PROTOCOL_VERSION, API_VERSION, {"studio": studio.__version__}),
            post=self.post,
            on_message=self._heard,
            on_state=self._runtime_became,
            on_death=self._runtime_died,
            on_stall=self._runtime_stalled,
        )
        self.runtime_requests = RuntimeRequests(self.runtime)
        self.connections = ConnectionLog(self.post, partial(packages_of, plugins))
        self.models = LoadedModels(self.runtime, settings, paths)
        self._configuration = RuntimeConfiguration(
            settings, plugins, self.weights_manager, self.models, self.runtime
        )
        self._resolver = Resolver(plugins, self.weights_manager)
        self.picked = PickedFiles(paths.picked_files)
        self.proofs = FileProofs(self.picked, library, plugins)
        # Beside the library, which need not be this home's: another studio may have that one.
        self._scratch = scratch = library.folder.with_name("cache") / RESULTS
        self._background = Background("studio-background", self.post)
        news = MachineNews(self.notices)
        around = (self.post, self._background, plugins, self.weights, scratch)
        self.machines = news.machines(self.runtime, settings, self._configuration.told, *around)
        store = LibraryJobStore(
            library,
            scratch,
            partial(circumstances, self.machines, self.estimate),
            self._about,
            Checkpoints(library.folder.with_name("checkpoints")),
            self._agree_on_weights,
            lambda: self.estimate.rates,
        )
        self._sweep_checkpoints = store.sweep_checkpoints
        weights = self.weights.ids
        self._library_weights = LibraryWeights(library, paths.weights, plugins.families, weights)
        self._enabled = EnabledWeights(
            self.weights, self._configuration.set_aside, self.machines.elsewhere
        )
        self.jobs = JobBoard(
            store,
            self.machines,
            post=self.post,
            notices=self.notices,
            weights=self._enabled,
            resolve=self._resolver.resolve,
            on_fault=self.plugins.record_fault,
            on_stubborn=lambda job: self._blame.restart_for(job),
            proofs=self.proofs,
        )
        self._blame = RuntimeBlame(self.plugins, self.jobs, self.runtime, self.notices)
        self.events = Events(library, self.jobs, self.post)
        is_busy = partial(somebody_waits, self.jobs, plugins)
        self._rest = IdleRest(self.runtime, settings, self.jobs.live, self.runtime_requests)
        self.backups = Backups(
            paths, settings, library, self.notices, self._background, self.post, is_busy
        )
        self.scans = WeightsScans(self.weights_manager, self._background, self.notices.error)
        self._answers = LibraryAnswers(
            library, self.plugins, self.jobs, self.machines, self._background
        )
        news.begin(self.jobs, self._answers)
        downloads = (self.weights, paths.shared_weights, self.post, self._weights_came)
        self.downloads, self.weights_operations = Downloads(*downloads), Downloads(*downloads)
        things = (library, plugins, self.jobs, self.runtime, self.weights)
        asks = (self.recipe, self._resolver.resolve, self.post, self.notices)
        self.workflows = Workflows(
            Parts(*things, *asks, self.connections.add, self.proofs, self.machines.has_ended)
        )
        servers = Servers(paths, self.post)
        parts = (plugins, library, settings, self.submit, servers, self.weights, self.picked)
        self.tools = Tools(*parts)
        self._lost: list[Job] = []
        self._state_observers: list[Callable[[RuntimeState, str], None]] = []
        self._status_observers: list[Callable[[Status], None]] = []
        self.scans.on_change(self._configuration.update)
        self.jobs.on_change(UnknownKinds(plugins, self.notices).look)
        self.jobs.on_change(lambda job: self.backups.make_way())
        self.plugins.on_change(self._configuration.update)
        self.plugins.faults.on_fault(self._plugin_failed)
        self._greet()

    @classmethod
    def open(
        cls,
        *,
        post: Post | None = None,
        safe_mode: bool = False,
        only: Sequence[str] = (),
        read_only: bool = False,
        home: Path | str | StudioPaths | None = None,
        launch: Launch | None = None,
        attended: bool | None = None,
    ) -> Studio:
        """Open the studio below ``home``.

        Args:
            post: Runs a function on the calling thread, soon, from any thread; without it the
                caller has to ``pump``.
            safe_mode: Use only the studio's own plugins.
            only: Use only the plugins with these ids.
            read_only: Change nothing in the library.
            home: By default ``$STUDIO_HOME`` or the platform's place.
            launch: Starts the runtime; by default as a child process.
            attended: Whether somebody can press buttons: without, jobs that wait for a runtime
                that was given up are lost. By default whoever gives ``post`` has buttons.

        Raises:
            StudioError: There is no home, or the library cannot even be read.
        """
        paths = home if isinstance(home, StudioPaths) else StudioPaths.default(home)
        restored = restoration.finish_in_words(paths)
        settings = Settings(paths.settings)
        attended = post is not None if attended is None else attended
        store = PluginStore(paths.plugins, paths.journals)
        left = store.begin() if attended else None
        plugins = PluginHost(
            settings,
            paths.journals,
            safe_mode=safe_mode,
            only=only,
            stored=lambda: stored.found(store),
        )
        library = Library.open(paths, read_only=read_only, settings=settings)
        library.news[:0] = restored
        opened = cls(paths, settings, library, plugins, post=post, launch=launch, attended=attended)
        if left:
            opened.notices.warn(
                f"Offline Studio did not start after the last change of its plugins: {left.change}."
                " The change was taken back.",
                "Try it again on the Plugins page, or tell the plugin's author.",
                key="plugins-taken-back",
            )
        return opened

    def close(self) -> None:
        """End the runtime and all jobs, and wait until the results are on disk."""
        self.tools.servers.close()
        self.workflows.close()
        self.jobs.queue.close()
        self.runtime.stop()
        self.machines.close()
        while self._run_waiting():  # results that came with its last words
            pass
        self.jobs.close()
        self.backups.close()
        self.connections.close()
        self.downloads.close()
        self.weights_operations.close()
        self._background.close()
        self.library.close()
        self.plugin_store.end()

    def pump(self, timeout: float = 0.0) -> bool:
        """Run posted calls, waiting up to ``timeout`` seconds for the first.

        For owners without an event loop. Returns whether anything ran.
        """
        try:
            self._calls.get(timeout=max(timeout, 0.0) or 0.0001)()
        except queue.Empty:
            return False
        self._run_waiting()
        return True

    # --- jobs ---------------------------------------------------------------------------------

    def submit(self, request: JobRequest) -> Job:
        """Check the parameters against the task's schema, unless they are, and submit it.

        Raises:
            StudioError: No such task, wrong parameters, or no weights fit.
        """
        return self.jobs.submit(*self._resolver.resolve(request), request)

    def recipe(self, request: JobRequest, draw: Callable[[], int] = random_seed) -> Recipe:
        """Return what ``submit`` would run; from any thread, once the task's schema is imported.

        Args:
            draw: Returns the seeds that nobody chose.

        Raises:
            StudioError: As ``submit``.
        """
        plugin, entry, params = self._resolver.resolve(request)
        request = replace(request, machine=self.machines.wish(request, entry))
        check_file = self.proofs.of_request
        return make_recipe(plugin, entry, params, self._enabled, request, check_file, draw)

    # --- the runtime --------------------------------------------------------------------------

    def _weights_came(self, id: str, news: str, error: StudioError | None) -> None:
        if error:
            self.notices.error(error, key=f"get-{id}")
            return
        self.scans.tell()
        if news:
            self.notices.info(news, key=f"get-{id}")

    def inspect(self, path: Path, **how: Any) -> dict[str, Any]:
        """Return what ``runtime_requests.inspect`` hears, pumping meanwhile; not for a window.

        Raises:
            StudioError: They cannot be used, or the runtime died of them.
        """
        answers: list[Inspected] = []
        self.runtime_requests.inspect(path, answers.append, **how)
        while not answers:
            self.pump(0.1)
        if answers[0].error:
            raise StudioError.from_info(answers[0].error)
        return answers[0].facts

    def on_runtime(self, call: Callable[[RuntimeState, str], None]) -> Callable[[], None]:
        """Call with each new state of the runtime and why; returns the function that ends it."""
        self._state_observers.append(call)
        return lambda: self._state_observers.remove(call)

    def on_status(self, call: Callable[[Status], None]) -> Callable[[], None]:
        """Call with each heartbeat; returns the function that ends it."""
        self._status_observers.append(call)
        return lambda: self._status_observers.remove(call)

    # --- inside -------------------------------------------------------------------------------

    def _greet(self) -> None:
        """Report the outcome of opening, and do deferred work off the owner's thread."""
        for sentence in self.settings.news + self.library.news:
            self.notices.info(sentence)
        self.library.on_health = lambda health: self.post(lambda: self._library_became(health))
        self.library.on_erased = lambda: self.post(self._forget)
        if not self.library.read_only:
            tell = partial(queue_start.tell_lost, self.jobs.queue, self.notices, self._attended)
            self.jobs.settle(tell)
            self._background.run(self.library.maintain, failed=self.notices.error)
            self.library.on_binned = lambda: self.post(self._look_at_results)
            self._look_at_results()
        self._background.run(self.weights.entries, failed=self.notices.error)

    def _forget(self) -> None:
        """Let go of what there is elsewhere of things that were erased."""
        self.models.forget_beginnings()
        self._look_at_results()

    def _look_at_results(self) -> None:
        for look in (self._sweep_checkpoints, self._agree_on_weights):
            self._background.run(look, failed=self.notices.error)

    def _agree_on_weights(self) -> None:
        """Have the weights that are results in the catalogue; from any thread."""
        if self._library_weights.agree():
            self.weights.rescan()
            self.post(self.scans.tell)

    def take_up_queue(self, start: QueueStart | None = None) -> None:
        """Go on with the jobs that wait in the library, and keep there what will wait from now on.

        Args:
            start: What becomes of those that wait; by default what the user chose.
        """
        if not self.library.read_only:
            self.workflows.tell_interrupted()
            self.jobs.queue.is_kept = True
            how = start or queue_start.how(self.settings)
            take_up = partial(queue_start.take_up, self.jobs.queue, how, self.notices)
            # Recipes name weights, so these are known first.
            self._background.run(
                self.weights.entries,
                lambda _: self.jobs.queue.restore(take_up),
                self.notices.error,
            )

    def _launch(self) -> ProcessChild:
        log = self.paths.logs / "runtime.log"
        folders = {CACHE_ENV: str(self.paths.cache), RESULTS_ENV: str(self._scratch)}
        environment = runtime_environment() | folders
        self.devices.tell(environment)
        return ProcessChild(runtime_command(), environment, log)

    def _run_waiting(self) -> bool:
        """Run the calls queued now; calls they post run the next time."""
        waiting = self._calls.qsize()
        for _ in range(waiting):
            self._calls.get()()
        return waiting > 0

    def _restart(self) -> None:
        if self.runtime.state is not RuntimeState.OFF:
            self.runtime.restart()

    def _heard(self, received: Received) -> None:
        message = received.message
        if isinstance(message, Status):
            self._blame.watch(message)
            self._rest.watch(message)
            self.connections.take_status(message)
            for call in list(self._status_observers):
                call(message)
        elif isinstance(message, Inspected | Trace):
            self.runtime_requests.answer(message)
        elif isinstance(message, LibraryQuery):
            self._answers.answer(message)
        elif isinstance(message, PoolEvent):
            self.memory.add(message)
        elif isinstance(message, DevicesFound):
            self.devices.were_found(message)
        elif isinstance(message, DeviceLost):
            self.devices.was_lost(message)
        elif isinstance(message, PluginFault):
            self.plugins.record_fault(message.plugin, message.where, message.error)
        else:
            self.jobs.apply(received)

    def _runtime_became(self, state: RuntimeState, reason: str) -> None:
        if state is RuntimeState.READY:
            self._configuration.send()
            self.jobs.runtime_ready()
            self._news.ready(len(self.runtime.deaths))
        elif state is RuntimeState.GIVEN_UP:
            details = last_words(self.runtime.last_lines())
            self._offer_choice(reason, details)
            if not self._attended:
                self.jobs.abandon(reason, details)
        for call in list(self._state_observers):
            call(state, reason)

    def _runtime_died(self, death: Death) -> None:
        cause = self._blame.cause(death)
        reason, details = cause.death.reason, last_words(death.lines)
        self._lost = self.jobs.runtime_lost(
            reason, details, by_itself=not death.asked, suspects=cause.jobs
        )
        self.runtime_requests.lose(reason)
        self._news.died(cause.death)
        self._blame.stop_repeater(cause)

    def _runtime_stalled(self, complaint: str) -> None:
        self._news.stalled(self._blame.named(complaint) if complaint else "")

    def _offer_choice(self, reason: str, details: str) -> None:
        suspects = sorted({weights for job in self._lost for weights in job.recipe.weights})
        titles = ", ".join(self.weights.get(weights).title for weights in suspects)
        deaths = len(self.runtime.deaths)
        without = partial(self._configuration.restart_without, suspects)
        self._news.given_up(reason, deaths, details, titles, without)

    def _plugin_failed(self, fault: Fault) -> None:
        self.notices.error(StudioError.from_info(fault.error), key=f"plugin-{fault.plugin}")

    def _library_became(self, health: Health) -> None:
        if health.state is HealthState.OK:
            self.notices.dismiss("library")
        else:
            self.notices.warn(health.message, health.hint, key="library")

    def _about(self, plugin: str) -> dict[str, str]:
        return next(
            (of_plugin(candidate) for candidate in self.plugins.plugins if candidate.id == plugin),
            {},
        )
