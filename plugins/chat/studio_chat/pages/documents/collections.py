"""User-given names of document folders, stored in the settings. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.api import PluginContext
from studio_chat.documents.passages import shown_name

COLLECTIONS = "collections"
MAX_NAME = 60
_MOST = 200
"""Of all names; the one given longest ago goes first."""


class Collections:
    """Folder → name."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    def all(self) -> dict[str, str]:
        """Return path → name of those that are there, by name."""
        there = {path: name for path, name in self._kept().items() if Path(path).is_dir()}
        return dict(sorted(there.items(), key=lambda item: item[1].lower()))

    def name(self, path: str) -> str:
        """Return the display name of a file or folder: the user's, else its own."""
        return self._kept().get(path) or shown_name(path)

    def give(self, path: str, name: str) -> None:
        """Call a folder so; an empty name takes the one away that it was given."""
        names = self._kept()
        names.pop(path, None)
        if name := " ".join(name.split())[:MAX_NAME]:
            names[path] = name
        self._ctx.settings.set(COLLECTIONS, dict(list(names.items())[-_MOST:]))

    def named(self, sources: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return sources of a reply in which documents of a named folder begin with its name."""
        folders = [(Path(path), name) for path, name in self._kept().items()]
        renamed = [dict(row) for row in sources]
        for source in renamed:
            path = Path(str(source.get("path") or ""))
            for folder, name in folders:
                if folder in path.parents:
                    source["document"] = f"{name}/{path.relative_to(folder).as_posix()}"
        return renamed

    def _kept(self) -> dict[str, str]:
        names = self._ctx.settings.get(COLLECTIONS, {})
        plain = names.items() if isinstance(names, Mapping) else ()
        return {str(path): name for path, name in plain if isinstance(name, str) and name}
