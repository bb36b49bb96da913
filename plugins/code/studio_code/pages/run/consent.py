"""Whether the user has agreed that the code of a folder runs, and to what it asks for."""

from __future__ import annotations

from studio.api import PluginContext
from studio_code.pages.run.capability_scan import Capability

_KEY = "run_agreed"
_MOST = 200


class Consent:
    """Kept in the settings of the plugin, one entry a folder."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        kept = ctx.settings.get(_KEY, {})
        self._agreed: dict[str, list[str]] = {}
        if isinstance(kept, dict):
            self._agreed = {k: list(v) for k, v in kept.items() if isinstance(v, list | tuple)}

    def covers(self, folder: str, wants: set[Capability]) -> bool:
        """Whether the user agreed to run this folder's code with at least these wants."""
        agreed = self._agreed.get(folder)
        return agreed is not None and {str(want) for want in wants} <= set(agreed)

    def agree(self, folder: str, wants: set[Capability]) -> None:
        """Remember; what was agreed to before stays."""
        before = self._agreed.pop(folder, [])
        self._agreed[folder] = sorted({*before, *(str(want) for want in wants)})
        newest = dict(list(self._agreed.items())[-_MOST:])
        self._ctx.run_later(lambda: self._ctx.settings.set(_KEY, newest))
