"""Actions of plugins on artifacts, wherever these are shown: at once, or in a form filled in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobRequest
from studio.api.manifest import ActionEntry
from studio.api.window.language import tr
from studio.api.window.work_queue import outcome
from studio.desktop.appearance.language import declared
from studio.desktop.main_thread.bridge import Background
from studio.jobs.accepted_artifact import AcceptedArtifact, accepted
from studio.plugins.plugin import Plugin
from studio.protocol.errors import StudioError

if TYPE_CHECKING:
    from studio.studio import Studio

Act = Callable[[], None]


class PluginActions:
    """Actions on an artifact from the manifests of the enabled plugins."""

    def __init__(
        self,
        studio: Studio,
        background: Background,
        open_form: Callable[[Plugin, ActionEntry, SavedArtifact], None],
        show: Callable[[SavedArtifact], None],
    ) -> None:
        """``open_form``: opens the page of an action's task; ``show``: shows a result."""
        self._studio, self._background = studio, background
        self._open_form, self._show = open_form, show

    def of(self, artifact: SavedArtifact) -> list[tuple[str, str, Act]]:
        """Return (title, icon, call) of each action for the kind of ``artifact``."""
        actions: list[tuple[str, str, Act]] = []
        for plugin in self._studio.plugins.usable():
            assert plugin.manifest is not None
            tasks = {task.id: task for task in plugin.manifest.tasks}
            for action in plugin.manifest.actions:
                if artifact.kind in (action.kinds or tasks[action.task].accepts):
                    icon = action.icon or plugin.manifest.icon
                    run = partial(self._run if action.run else self._open_form, plugin, action)
                    actions.append((declared(action.title), icon, partial(run, artifact)))
        return actions

    def _run(self, plugin: Plugin, action: ActionEntry, artifact: SavedArtifact) -> None:
        try:
            _, entry = self._studio.plugins.task(action.task)
            params = self._studio.plugins.params_class(action.task)
        except StudioError as error:
            self._studio.notices.error(error, key=action.id)
            return
        self._background.run(
            lambda: outcome(lambda: accepted(entry, params, artifact)),
            lambda result: self._submit(action, result),
        )

    def _submit(self, action: ActionEntry, accepted: AcceptedArtifact | StudioError) -> None:
        notices = self._studio.notices
        if isinstance(accepted, StudioError):
            notices.error(accepted, key=action.id)
            return
        try:
            job = self._studio.submit(
                JobRequest(
                    action.task,
                    {**action.params, **accepted.params},
                    title=f"{declared(action.title)}: {accepted.artifact.title}".rstrip(": "),
                    inputs=accepted.inputs,
                    parents=[accepted.artifact.id],
                )
            )
        except StudioError as error:
            notices.error(error, key=action.id)
            return
        title = declared(action.title)

        def made(result: SavedArtifact) -> None:
            words = tr("“{title}” is done.").format(title=title)
            notices.offer(words, tr("Show"), lambda: self._show(result), key=action.id)

        notices.info(tr("“{title}” has started.").format(title=title), key=action.id)
        job.on_artifact(made)
        job.on_failed(lambda error: notices.error(error, key=action.id))
