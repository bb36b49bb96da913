"""Checks by plugins: tasks of theirs, run by the doctor. Stores nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from studio.api.jobs import JobRequest
from studio.cli.doctor.check_result import CheckResult, fine, problem
from studio.cli.terminal.studio_session import StudioSession
from studio.jobs.job import Job
from studio.plugins import Plugin
from studio.protocol.errors import StudioError
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio

PATIENCE = 60.0
"""Seconds for one check, the start of the runtime included."""


def run(session: StudioSession) -> Iterator[CheckResult]:
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
            yield _checked(studio, plugin, task)


def _checked(studio: Studio, plugin: Plugin, task: str) -> CheckResult:
    try:
        job = studio.submit(JobRequest(task, private=True, keep=False, whole=True))
    except StudioError as error:
        return problem(f"{plugin.id}: {error.message}", error.hint)
    until = time.monotonic() + PATIENCE
    while job.is_live and studio.runtime.state is not RuntimeState.GIVEN_UP:
        studio.pump(0.1)
        if time.monotonic() > until:
            job.cancel()
            return problem(
                f"{plugin.id}: its check {task} did not end within {PATIENCE:.0f} seconds.",
                f"Update it, or run `studio plugins off {plugin.id}`.",
            )
    if job.error is not None or job.is_live:
        words = job.error.message if job.error else studio.runtime.words
        return problem(f"{plugin.id}: {words}", job.error.hint if job.error else "")
    return _found(plugin, task, job)


def _found(plugin: Plugin, task: str, job: Job) -> CheckResult:
    ok, message, hint = (job.result.get(key) for key in ("ok", "message", "hint"))
    if not isinstance(ok, bool):
        return problem(
            f"{plugin.id}: its check {task} does not say whether all is well.",
            "Its author must add ok = True or False to the result.",
        )
    words = f"{plugin.id}: {message or task}"
    return fine(words) if ok else problem(words, str(hint or ""))
