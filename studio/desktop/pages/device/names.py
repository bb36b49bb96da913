"""Display names and colours for the Device page, from the catalogue and the plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.desktop.appearance.kinds import color_of
from studio.desktop.appearance.language import declared
from studio.desktop.window.activity import Activity

if TYPE_CHECKING:
    from studio.studio import Studio

HUES = ("accent", "kind-image", "kind-score", "kind-molecules", "kind-code", "kind-audio")
"""Colour tokens of models, in the order in which they were loaded."""


class Names:
    """Titles and signs of weights and plugins."""

    def __init__(self, studio: Studio, activity: Activity) -> None:
        self._studio, self._activity = studio, activity

    def weights(self, weights: str) -> str:
        """Return the display name of weights."""
        return self._activity.title_of(weights)

    def plugin(self, plugin: str) -> str:
        """Return the display name of a plugin."""
        titles = (
            candidate.title for candidate in self._studio.plugins.plugins if candidate.id == plugin
        )
        return declared(next(titles, plugin))

    def sign(self, plugin: str) -> tuple[str, str]:
        """Return the icon of a plugin, and the colour token of its main output kind."""
        for candidate in self._studio.plugins.plugins:
            if candidate.id == plugin and candidate.manifest is not None:
                kinds = [kind for task in candidate.manifest.tasks for kind in task.produces]
                return candidate.manifest.icon, color_of(kinds[0]) if kinds else "accent"
        return "puzzle", "accent"


def hue(place: int) -> str:
    """Return the colour token of the model that is the ``place``-th in memory."""
    return HUES[place % len(HUES)]
