"""What this machine has for a studio elsewhere: its plugins and its weights, by digest."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

import studio
from studio.base import disk
from studio.base.paths import StudioPaths
from studio.base.runtime_settings import MEMORY_LIMIT
from studio.base.settings import Settings
from studio.machines.wire.messages import HeldPlugin, HeldWeights, Holdings
from studio.models.manager import WeightsManager
from studio.models.verification import verify
from studio.models.weights import Weights
from studio.plugins import PluginHost
from studio.plugins.circumstances import PLUGIN, PLUGIN_FILES, of_plugin
from studio.plugins.install import stored
from studio.plugins.install.store import PluginStore
from studio.protocol.caches import DIGESTS
from studio.protocol.messages import Configure, WeightsEntry
from studio.protocol.regular_file import read_note
from studio.protocol.weights_files import stamp


class Stock:
    """Plugins and weights of one home. Any thread may ask; one at a time reads weights."""

    def __init__(self, paths: StudioPaths) -> None:
        self.paths = paths
        self.settings = Settings(paths.settings)
        store = PluginStore(paths.plugins, paths.journals)
        store.use()
        self.plugins = PluginHost(self.settings, paths.journals, stored=lambda: stored.found(store))
        self.weights = WeightsManager(paths, self.settings, self.plugins.families)
        self._digests = paths.cache / DIGESTS
        self._lock = threading.Lock()

    def holdings(self) -> Holdings:
        """Return what there is."""
        place = self.paths.shared_weights
        digests = self._known()
        free = 0
        with suppress(OSError):
            free = shutil.disk_usage(disk.make_folder(place)).free
        return Holdings(
            studio.__version__,
            {plugin.id: _held(of_plugin(plugin)) for plugin in self.plugins.usable()},
            tuple(self._row(row, digests) for row in self.weights.catalogue.list()),
            free,
            str(place),
            time.time(),
        )

    def configuration(self, configure: Configure) -> Configure:
        """Return the configuration of the local runtime: own plugins, files, limits.

        Args:
            configure: The other studio's own configuration: its ids and digests of weights.
        """
        wanted = {entry.plugin for entry in configure.workers}
        here = {self._digest(row): row for row in self.weights.catalogue.list() if not row.problem}
        entries: list[WeightsEntry] = []
        for entry in configure.weights:
            row = here.get(entry.digest) if entry.digest else None
            if row is not None:
                there = msgspec.structs.replace(entry, path=str(row.path), family=row.family)
                entries.append(there)
        return msgspec.structs.replace(
            configure,
            workers=tuple(e for e in self.plugins.worker_entries() if e.plugin in wanted),
            weights=tuple(entries),
            memory_limit=max(0, self.settings.get(MEMORY_LIMIT, 0)),
        )

    def read(self, weights_id: str, on_progress: Callable[[int, int], None]) -> str:
        """Return the SHA-256 of weights from their bytes, and remember it.

        Raises:
            StudioError: There are none, or they cannot be read.
        """
        row = self.weights.catalogue.get(weights_id)
        digest = verify(row, on_progress).digest
        with self._lock, suppress(OSError):  # a cache: without it they are read once more
            digests = {**self._known(), stamp(row.path): digest}
            disk.make_folder(self._digests.parent)
            disk.write_durably(self._digests, json.dumps(digests).encode())
        return digest

    def _row(self, row: Weights, digests: dict[str, str]) -> HeldWeights:
        read = _stamped(row.path, digests)
        return HeldWeights(
            row.id,
            row.title,
            "" if row.problem else read or row.digest,
            bool(read),
            row.bytes,
            row.capabilities,
            row.family,
        )

    def _digest(self, row: Weights) -> str:
        return _stamped(row.path, self._known()) or row.digest

    def _known(self) -> dict[str, str]:
        with suppress(OSError, ValueError):
            digests = json.loads(read_note(self._digests).decode("utf-8"))
            if isinstance(digests, dict):
                return {str(key): str(value) for key, value in digests.items()}
        return {}


def _stamped(path: Path, digests: dict[str, str]) -> str:
    with suppress(OSError):
        return digests.get(stamp(path), "")
    return ""


def _held(facts: dict[str, str]) -> HeldPlugin:
    packages = {name: value for name, value in facts.items() if name not in (PLUGIN, PLUGIN_FILES)}
    return HeldPlugin(facts.get(PLUGIN, ""), facts.get(PLUGIN_FILES, ""), packages)
