"""Finds the task of a request and checks its parameters against the schema of the plugin."""

from __future__ import annotations

from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Params
from studio.models.manager import WeightsManager
from studio.plugins import PluginHost


class Resolver:
    """What plugins offer, as the job board asks for it."""

    def __init__(self, plugins: PluginHost, weights: WeightsManager) -> None:
        self._plugins, self._weights = plugins, weights

    def resolve(self, request: JobRequest) -> tuple[str, TaskEntry, Params]:
        """Return the plugin's id, the task and checked parameters.

        Raises:
            StudioError: No such task, or wrong parameters.
        """
        plugin, entry = self._plugins.task(request.task)
        kind = self._plugins.params_class(request.task)
        # A schema may check what it likes: that is code of the plugin.
        params = self._plugins.guard(
            plugin.id, f"schema of {entry.id}", lambda: self._checked(kind, request)
        )
        return plugin.id, entry, params

    def _checked(self, kind: type[Params], request: JobRequest) -> Params:
        if isinstance(request.params, kind):
            return request.params
        given = request.params
        values = given.to_dict() if isinstance(given, Params) else dict(given)
        return kind.parse(self._weights.filled(kind, values))
