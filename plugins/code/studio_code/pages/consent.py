"""Whether the user has agreed that the code of a folder runs, and to what it asks for."""

from __future__ import annotations

from studio.api import PluginContext
from studio_code.pages.wants import Want

_KEY = "run_agreed"
_MOST = 200


class Consent:
    """Kept in the settings of the plugin, one entry a folder."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    def covers(self, folder: str, wants: set[Want]) -> bool:
        """Whether the user agreed to run this folder's code with at least these wants."""
        agreed = self._all().get(folder)
        return agreed is not None and {str(want) for want in wants} <= set(agreed)

    def agree(self, folder: str, wants: set[Want]) -> None:
        """Remember; what was agreed to before stays."""
        everything = self._all()
        before = everything.pop(folder, [])
        everything[folder] = sorted({*before, *(str(want) for want in wants)})
        newest = list(everything.items())[-_MOST:]
        self._ctx.settings.set(_KEY, dict(newest))

    def _all(self) -> dict[str, list[str]]:
        kept = self._ctx.settings.get(_KEY, {})
        if not isinstance(kept, dict):
            return {}
        return {k: list(v) for k, v in kept.items() if isinstance(v, list | tuple)}
