"""Schemas of plugins in their own process: frozen there, cached, and thawed here."""

from __future__ import annotations

import contextlib
import hashlib
import platform
from pathlib import Path
from typing import Any

import msgspec

import studio
from studio.api.frozen_schema import freeze, thaw
from studio.base import disk
from studio.plugin_process.describe import frozen_schemas
from studio.plugins.enabled_state import HostSettings
from studio.plugins.isolation import launch_reader
from studio.plugins.plugin import Plugin
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import read_note

__all__ = ["FrozenSchemas", "freeze", "thaw"]

_MOST_FILES, _MOST_BYTES = 2000, 32 << 20


class FrozenSchemas:
    """The schemas of plugins whose code is not imported here.

    Those that were frozen when the plugin was installed come with it. Of a plugin in an author's
    folder they are frozen when they are asked for, and kept until a file of it changes.
    """

    def __init__(self, folder: Path, settings: HostSettings) -> None:
        """Keep them below ``folder``."""
        self._folder, self._settings = folder, settings

    def of(self, plugin: Plugin) -> dict[str, Any]:
        """Return task id → frozen schema.

        Raises:
            StudioError: They cannot be read; names the plugin.
        """
        if plugin.schemas:
            return dict(plugin.schemas)
        cached = self._folder / f"{_digest(plugin)}.json"
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return dict(msgspec.json.decode(read_note(cached), type=dict[str, Any]))
        assert plugin.manifest is not None
        tasks = {task.id: task.params for task in plugin.manifest.tasks}
        paths = [str(path) for path in plugin.paths]
        launched = launch_reader(plugin.title, paths, self._settings, plugin.lends)
        schemas = frozen_schemas(plugin.id, launched, tasks)
        with contextlib.suppress(OSError, StudioError):  # then they are read again next time
            disk.make_folder(self._folder)
            disk.write_durably(cached, msgspec.json.encode(schemas))
        return schemas


def _digest(plugin: Plugin) -> str:
    """Return a cache key of the plugin and studio; always a new one for a huge plugin."""
    digest = hashlib.sha256(f"{studio.__version__} {platform.python_version()}".encode())
    assert plugin.folder is not None
    files = sorted(plugin.folder.rglob("*.py"))[:_MOST_FILES]
    held = 0
    for file in [*files, plugin.folder / "manifest.toml"]:
        content = read_note(file)
        held += len(content)
        digest.update(f"{file.relative_to(plugin.folder)} {len(content)}\n".encode())
        digest.update(content)
        if held > _MOST_BYTES:
            break
    return digest.hexdigest()
