"""The runtime half: which tasks there are, and which families of weights can be loaded.

Does none of the work: that is in the modules named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import hookimpl
from studio_music.tasks import backing, composing, harmonising, opening, rendering


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "music.compose": composing.compose,
        "music.harmonise": harmonising.harmonise,
        "music.back": backing.back,
        "music.render": rendering.render,
        "music.open": opening.open_score,
    }
