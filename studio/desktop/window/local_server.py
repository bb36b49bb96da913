"""The local server as the window has it: on or off, and on by itself only if the user said so.

Paints nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from PySide6.QtCore import QObject, Signal

from studio.api.params import Label, Params, Range, Text
from studio.desktop.main_thread.bridge import Background
from studio.desktop.window.activity import Activity

if TYPE_CHECKING:
    from studio.serving import LocalServer as RunningServer
    from studio.studio import Studio


class ServerSettings(Params, frozen=True):
    """User settings below ``server.``."""

    port: Annotated[
        int,
        Range(0, 65_535, lowest="Automatic", grouped=False),
        Label(
            "Port",
            "Choose a fixed port for programs that save the address. Takes effect at the next "
            "start.",
        ),
    ] = 0
    autostart: Annotated[
        bool,
        Label("Start with the studio", "Programs find the server whenever the studio is open."),
    ] = False
    origins: Annotated[
        str,
        Text(placeholder="http://localhost:3000"),
        Label(
            "Allowed web pages",
            "Origins of web pages that may use the server with a key, separated by spaces. All "
            "other pages are refused.",
        ),
    ] = ""


class ServerSwitch(QObject):
    """Starts and stops the server beside the window's thread.

    Attributes:
        server: While it is on.

    Signals:
        changed: It is on now, or off.
    """

    changed = Signal()

    def __init__(self, studio: Studio, activity: Activity, background: Background) -> None:
        super().__init__()
        self._studio, self._activity, self._background = studio, activity, background
        self.server: RunningServer | None = None
        self._wanted = False
        if studio.settings.get("server.autostart", False):
            self.switch(True)

    def switch(self, on: bool) -> None:
        """Turn it on or off."""
        if on == self._wanted:
            return
        self._wanted = on
        if on:
            self._background.run(self._start, self._started, self._failed)
        elif self.server is not None:
            server, self.server = self.server, None
            self._tell()
            self._background.run(server.close, lambda _: None, self._failed)

    def renew_token(self) -> None:
        """Make the token worth nothing, and another one."""
        if self.server is not None:
            self._background.run(
                self.server.token.renew, lambda _: self.changed.emit(), self._not_renewed
            )

    def close(self) -> None:
        """End it with the window."""
        self._wanted = False
        if self.server is not None:
            self.server.close()
            self.server = None

    def _start(self) -> RunningServer:
        from studio.serving import LocalServer

        return LocalServer(self._studio)

    def _started(self, server: RunningServer) -> None:
        if not self._wanted:  # switched off while it was starting
            server.close()
            return
        self.server = server
        self._tell()

    def _failed(self, error: Exception) -> None:
        self._wanted = False
        self._studio.notices.error(error, key="server")
        self._tell()

    def _not_renewed(self, error: Exception) -> None:
        self._studio.notices.error(error, key="server")

    def _tell(self) -> None:
        self._activity.set_server(self.server.address if self.server else "")
        self.changed.emit()
