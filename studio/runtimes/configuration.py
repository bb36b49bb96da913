"""The configuration sent to the runtime at start and on changes: plugins, weights, memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.base.runtime_settings import (
    DEFAULT_IDLE_MINUTES,
    IDLE_MINUTES,
    MEMORY_LIMIT,
)
from studio.base.settings import Settings
from studio.models.manager import WeightsManager
from studio.models.user_notes import REMARKS
from studio.plugins import PluginHost
from studio.protocol.messages import Configure, WeightsEntry
from studio.runtimes.loaded_models import LoadedModels
from studio.runtimes.supervisor import Supervisor


class RuntimeConfiguration:
    """Configures the runtime, and again when a setting or a remark changes it.

    Attributes:
        set_aside: Ids of weights that the user keeps out of the runtime for this session.
    """

    def __init__(
        self,
        settings: Settings,
        plugins: PluginHost,
        weights: WeightsManager,
        models: LoadedModels,
        runtime: Supervisor,
    ) -> None:
        self._settings, self._plugins, self._weights = settings, plugins, weights
        self._models, self._runtime = models, runtime
        self.set_aside: set[str] = set()
        self._sent: tuple[WeightsEntry, ...] = ()
        settings.observe(REMARKS, self._remarked)
        for key in (MEMORY_LIMIT, IDLE_MINUTES):
            settings.observe(key, lambda key, value: self.update())

    def send(self) -> None:
        """Tell the runtime, which has just started."""
        message = self.told()
        self._sent = message.weights
        self._runtime.send(message)

    def told(self) -> Configure:
        """Return the configuration for a runtime."""
        return Configure(
            workers=self._plugins.worker_entries(),
            weights=self._entries(),
            memory_limit=max(0, self._settings.get(MEMORY_LIMIT, 0)),
            pinned=self._models.pinned,
            idle_seconds=60.0 * self._settings.get(IDLE_MINUTES, DEFAULT_IDLE_MINUTES),
        )

    def update(self) -> None:
        """Tell the runtime if there is one; the next one hears it anyway."""
        if self._runtime.is_ready:
            self.send()

    def restart_without(self, weights: Sequence[str]) -> None:
        """Start the runtime afresh and keep these weights out of it for this session."""
        self.set_aside.update(weights)
        self._runtime.restart()

    def _entries(self) -> tuple[WeightsEntry, ...]:
        return tuple(entry for entry in self._weights.entries() if entry.id not in self.set_aside)

    def _remarked(self, key: str, value: Any) -> None:
        """Reconfigure the runtime if a remark on weights affects their use."""
        if self._runtime.is_ready and self._entries() != self._sent:
            self.send()
