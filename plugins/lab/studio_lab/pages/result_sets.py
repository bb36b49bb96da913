"""Which results belong to one job: the strip has the first of them, the page shows all."""

from __future__ import annotations

from typing import Any

from studio.api import PluginContext, SavedArtifact, StudioError

_KEY, _MOST = "lab.sets", 100


class ResultSets:
    """Record of a job → the ids of its results in the order they were made; outlives a restart."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._sets = _sound(ctx.settings.get(_KEY, {}))

    def add(self, artifact: SavedArtifact) -> bool:
        """Take a result in; return whether it is the first of its job."""
        ids = self._sets.setdefault(artifact.record, [])
        if artifact.id not in ids:
            ids.append(artifact.id)
        while len(self._sets) > _MOST:
            del self._sets[next(iter(self._sets))]
        self._ctx.settings.set(_KEY, self._sets)
        return ids[0] == artifact.id

    def ids(self, artifact: SavedArtifact) -> list[str]:
        """Return the ids of all results of the job that made one."""
        ids = self._sets.get(artifact.record, [])
        return ids if artifact.id in ids else [artifact.id]

    def find(self, ids: list[str]) -> list[SavedArtifact]:
        """Return those that are still in the library. Takes as long as the disk."""
        artifacts = []
        for id in ids:
            try:
                artifact = self._ctx.library.artifact(id)
            except StudioError:  # gone from the library: that was the user's wish
                continue
            if not artifact.binned:
                artifacts.append(artifact)
        return artifacts


def _sound(saved: Any) -> dict[str, list[str]]:
    """Return the valid entries of a saved value; tolerates any other value."""
    if not isinstance(saved, dict):
        return {}
    return {
        str(record): [str(id) for id in ids]
        for record, ids in saved.items()
        if isinstance(ids, list)
    }
