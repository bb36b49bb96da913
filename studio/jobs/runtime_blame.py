"""In whose task the runtime died or stands still, and what follows from it for that plugin.

The supervisor knows how the runtime is and nothing of plugins; the host knows plugins and nothing
of the runtime. This lies between them.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass, replace

from studio.base.notices import Action, Notices
from studio.jobs.board import JobBoard
from studio.jobs.job import Job
from studio.plugins import Plugin, PluginHost
from studio.protocol.errors import ErrorCode, ErrorInfo
from studio.protocol.messages import Status
from studio.protocol.states import JobState
from studio.protocol.trace import JobUse
from studio.runtimes.supervisor import TOO_MANY, TOO_SOON, Death, Supervisor

STEP_SECONDS = 20.0
"""A step of a plugin by others that takes longer is named. Those of ours load large weights."""
FRESH_SECONDS = 2.0
"""A step this long is still the same one when the next heartbeat comes."""


@dataclass(frozen=True)
class Cause:
    """The cause of one death of the runtime.

    Attributes:
        death: With the plugin in its reason, where it is known.
        jobs: Whose step it was, as far as is known; several where two lanes made one.
        plugins: Ids of their plugins.
    """

    death: Death
    jobs: tuple[Job, ...] = ()
    plugins: frozenset[str] = frozenset()


class RuntimeBlame:
    """Names plugins, restarts for them, and stops those that keep ending the runtime."""

    def __init__(
        self, plugins: PluginHost, jobs: JobBoard, runtime: Supervisor, notices: Notices
    ) -> None:
        self._plugins, self._jobs = plugins, jobs
        self._runtime, self._notices = runtime, notices
        self._deaths: collections.deque[Cause] = collections.deque(maxlen=TOO_MANY)
        self._slow = ""
        """The job whose long step the user was told of."""

    def cause(self, death: Death) -> Cause:
        """Return what ``death`` is laid at: by the stack it left, else by the steps at hand."""
        if death.asked:
            return Cause(death)
        jobs = self._known(death.at_hand)
        culprit = self._plugins.blame().of_report("\n".join(death.lines))
        if culprit is not None:
            jobs = tuple(job for job in jobs if job.plugin == culprit.plugin)
            plugins = frozenset({culprit.plugin})
        else:
            plugins = frozenset(job.plugin for job in jobs)
        if not plugins:
            return Cause(death)
        reason = f"{death.reason.rstrip('.')}, in a task of {self._titles(plugins)}."
        return Cause(replace(death, reason=reason), jobs, plugins)

    def stop_repeater(self, cause: Cause) -> bool:
        """Stop the plugin in whose tasks the runtime has died too often; return whether there is
        one. The studio's own are not stopped: what they compute with is as likely the cause."""
        if cause.death.asked:
            return False
        self._deaths.append(cause)
        if len(self._deaths) < TOO_MANY or cause.death.at - self._deaths[0].death.at > TOO_SOON:
            return False
        always = frozenset.intersection(*(item.plugins for item in self._deaths))
        others = [item for id in always if (item := self._foreign(id)) is not None]
        if len(others) != 1:
            return False
        self._deaths.clear()
        why = f"The runtime stopped unexpectedly {TOO_MANY} times in its tasks."
        error = self._plugins.give_up(others[0].id, "runtime", why)
        self._jobs.refuse(others[0].id, error)
        self._runtime.forgive()
        return True

    def restart_for(self, job: Job) -> bool:
        """Restart the runtime if a step of ``job``, which was asked to stop, holds it up and is of
        a plugin by others; return whether it is so."""
        plugin = self._foreign(job.plugin)
        if plugin is None or job.id not in self._at_hand():
            return False
        self._plugins.record_fault(
            plugin.id,
            f"task {job.task}",
            ErrorInfo(
                ErrorCode.PLUGIN_FAILED,
                f"{plugin.title} did not stop “{job.title}”, so the runtime is being restarted.",
                "Queued jobs continue by themselves; jobs that were running can be run again.",
                plugin=plugin.id,
            ),
        )
        self._runtime.restart(
            f"The runtime was restarted because the plugin {plugin.title} did not stop its job."
        )
        return True

    def watch(self, status: Status) -> None:
        """Name a plugin by others that has been in one step for too long."""
        longest = max(status.jobs, key=_step, default=None)
        job = self._jobs.get(longest.job) if longest else None
        if job is None or longest is None or _step(longest) < STEP_SECONDS:
            if self._slow:
                self._notices.dismiss("stall")
            self._slow = ""
            return
        plugin = self._foreign(job.plugin)
        if plugin is None or job.id == self._slow or job.state is not JobState.RUNNING:
            return
        self._slow = job.id
        self._notices.warn(
            f"{plugin.title} has been in one step for {_step(longest):.0f} seconds.",
            f"It may just be slow. If “{job.title}” does not react to Stop, the process of the "
            "plugin is ended."
            if plugin.isolated
            else f"It may just be slow. If “{job.title}” does not react to Stop, the runtime is "
            "restarted.",
            key="stall",
            actions=(Action("Stop job", job.cancel),),
        )

    def named(self, complaint: str) -> str:
        """Return the supervisor's complaint with the name of the plugin at fault."""
        plugins = frozenset(job.plugin for job in self._known(self._at_hand()))
        return f"{complaint}, in a task of {self._titles(plugins)}" if plugins else complaint

    # --- inside -------------------------------------------------------------------------------

    def _at_hand(self) -> tuple[str, ...]:
        """Return the jobs whose step is running; by the last heartbeat without a note."""
        status = self._runtime.status
        jobs = status.jobs if status else ()
        return self._runtime.at_hand() or tuple(
            use.job for use in jobs if use.at_hand > FRESH_SECONDS
        )

    def _known(self, ids: tuple[str, ...]) -> tuple[Job, ...]:
        return tuple(job for id in ids if (job := self._jobs.get(id)) is not None)

    def _foreign(self, id: str) -> Plugin | None:
        """Return the plugin if it is one by others."""
        matches = (
            plugin for plugin in self._plugins.plugins if plugin.id == id and not plugin.shipped
        )
        return next(matches, None)

    def _titles(self, ids: frozenset[str]) -> str:
        titles = {plugin.id: plugin.title for plugin in self._plugins.plugins}
        return " or ".join(f"the plugin {titles.get(id, id)}" for id in sorted(ids))


def _step(use: JobUse) -> float:
    """Return for how many seconds a job has been in one step, wherever that is made."""
    return max(use.at_hand, use.quiet)
