"""Which plugins are off or in quarantine, from one session to the next."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Protocol

from studio.protocol.errors import StudioError

_OFF = "plugins.off"
_QUARANTINED = "plugins.quarantined"
_ON = "plugins.on"


class HostSettings(Protocol):
    """Where the host keeps what outlives the session."""

    def get(self, key: str, default: Any) -> Any:
        """Return the value, or ``default``."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Keep plain data."""
        ...


class EnabledPlugins:
    """Three small tables in the settings; damaged ones count as empty."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings

    def is_off(self, plugin_id: str) -> bool:
        """Whether the user switched the plugin off."""
        return plugin_id in self._table(_OFF)

    def is_on(self, plugin_id: str) -> bool:
        """Whether the user has switched the plugin on: asked of those that are off until then."""
        return plugin_id in self._table(_ON)

    def switch_on(self, plugin_id: str) -> None:
        """Keep the plugin on, until it is switched off."""
        self._add(_ON, {plugin_id: True})

    def crashed_in(self, plugin_id: str) -> str:
        """Return the module whose import ended the studio; empty if there was none."""
        return str(self._table(_QUARANTINED).get(plugin_id, ""))

    def switch_off(self, plugin_id: str) -> None:
        """Keep the plugin off until it is cleared."""
        self._add(_OFF, {plugin_id: True})

    def quarantine(self, crashed: Mapping[str, str]) -> None:
        """Keep plugins (id → module whose import crashed) out until they are cleared.

        On a disk that refuses they are out for this session only, which is better than no session.
        """
        if crashed:
            with contextlib.suppress(StudioError):
                self._add(_QUARANTINED, crashed)

    def clear(self, plugin_id: str) -> None:
        """Forget why the plugin was left out."""
        for key in (_OFF, _QUARANTINED):
            table = self._table(key)
            if table.pop(plugin_id, None) is not None:
                self._settings.set(key, table)

    def _add(self, key: str, entries: Mapping[str, Any]) -> None:
        self._settings.set(key, {**self._table(key), **entries})

    def _table(self, key: str) -> dict[str, Any]:
        value = self._settings.get(key, {})
        return dict(value) if isinstance(value, Mapping) else {}
