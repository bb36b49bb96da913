"""The worker halves of plugins: imported when first needed, and contained. Knows no scheduling."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pluggy

from studio.api.artifacts import Verdict
from studio.api.hookspecs import PROJECT, WorkerHooks
from studio.api.params import Params
from studio.api.worker.context import Loader, Task
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.messages import PluginFault, WorkerEntry
from studio.protocol.states import Lane
from studio.runtime.jobs.error_translation import contained

log = logging.getLogger(__name__)

Contained = BaseException
"""What a plugin may raise without taking the runtime with it: anything, ``SystemExit`` included."""


Checks = dict[str, Callable[[bytes], Verdict]]
"""Kind of artifact → what looks at its payload."""


@dataclass
class Worker:
    """One plugin's worker half.

    Attributes:
        error: Why it cannot be used; None while nothing is known against it.
    """

    entry: WorkerEntry
    tasks: dict[str, Task] = field(default_factory=dict)
    loaders: tuple[Loader, ...] = ()
    checks: Checks = field(default_factory=dict)
    is_imported: bool = False
    error: ErrorInfo | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Isolated(Protocol):
    """Where the workers run that have a process of their own."""

    def task(self, entry: WorkerEntry, task: str, /) -> Task: ...


class Workers:
    """All worker halves. A failing one is reported to ``on_fault`` and the rest goes on.

    Args:
        isolated: Runs those that have a process of their own; they are never imported here.
    """

    def __init__(self, on_fault: Callable[[PluginFault], None], isolated: Isolated) -> None:
        self._on_fault = on_fault
        self._isolated = isolated
        self._workers: dict[str, Worker] = {}

    def configure(self, entries: Iterable[WorkerEntry]) -> None:
        """Take over the plugins there are now. Imported ones stay; failed ones get a new chance."""
        old = self._workers
        self._workers = {
            entry.plugin: kept
            if (kept := old.get(entry.plugin)) and kept.entry == entry and not kept.error
            else Worker(entry)
            for entry in entries
        }

    def packages(self) -> dict[str, str]:
        """Return top package → id of the plugin whose worker half it has."""
        workers = self._workers
        return {each.entry.module.partition(".")[0]: id for id, each in workers.items()}

    def owner(self, task: str) -> str:
        """Return the id of the plugin that ``task`` belongs to; its first part if nobody has it."""
        found = self._find(task)
        return found.entry.plugin if found else task.partition(".")[0]

    def title(self, task: str) -> str:
        """Return what a person calls the plugin of ``task``; its id if it has no title."""
        found = self._find(task)
        return (found.entry.title if found else "") or self.owner(task)

    def lane(self, task: str) -> Lane:
        """Return the lane of ``task``."""
        found = self._find(task)
        return found.entry.lanes.get(task, Lane.BATCH) if found else Lane.BATCH

    def kinds(self, task: str) -> tuple[str, ...] | None:
        """Return the kinds of artifacts that ``task`` may make; None for any."""
        found = self._find(task)
        return found.entry.kinds.get(task) if found else None

    def may_run_code(self, task: str) -> bool:
        """Whether the manifest of the plugin of ``task`` says that it runs code."""
        found = self._find(task)
        return found is not None and found.entry.run_code

    def may_read_library(self, task: str) -> bool:
        """Whether the manifest of the plugin of ``task`` says that it reads the library."""
        found = self._find(task)
        return found is not None and found.entry.permits.library

    def uses(self, task: str) -> tuple[str, ...]:
        """Return the tasks of others that the plugin of ``task`` declares to call."""
        found = self._find(task)
        return found.entry.uses if found else ()

    def is_imported(self, task: str) -> bool:
        """Whether the plugin of ``task`` needs no time to start; one with its own process says so
        itself, for it is started beside the lane."""
        found = self._find(task)
        return found is not None and (found.entry.isolated or found.is_imported)

    def needs_torch(self, task: str) -> bool:
        """Whether ``task`` waits for torch before it begins, and not only where it leases."""
        found = self._find(task)
        return found is None or not found.entry.isolated or found.entry.permits.gpu

    def task(self, task: str) -> Task:
        """Return the generator function of ``task``, importing its plugin if need be.

        Raises:
            StudioError: Nobody has this task, or its plugin is broken; named.
        """
        worker = self._find(task)
        if worker is None:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"There is no task called “{task}”.",
                "Its plugin may have been removed or disabled: see the Plugins page.",
            )
        if worker.entry.isolated:
            return self._isolated.task(worker.entry, task)
        self._import(worker)
        if worker.error is not None:
            raise StudioError.from_info(worker.error)
        if task not in worker.tasks:
            raise _broken(
                worker, f"its manifest declares a task “{task}” that its worker does not provide"
            )
        return worker.tasks[task]

    def params(self, task: str, values: Mapping[str, Any]) -> Params | Mapping[str, Any]:
        """Return the checked parameters of ``task``; as they came where its own process checks.

        Raises:
            StudioError: A value is bad, or the schema of the plugin is.
        """
        worker = self._find(task)
        assert worker is not None, task  # asked after ``task`` has found it
        if worker.entry.isolated:
            return values
        module, _, name = worker.entry.tasks[task].partition(":")
        try:
            schema = getattr(importlib.import_module(module), name)
        except Contained as error:
            raise StudioError.from_info(self._fault(worker, "its schema", error)) from error
        if not (isinstance(schema, type) and issubclass(schema, Params)):
            raise _broken(worker, f"{worker.entry.tasks[task]} is not a Params class")
        return schema.parse(dict(values))

    def verdict(self, task: str, kind: str, payload: bytes) -> Verdict | None:
        """Return what the plugin of ``task`` finds of a result; None if it has no check for it.

        A check that raises is reported; the result it was for is kept all the same.
        """
        worker = self._find(task)
        if worker is None or kind not in worker.checks:
            return None
        try:
            return worker.checks[kind](payload)
        except Contained as error:
            self._report(worker, f"its check of {kind}", error)
            return None

    def loaders(self) -> Iterator[Loader]:
        """Yield the loaders of all plugins; those not in use yet are imported, and come last."""
        workers = list(self._workers.values())
        for worker in sorted(workers, key=lambda each: not each.is_imported):
            if worker.entry.isolated:  # what it loads could not leave its process
                continue
            self._import(worker)
            yield from worker.loaders

    def _find(self, task: str) -> Worker | None:
        for worker in self._workers.values():
            if task in worker.entry.tasks:
                return worker
        return None

    def _import(self, worker: Worker) -> None:
        with worker.lock:
            if worker.is_imported or worker.error is not None:
                return
            where = "the import of its worker"
            # At the end, so that nothing of it stands in for a package of the studio.
            sys.path.extend(path for path in worker.entry.paths if path not in sys.path)
            try:
                hooks = _hooks(importlib.import_module(worker.entry.module))
                where = "the hook studio_tasks"
                worker.tasks = _tasks(hooks)
                where = "the hook studio_loaders"
                worker.loaders = _loaders(hooks)
                where = "the hook studio_checks"
                worker.checks = _checks(hooks)
                worker.is_imported = True
            except Contained as error:
                self._fault(worker, where, error)

    def _fault(self, worker: Worker, where: str, error: BaseException) -> ErrorInfo:
        worker.error = self._report(worker, where, error)
        return worker.error

    def _report(self, worker: Worker, where: str, error: BaseException) -> ErrorInfo:
        info = contained(error, worker.entry.plugin, where)
        log.error("%s\n%s", info.message, info.details)
        self._on_fault(PluginFault(worker.entry.plugin, where, info))
        return info


def _hooks(module: Any) -> Any:
    """Return the hooks of one worker module; pluggy refuses arguments it does not know."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(WorkerHooks)
    manager.register(module)
    return manager.hook


def _tasks(hooks: Any) -> dict[str, Task]:
    tasks: dict[str, Task] = {}
    for group in hooks.studio_tasks():
        tasks |= dict(group)
    for name, task in tasks.items():
        if not (isinstance(name, str) and callable(task)):
            raise TypeError(f"{name!r} is not a task id with a function")
    return tasks


def _loaders(hooks: Any) -> tuple[Loader, ...]:
    loaders = tuple(loader for group in hooks.studio_loaders() for loader in group)
    for loader in loaders:
        for name in ("family", "recognise", "measure", "load", "unload"):
            if not hasattr(loader, name):
                raise TypeError(f"{loader!r} is not a loader: it has no {name}")
    return loaders


def _checks(hooks: Any) -> Checks:
    checks: Checks = {}
    for group in hooks.studio_checks():
        checks |= dict(group)
    return checks


def _broken(worker: Worker, why: str) -> StudioError:
    plugin = worker.entry.plugin
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin “{plugin}” cannot be used: {why}.",
        "Update the plugin, or tell its author.",
        plugin=plugin,
    )
