"""Dependencies of the studio's own pages, supplied by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.api.window.context import PluginContext
from studio.desktop.main_thread.bridge import Background
from studio.desktop.ui import WindowUi
from studio.desktop.window.activity import Activity
from studio.desktop.window.local_server import ServerSwitch

if TYPE_CHECKING:
    from studio.studio import Studio


@dataclass(frozen=True)
class PageServices:
    """The studio, its activity, the building blocks of the window, threads beside it, the server.

    Attributes:
        context_of: Plugin id → its context, made on first use.
    """

    studio: Studio
    activity: Activity
    ui: WindowUi
    background: Background
    serving: ServerSwitch
    context_of: Callable[[str], PluginContext]
