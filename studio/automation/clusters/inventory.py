"""The inventory of a machine for a runtime, compared with the local one. Loads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from importlib import metadata
from typing import Any

import msgspec

from studio.base.paths import StudioPaths
from studio.base.runtime_settings import MEMORY_LIMIT
from studio.base.settings import Settings
from studio.models.manager import WeightsManager
from studio.plugins import PluginHost
from studio.plugins.install import stored
from studio.plugins.install.store import PluginStore
from studio.protocol.messages import Configure


class Inventory(msgspec.Struct, frozen=True):
    """What there is on one machine.

    Attributes:
        versions: What its runtime computes with; empty where none runs.
        plugins: Id → SHA-256 of its files.
        weights: Id → SHA-256 that is known of them; empty where none is.
    """

    versions: dict[str, str] = {}
    plugins: dict[str, str] = {}
    weights: dict[str, str] = {}


class Home:
    """The plugins and weights below one home, without a library."""

    def __init__(self, paths: StudioPaths) -> None:
        """Look what there is; imports no plugin.

        Raises:
            StudioError: The settings or the plugins cannot be read.
        """
        self.paths = paths
        self._settings = Settings(paths.settings)
        store = PluginStore(paths.plugins, paths.journals)
        store.use()
        self._plugins = PluginHost(
            self._settings, paths.journals, stored=partial(stored.found, store)
        )
        self._weights = WeightsManager(paths, self._settings, self._plugins.families)

    def configuration(self) -> Configure:
        """Return the configuration for a runtime of this home."""
        return Configure(
            workers=self._plugins.worker_entries(),
            weights=self._weights.entries(),
            memory_limit=max(0, self._settings.get(MEMORY_LIMIT, 0)),
        )

    def inventory(self, versions: dict[str, str] | None = None) -> Inventory:
        """Return the inventory; ``versions`` are those reported by a local runtime."""
        return Inventory(
            versions or {},
            {plugin.id: plugin.digest for plugin in self._plugins.usable()},
            {entry.id: entry.digest for entry in self._weights.entries()},
        )


def mismatch(machine: str, there: Inventory) -> str:
    """Return why nothing can run on a machine, in a sentence; empty if it can.

    The packages that change results have to be of the versions that are here. The builds may
    differ: a machine with a card has another one of torch.
    """
    for package, version in there.versions.items():
        try:
            here = metadata.version(package)
        except metadata.PackageNotFoundError:  # a circumstance, or it is not used here
            continue
        if _public(version) != _public(here):
            return (
                f"The machine “{machine}” has {package} {version}, and this one has {here}, so "
                "results could differ. Install the same version there."
            )
    return ""


def lacking(
    here: Inventory, machine: str, there: Inventory, task: str, values: Iterable[Any]
) -> str:
    """Return the missing items of a machine for a task with these parameters; empty if none."""
    plugin = task.partition(".")[0]
    if plugin not in there.plugins:
        return f"“{machine}” does not have the plugin “{plugin}”"
    if there.plugins[plugin] != here.plugins.get(plugin):
        return f"“{machine}” has other files of the plugin “{plugin}”"
    for weights in weights_in(here, values):
        if weights not in there.weights:
            return f"“{machine}” does not have the model “{weights}”"
        ours, other = here.weights[weights], there.weights[weights]
        if ours and other and ours != other:
            return f"the model “{weights}” of “{machine}” is another one"
    return ""


def weights_in(here: Inventory, values: Iterable[Any]) -> Iterator[str]:
    """Yield the ids of weights that parameters name."""
    for value in values:
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, str) and item in here.weights:
                yield item


def _public(version: str) -> str:
    return version.partition("+")[0]
