"""Modes that plugins offer on the pages of others, from their manifests."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import msgspec

from studio.api.params import Params
from studio.api.runs import Mode
from studio.desktop.appearance.language import declared
from studio.plugins.host import PluginHost
from studio.protocol.errors import StudioError


class OfferedModes:
    """Those that one plugin's pages may show."""

    def __init__(self, plugin: str, host: PluginHost) -> None:
        self._plugin, self._host = plugin, host

    def modes(self, kind: str) -> list[Mode]:
        """Return what others offer for ``kind``."""
        modes = list[Mode]()
        for plugin in self._host.usable() if kind else ():
            assert plugin.manifest is not None
            for entry in plugin.manifest.modes if plugin.id != self._plugin else ():
                if entry.kind != kind:
                    continue
                try:
                    params = self._host.params_class(entry.task)
                except StudioError:  # the plugin is off for it by now, and its page says why
                    continue
                mode = Mode(
                    id=f"{entry.task}:{kind}",
                    title=declared(entry.title),
                    verb=declared(entry.verb),
                    icon=entry.icon or plugin.manifest.icon,
                    task=entry.task,
                    params=_narrowed(params, entry.capability),
                    capability=entry.capability,
                    hint=declared(entry.summary),
                    offered=True,
                    given=entry.params,
                )
                modes.append(mode)
        return modes


def _narrowed(params: type[Params], capability: str) -> type[Params]:
    """Return the same parameters with weights of ``capability`` alone."""
    fields = tuple(
        replace(field, capability=capability) if field.capability else field
        for field in params.fields()
    )
    own = {"fields": classmethod(lambda _cls: fields)}
    narrowed = msgspec.defstruct(
        params.__name__, [], bases=(params,), namespace=own, frozen=True, kw_only=True
    )
    return cast(type[Params], narrowed)
