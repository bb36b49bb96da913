"""Finds the plugin that spoils something: half of them off, the user looks, then the other half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.plugins.enabled_state import HostSettings
from studio.plugins.host import PluginHost
from studio.protocol.errors import ErrorCode, StudioError

_STATE = "plugins.bisect"


@dataclass(frozen=True)
class Step:
    """Where the search stands.

    Attributes:
        suspects: Ids of the plugins that may be to blame.
        off: Ids of those of them that are off now.
        culprit: The one that is to blame; empty while that is not known.
        innocent: Whether none of them is to blame.
    """

    suspects: tuple[str, ...]
    off: tuple[str, ...] = ()
    culprit: str = ""
    innocent: bool = False


class Bisect:
    """One search. It outlives the process: between two steps the user restarts the studio."""

    def __init__(self, settings: HostSettings, host: PluginHost) -> None:
        self._settings, self._host = settings, host

    def start(self) -> Step:
        """Suspect every plugin that is on and does not come with the studio; half go off.

        A search that is under way is given up: what it has switched off is on again first.

        Raises:
            StudioError: There are none.
        """
        if self._state():
            self.stop()
        suspects = [plugin.id for plugin in self._host.usable() if not plugin.shipped]
        if not suspects:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                "There is no plugin to suspect: none but the built-in ones is enabled.",
                "`studio doctor` looks for other causes.",
            )
        self._settings.set(_STATE, {"all": suspects, "suspects": suspects, "off": []})
        return self._split(suspects)

    def answer(self, well: bool) -> Step:
        """Go on with the half that must hold the culprit.

        Args:
            well: Whether everything works with the plugins that are on now.

        Raises:
            StudioError: No search is under way.
        """
        suspects, off = self._now()
        left = off if well else [suspect for suspect in suspects if suspect not in off]
        # One that is off while all is well is the one. Of one that is on, that is still to show.
        return self._end(left) if not left or (well and len(left) == 1) else self._split(left)

    def stop(self) -> None:
        """Switch on the plugins that the search switched off.

        Raises:
            StudioError: No search is under way.
        """
        self._now()
        self._end([])

    def _split(self, suspects: list[str]) -> Step:
        """Switch half of the suspects off; of a single one, itself, which is the proof."""
        off = suspects[: max(1, len(suspects) // 2)]
        for id in self._state()["all"]:
            if id in off:
                self._host.switch_off(id)
            else:
                self._host.switch_on(id)
        self._settings.set(_STATE, {**self._state(), "suspects": suspects, "off": off})
        return Step(tuple(suspects), tuple(off))

    def _end(self, left: list[str]) -> Step:
        """Leave the culprit off, if one was found, and the others on."""
        culprit = left[0] if len(left) == 1 else ""
        for id in self._state()["all"]:
            if id != culprit:
                self._host.switch_on(id)
        self._settings.set(_STATE, {})
        return Step(tuple(left), culprit=culprit, innocent=not culprit)

    def _state(self) -> dict[str, Any]:
        state = self._settings.get(_STATE, {})
        if not isinstance(state, dict):
            return {}
        here = {entry.id for entry in self._host.plugins}  # one may have been removed meanwhile
        return {key: [entry for entry in ids if entry in here] for key, ids in state.items()}

    def _now(self) -> tuple[list[str], list[str]]:
        state = self._state()
        if not state:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                "No search for a faulty plugin is under way.",
                "`studio plugins bisect start` begins one.",
            )
        return list(state["suspects"]), list(state["off"])
