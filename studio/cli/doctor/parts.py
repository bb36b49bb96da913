"""The doctor on the studio's own parts: weights, plugins, runtimes. Loads no weights."""

from __future__ import annotations

import time
from collections.abc import Iterator

from studio.api.jobs import JobRequest
from studio.base import disk
from studio.cli.doctor.check_result import CheckResult, fine, problem, warning
from studio.cli.machines import connected, report
from studio.cli.terminal.studio_session import StudioSession
from studio.jobs.job import Job
from studio.machines.registry import Registry
from studio.plugins import Plugin, PluginState
from studio.protocol.errors import StudioError
from studio.protocol.messages import DevicesFound, Status
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio

CHECK_PATIENCE = 60.0
"""Seconds for one check, the start of the runtime included."""


def check_declared(session: StudioSession) -> Iterator[CheckResult]:
    """Run what plugins declare under ``doctor``; where none does, no runtime is started."""
    declared = [
        (plugin, task)
        for plugin in session.plugins.usable()
        for task in (plugin.manifest.doctor if plugin.manifest else ())
    ]
    if not declared:
        return
    with session.studio(read_only=True) as studio:
        for plugin, task in declared:
            yield _run_check(studio, plugin, task)


def _run_check(studio: Studio, plugin: Plugin, task: str) -> CheckResult:
    try:
        job = studio.submit(JobRequest(task, private=True, keep=False, whole=True))
    except StudioError as error:
        return problem(f"{plugin.id}: {error.message}", error.hint)
    until = time.monotonic() + CHECK_PATIENCE
    while job.is_live and studio.runtime.state is not RuntimeState.GIVEN_UP:
        studio.pump(0.1)
        if time.monotonic() > until:
            job.cancel()
            return problem(
                f"{plugin.id}: its check {task} did not end within {CHECK_PATIENCE:.0f} seconds.",
                f"Update it, or run `studio plugins off {plugin.id}`.",
            )
    if job.error is not None or job.is_live:
        words = job.error.message if job.error else studio.runtime.words
        return problem(f"{plugin.id}: {words}", job.error.hint if job.error else "")
    return _outcome(plugin, task, job)


def _outcome(plugin: Plugin, task: str, job: Job) -> CheckResult:
    ok, message, hint = (job.result.get(key) for key in ("ok", "message", "hint"))
    if not isinstance(ok, bool):
        return problem(
            f"{plugin.id}: its check {task} does not say whether all is well.",
            "Its author must add ok = True or False to the result.",
        )
    words = f"{plugin.id}: {message or task}"
    return fine(words) if ok else problem(words, str(hint or ""))


START_SECONDS = 120.0


def weights(session: StudioSession) -> Iterator[CheckResult]:
    """Whether there are weights, and which cannot be used."""
    rows = session.weights.list()
    usable = [row for row in rows if not row.problem]
    for row in rows:
        if row.problem:
            yield problem(f"{row.id}: {row.problem}", "Run `studio models verify` for details.")
    if usable:
        more = f" and {len(usable) - 5} more" if len(usable) > 5 else ""
        yield fine(f"{len(usable)} usable models: {', '.join(row.id for row in usable[:5])}{more}.")
    else:
        folders = ", ".join(str(folder) for folder in session.weights.folders)
        yield problem(
            "No models are installed, so nothing can be generated.",
            f"Run `make weights` for the starter models, or put your own into one of {folders}.",
        )


def plugins(session: StudioSession) -> Iterator[CheckResult]:
    """Which plugins do not take part, and whether the schemas of the others can be read."""
    host = session.plugins
    for plugin in host.plugins:
        if plugin.state is PluginState.DISABLED:
            yield warning(f"{plugin.id}: {plugin.reason}", f"Run `studio plugins on {plugin.id}`.")
        elif plugin.state is PluginState.DENIED:
            yield warning(f"{plugin.id}: {plugin.reason}", "Remove it, or allow it.")
        elif not plugin.is_usable:
            yield problem(f"{plugin.id}: {plugin.reason}", _cure(plugin.state, plugin.id))
    for plugin, task in host.tasks():
        try:
            host.params_class(task.id)
        except StudioError as error:
            yield problem(
                error.message, f"Update {plugin.id}, or run `studio plugins off {plugin.id}`."
            )
    yield from check_declared(session)
    if host.usable():
        yield fine(f"Enabled plugins: {', '.join(plugin.id for plugin in host.usable())}.")
    elif not host.plugins:
        yield problem("No plugins are installed.", "Run `make setup` to install the built-in ones.")


def _cure(state: PluginState, plugin: str) -> str:
    if state is PluginState.QUARANTINED:
        return f"Run `studio plugins on {plugin}` to try it again."
    return "Update or remove it."


def device(session: StudioSession) -> Iterator[CheckResult]:
    """Check that the runtime starts, and report its device."""
    with session.studio(read_only=True) as studio:
        status = _status(studio)
        if status is None:
            last = "; ".join(studio.runtime.last_lines()[-3:])
            yield problem(
                f"The runtime does not start ({last or studio.runtime.words}).",
                "Run `make setup` to reinstall it; see logs/runtime.log for details.",
            )
            return
        hello = studio.runtime.hello
        torch = hello.versions.get("torch", "?") if hello else "?"
        devices = studio.devices.found
    name = status.device_name or status.device
    threads = "1 thread" if status.threads == 1 else f"{status.threads} threads"
    yield fine(f"{name} with {threads}, {disk.as_size(status.memory_total)}, torch {torch}.")
    yield from _devices(devices)
    if status.device == "cpu" and not (devices and devices.note):
        yield warning(
            "No graphics card is in use: large models will be slow.",
            "If this machine has a graphics card, install its driver.",
        )


def machines(session: StudioSession) -> Iterator[CheckResult]:
    """Whether the user's other machines can be reached, and what does not agree there."""
    names = [problem.name for problem in Registry(session.settings).all()]
    if not names:
        yield fine("No other machines are set up.")
        return
    with session.studio(read_only=True) as studio:
        for name in names:
            try:
                facts = report(connected(studio, name), studio)
            except StudioError as error:
                cure = error.hint or f"Run `studio machines check {name}`."
                yield warning(f"{name}: {error.message}", cure)
                continue
            count = len(facts["models"])
            held = "1 model" if count == 1 else f"{count} models"
            yield fine(f"{name} is ready: {facts['device']}, {facts['memory']} memory, {held}.")
            for problem in facts["problems"]:
                yield warning(problem, f"Run `studio machines check {name}` after you changed it.")


def _devices(devices: DevicesFound | None) -> Iterator[CheckResult]:
    """What else could compute, and what keeps a card from it."""
    if devices is None:
        return
    if devices.note:
        yield warning(devices.note, "Set `STUDIO_DEVICE=cpu` to leave the card unused.")
    for entry in devices.devices if len(devices.devices) > 1 else ():
        chosen = " (computes)" if entry.id == devices.chosen else ""
        yield fine(f"{entry.id}: {entry.name}, {disk.as_size(entry.memory_total)}{chosen}")


def _status(studio: Studio) -> Status | None:
    """Return the first heartbeat that knows the device, None if the runtime dies before."""
    statuses: list[Status] = []
    studio.on_status(statuses.append)
    studio.runtime.start()
    until = time.monotonic() + START_SECONDS
    while not studio.runtime.deaths and time.monotonic() < until:
        studio.pump(0.1)
        if statuses and statuses[-1].threads:
            return statuses[-1]
    return None
