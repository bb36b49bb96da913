"""User requests on models in the runtime's memory: keep, unload, or clear caches."""

from __future__ import annotations

from studio.base.paths import StudioPaths
from studio.base.runtime_settings import PINNED
from studio.base.settings import Settings
from studio.library import prompt_cache_files
from studio.protocol.messages import Pin, Prepare, Unload
from studio.runtimes.supervisor import Supervisor


class LoadedModels:
    """Used on the owner's thread."""

    def __init__(self, runtime: Supervisor, settings: Settings, paths: StudioPaths) -> None:
        self._runtime = runtime
        self._settings = settings
        self._paths = paths

    @property
    def pinned(self) -> tuple[str, ...]:
        """The ids of the weights that stay loaded once they are."""
        return tuple(str(item) for item in self._settings.get(PINNED, list[str]()))

    def pin(self, weights: str, pinned: bool = True) -> None:
        """Keep ``weights`` in memory once loaded, whatever else needs it; or no longer."""
        others = [item for item in self.pinned if item != weights]
        self._settings.set(PINNED, [*others, weights] if pinned else others)
        if self._runtime.is_ready:
            self._runtime.send(Pin(weights, pinned))

    def prepare(self, weights: str) -> None:
        """Load ``weights`` in the background if the runtime has nothing else to do or to hold."""
        self._runtime.send(Prepare(weights))

    def unload(self, weights: str) -> None:
        """Free the memory of ``weights`` as soon as no job uses them."""
        if self._runtime.is_ready:
            self._runtime.send(Unload(weights))

    def forget_beginnings(self) -> int:
        """Delete what models computed of texts, on the disk and in memory; return bytes on disk."""
        for loaded in self._runtime.status.loaded if self._runtime.status else ():
            self.unload(loaded.weights)
        return prompt_cache_files.forget(self._paths)
