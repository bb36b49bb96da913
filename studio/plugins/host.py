"""The plugin host: what there is, lazy imports, contained calls.

No exception of a plugin leaves it as itself, and no plugin can stop a call to another.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import studio
from studio.api.artifacts import Kind
from studio.api.manifest import (
    BenchEntry,
    FamilyEntry,
    KindEntry,
    Manifest,
    PageEntry,
    Permissions,
    TaskEntry,
    named_files,
)
from studio.api.params import Params
from studio.plugins.blame import Blame
from studio.plugins.crash_journal import CrashJournal
from studio.plugins.deny_list import DenyList
from studio.plugins.discovery import (
    Found,
    Origin,
    discover,
    finder,
    search_path_of_environment,
)
from studio.plugins.eligibility import Eligibility
from studio.plugins.enabled_state import EnabledPlugins, HostSettings
from studio.plugins.fault_list import Fault, Faults, place
from studio.plugins.frozen_schema import FrozenSchemas, thaw
from studio.plugins.hooks import WindowHookRegistry
from studio.plugins.isolation import needs_sandbox
from studio.plugins.plugin import Plugin, PluginState
from studio.plugins.release import Release
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.messages import Permits, WorkerEntry

T = TypeVar("T")

FAILURES_ALLOWED = 3
"""With this many in one session a plugin is switched off."""


class PluginHost:
    """All plugins, good and bad, and the only way into their window halves and schemas.

    Used on one thread: the window's, or the command line's only one.

    Attributes:
        plugins: In the order of the rail; broken ones are rows with a reason.
        faults: What went wrong this session.
        journal: What the next session shall know if this one dies.
    """

    def __init__(
        self,
        settings: HostSettings,
        journal: Path,
        *,
        safe_mode: bool = False,
        only: Sequence[str] = (),
        faults: Faults | None = None,
        found: Sequence[Found] | None = None,
        release: Release | None = None,
        stored: Callable[[], Sequence[Found]] = tuple,
    ) -> None:
        """Find the plugins; imports none of them.

        Args:
            settings: Remembers which plugins are off.
            journal: Folder for the notes that tell which import a crash happened in.
            safe_mode: Use only the studio's own plugins.
            only: Use only these ids; empty for all.
            faults: Where failures are recorded.
            found: The plugins there are; by default those installed and in ``STUDIO_PLUGIN_PATH``.
            release: What comes with the studio; by default what came with this one.
            stored: Returns the plugins that the studio has installed.
        """
        self.faults = faults or Faults()
        self._settings = settings
        self._choices = EnabledPlugins(settings)
        self.journal = CrashJournal(journal)
        self._only = tuple(only)
        self._hooks = WindowHookRegistry()
        self._params: dict[str, type[Params]] = {}
        self._schemas = FrozenSchemas(journal / "schemas", settings)
        self._observers: list[Callable[[], None]] = []
        self._choices.quarantine(self.journal.take_crashed())
        release = release or Release.of(Path(studio.__file__).parent)
        self._admission = Eligibility(
            self._choices, release, safe_mode, self._only, DenyList.beside(journal)
        )
        self._found, self._stored = found, stored
        self.plugins = self._admission.admit(self._look())

    def _look(self) -> Sequence[Found]:
        if self._found is not None:
            return self._found
        return discover(search_path_of_environment(), self._stored())

    def look_again(self) -> None:
        """Detect installed, updated or removed plugins; unchanged ones stay as they are."""
        before = {plugin.id: plugin for plugin in self.plugins}
        self.plugins = []
        for plugin in self._admission.admit(self._look()):
            old = before.get(plugin.id)
            if old and old.is_same_as(plugin):
                self.plugins.append(before.pop(plugin.id))
            elif old and old.state is PluginState.ACTIVE and plugin.is_usable and plugin.stored:
                # Its code runs here, and its pages are open: the files it runs from stay, too.
                words = f"Version {plugin.version} is installed. Restart Offline Studio to use it."
                old.reason = "" if old.folder == plugin.folder else words
                self.plugins.append(before.pop(plugin.id))
            else:
                self.plugins.append(plugin)
        for gone in before.values():
            self._hooks.unregister(gone.id)
            self._forget_code(gone)
            finder.discard(set(gone.paths) - {at for item in self.plugins for at in item.paths})
        self._changed()

    # --- who takes part -----------------------------------------------------------------------

    def plugin(self, plugin_id: str) -> Plugin:
        """Return one plugin in any state.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        for plugin in self.plugins:
            if plugin.id == plugin_id:
                return plugin
        ids = ", ".join(sorted(plugin.id for plugin in self.plugins)) or "none"
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no plugin called “{plugin_id}”.",
            f"Installed plugins: {ids}.",
        )

    def title(self, plugin_id: str) -> str:
        """Return the title of a plugin; its id if it is gone."""
        return next((p.title for p in self.plugins if p.id == plugin_id), plugin_id)

    def usable(self) -> list[Plugin]:
        """Return the plugins that take part."""
        return [plugin for plugin in self.plugins if plugin.is_usable]

    def unknown_only(self) -> list[str]:
        """Return the ids ``only`` asked for that no plugin has."""
        ids = {plugin.id for plugin in self.plugins}
        return [name for name in self._only if name not in ids]

    def switch_off(self, plugin_id: str) -> None:
        """Leave the plugin out from now on and at the next start.

        Raises:
            StudioError: There is no such plugin; or it is off, but the disk refuses to remember it.
        """
        plugin = self.plugin(plugin_id)
        if not plugin.is_beyond_use:
            self._stop(plugin, PluginState.DISABLED, "You disabled it.")
        self._choices.switch_off(plugin_id)

    def switch_on(self, plugin_id: str) -> None:
        """Let the plugin take part again, however it came to be left out; its faults are forgotten.

        Raises:
            StudioError: It cannot take part: its manifest or its API version forbids it.
        """
        plugin = self.plugin(plugin_id)
        if plugin.is_beyond_use:
            raise StudioError(
                ErrorCode.UNSUPPORTED, f"{plugin.title} cannot be enabled.", plugin.reason
            )
        self.faults.forget(plugin_id)
        if plugin.origin is Origin.ENVIRONMENT and not plugin.shipped:
            self._choices.switch_on(plugin_id)
        if not plugin.is_usable:
            self._forget_code(plugin)
            plugin.state, plugin.reason = PluginState.DISCOVERED, ""
            self._changed()
        self._choices.clear(plugin_id)

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when a plugin starts or stops to take part; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    # --- what they declare --------------------------------------------------------------------

    def pages(self) -> list[tuple[Plugin, PageEntry]]:
        """Return the declared pages of the plugins that take part, in the order of the rail."""
        return [(p, page) for p in self.usable() if p.manifest for page in p.manifest.pages]

    def tasks(self) -> list[tuple[Plugin, TaskEntry]]:
        """Return the declared tasks of the plugins that take part."""
        return [(p, task) for p in self.usable() if p.manifest for task in p.manifest.tasks]

    def kinds(self) -> list[KindEntry]:
        """Return the declared kinds of artifacts, including those of disabled plugins.

        Their artifacts stay. Where two plugins declare a kind, the first in the rail names it.
        """
        entries: dict[str, KindEntry] = {}
        for plugin in self.plugins:
            for kind in plugin.manifest.kinds if plugin.manifest else ():
                entries.setdefault(kind.id, kind)
        return list(entries.values())

    def benches(self) -> list[tuple[Plugin, BenchEntry]]:
        """Return the declared benches of the plugins that take part and may be imported here."""
        here = [plugin for plugin in self.usable() if not plugin.isolated]
        return [(p, bench) for p in here if p.manifest for bench in p.manifest.benches]

    def families(self) -> list[FamilyEntry]:
        """Return the families of weights that plugins which take part can load."""
        return [family for p in self.usable() if p.manifest for family in p.manifest.families]

    def task(self, task_id: str) -> tuple[Plugin, TaskEntry]:
        """Return a task and its plugin.

        Raises:
            StudioError: There is no such task, or its plugin does not take part; says why.
        """
        for plugin, task in self.tasks():
            if task.id == task_id:
                return plugin, task
        for plugin in self.plugins:
            if plugin.id == task_id.partition(".")[0] and not plugin.is_usable:
                raise _not_taking_part(plugin, f"The task “{task_id}” cannot run: its plugin is")
        ids = [task.id for _, task in self.tasks()]
        near = difflib.get_close_matches(task_id, ids, n=1, cutoff=0.75)
        hint = f"Did you mean “{near[0]}”?" if near else f"Known tasks: {', '.join(ids) or 'none'}."
        raise StudioError(ErrorCode.NOT_FOUND, f"There is no task called “{task_id}”.", hint)

    def params_class(self, task_id: str) -> type[Params]:
        """Return the parameters of a task; imports the plugin's schema and nothing else of it.

        Of a plugin that runs in its own process not even that: its frozen schema is thawed.

        Raises:
            StudioError: There is no such task, or its schema cannot be imported.
        """
        if task_id not in self._params:
            plugin, entry = self.task(task_id)
            if plugin.isolated:
                thawed = self._thawed(plugin, task_id)
                self._check_files(plugin, task_id, thawed)
                self._params[task_id] = thawed
                return thawed
            module, _, name = entry.params.partition(":")
            schema = getattr(self._import(plugin, module), name, None)
            if not (isinstance(schema, type) and issubclass(schema, Params)):
                error = TypeError(f"{entry.params} is not a subclass of Params")
                raise self._fail(plugin, f"schema of {task_id}", error)
            self._check_files(plugin, task_id, schema)
            self._params[task_id] = schema
        return self._params[task_id]

    def _thawed(self, plugin: Plugin, task_id: str) -> type[Params]:
        try:
            schemas = self._schemas.of(plugin)
            return thaw(schemas.get(task_id, {}))
        except (OSError, StudioError) as error:
            raise self._fail(plugin, f"schema of {task_id}", error) from error

    def _check_files(self, plugin: Plugin, task_id: str, params: type[Params]) -> None:
        assert plugin.manifest is not None
        for (table, *_), name in named_files(plugin.manifest, task_id, params.fields()):
            why = f"its manifest names a file for {name} under {table}: only you can pick files"
            error = StudioError(
                ErrorCode.PERMISSION,
                f"The plugin “{plugin.title}” cannot be used: {why}.",
                "Ask the plugin's author for a corrected version.",
                plugin=plugin.id,
            )
            raise self._fail(plugin, "manifest", error)

    def worker_entries(self) -> tuple[WorkerEntry, ...]:
        """Return the runtime's entries for the tasks of the enabled plugins."""
        return tuple(
            WorkerEntry(
                plugin=plugin.id,
                module=plugin.manifest.worker,
                tasks={task.id: task.params for task in plugin.manifest.tasks},
                lanes={task.id: task.lane for task in plugin.manifest.tasks},
                run_code=plugin.manifest.permissions.run_code,
                title=plugin.manifest.title,
                uses=plugin.manifest.uses,
                paths=tuple(map(str, plugin.paths)),
                lends=plugin.lends,
                isolated=plugin.isolated,
                permits=_permits(plugin.manifest.permissions),
                kinds=self._result_kinds(plugin.manifest),
                needs_sandbox=needs_sandbox(self._settings),
            )
            for plugin in self.usable()
            if plugin.manifest and plugin.manifest.worker
        )

    # --- calling them -------------------------------------------------------------------------

    def window_half(self, plugin_id: str) -> ModuleType | None:
        """Return the imported, registered ``plugin.py`` of a plugin; None if it has none.

        Raises:
            StudioError: It does not take part, or it failed to load, which also switches it off.
        """
        plugin = self.plugin(plugin_id)
        if not plugin.is_usable:
            raise _not_taking_part(plugin, f"The plugin {plugin.title} is")
        if plugin.manifest is None or not plugin.manifest.plugin:
            return None
        module = self._import(plugin, plugin.manifest.plugin)
        if plugin.state is PluginState.DISCOVERED:
            try:
                self._hooks.register(plugin_id, module)
            except Exception as error:
                raise self._fail(plugin, "registration of its hooks", error) from error
            plugin.state = PluginState.ACTIVE
        return module

    def call(self, plugin_id: str, hook: str, **arguments: Any) -> Any:
        """Return the result of one plugin's hook; None without it. Loads it if need be.

        Raises:
            StudioError: It failed; recorded, in words, and naming the plugin.
        """
        self.window_half(plugin_id)
        return self.guard(
            plugin_id, f"hook {hook}", lambda: self._hooks.call(plugin_id, hook, **arguments)
        )

    def call_each(
        self,
        hook: str,
        each: Callable[[str], Mapping[str, Any]] = lambda _: {},
        first: str = "",
        **arguments: Any,
    ) -> Iterator[tuple[str, Any]]:
        """Yield (plugin id, result) for each plugin with the hook; a failing one is skipped.

        Args:
            hook: Name of a hook of ``WindowHooks``.
            each: Plugin id → further arguments of its own, such as its ``ctx``.
            first: Id of the plugin that is asked before the others.
            arguments: The same for all.
        """
        for plugin in sorted(self.usable(), key=lambda plugin: plugin.id != first):
            try:
                result = self.call(plugin.id, hook, **arguments, **each(plugin.id))
            except StudioError as error:
                # Bugs were recorded on the way; an expected error has nobody else to tell it.
                if error.code is not ErrorCode.PLUGIN_FAILED:
                    self.faults.record(plugin.id, f"hook {hook}", error)
                continue
            if result is not None:
                yield plugin.id, result

    def guard(self, plugin_id: str, where: str, call: Callable[[], T]) -> T:
        """Return what ``call``, code of the plugin, returns.

        Raises:
            StudioError: It raised. An expected error of its own passes as it is; anything else is
                recorded against the plugin and told in words.
        """
        try:
            return call()
        except StudioError as error:
            error.plugin = error.plugin or plugin_id
            raise
        except (Exception, SystemExit) as error:
            fault = self.record_fault(plugin_id, where, error)
            raise StudioError.from_info(fault.error) from error

    def record_fault(self, plugin_id: str, where: str, error: BaseException | ErrorInfo) -> Fault:
        """Note that a plugin failed, here or in the runtime; too many failures switch it off."""
        fault = self.faults.record(plugin_id, where, error)
        plugin = next((plugin for plugin in self.plugins if plugin.id == plugin_id), None)
        if plugin and plugin.is_usable and self.faults.count(plugin_id) >= FAILURES_ALLOWED:
            self._stop(
                plugin,
                PluginState.FAILED,
                f"It failed {FAILURES_ALLOWED} times in this session, last in {place(where)}.",
            )
        return fault

    def give_up(self, plugin_id: str, where: str, why: str) -> StudioError:
        """Disable a harmful plugin for this session; notify the user.

        Args:
            where: Its activity at the time.
            why: In a sentence.

        Returns:
            The error for callers that wait for it.
        """
        plugin = self.plugin(plugin_id)
        info = ErrorInfo(
            ErrorCode.PLUGIN_FAILED,
            f"The plugin {plugin.title} was disabled. {why}",
            "Everything else keeps working. Enable the plugin on the Plugins page to try it again.",
            plugin=plugin_id,
        )
        self.faults.record(plugin_id, where, info)
        self._stop(plugin, PluginState.FAILED, why)
        return StudioError.from_info(info)

    def blame(self) -> Blame:
        """Return what tells by a stack which plugin is at fault."""
        return Blame(
            {
                folder: plugin.id
                for plugin in self.plugins
                for folder in (plugin.folder, *plugin.paths)
                if folder is not None
            }
        )

    # --- inside -------------------------------------------------------------------------------

    def _result_kinds(self, manifest: Manifest) -> dict[str, tuple[str, ...]]:
        """Return task → the kinds that its results may be of: those its manifest declares, or any
        that somebody can show for a task that produces nothing which is kept."""
        kinds = {*map(str, Kind), *(kind.id for kind in self.kinds())}
        produced = {kind for task in manifest.tasks for kind in task.produces} & kinds
        declared = produced | {kind.id for kind in manifest.kinds}
        return {t.id: tuple(sorted(declared if t.produces else kinds)) for t in manifest.tasks}

    def _import(self, plugin: Plugin, module: str) -> ModuleType:
        if module in sys.modules:
            return sys.modules[module]
        finder.add(plugin.paths)
        try:
            with self.journal.loading(plugin.id, module):
                return importlib.import_module(module)
        except (Exception, SystemExit) as error:
            raise self._fail(plugin, f"import of {module}", error) from error

    def _fail(self, plugin: Plugin, where: str, error: BaseException) -> StudioError:
        """Record a failure to load, which is for good until the user tries again."""
        fault = self.faults.record(plugin.id, where, error)
        self._stop(plugin, PluginState.FAILED, fault.error.message)
        return StudioError.from_info(fault.error)

    def _stop(self, plugin: Plugin, state: PluginState, reason: str) -> None:
        self._hooks.unregister(plugin.id)
        plugin.state, plugin.reason = state, reason
        self._changed()

    def _forget_code(self, plugin: Plugin) -> None:
        """Let the next import read the files again: the author may have mended them."""
        inside = f"{plugin.package}."
        for name in [name for name in sys.modules if f"{name}.".startswith(inside)]:
            del sys.modules[name]
        importlib.invalidate_caches()
        for task in [task for task in self._params if task.startswith(f"{plugin.id}.")]:
            del self._params[task]

    def _changed(self) -> None:
        for call in list(self._observers):
            call()


def _not_taking_part(plugin: Plugin, what: str) -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"{what} {plugin.state}. {plugin.reason}",
        f"Enable it on the Plugins page or with `studio plugins on {plugin.id}`."
        if plugin.state is PluginState.DISABLED
        else "See the Plugins page, or run `studio plugins list`.",
        plugin=plugin.id,
    )


def _permits(permissions: Permissions) -> Permits:
    files = permissions.files != "none"
    return Permits(permissions.network, files, permissions.gpu, permissions.library)
