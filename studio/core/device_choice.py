"""Which device computes: the settings' choice, or what stands in for it. Asks no driver itself."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping

from studio.core.notices import Action, Notices
from studio.core.runtime_settings import DEVICE, TEXT_ENGINE
from studio.core.settings import Settings
from studio.protocol.errors import StudioError
from studio.protocol.messages import DeviceLost, DevicesFound


class DeviceChoice:
    """The devices of this machine as the runtime told of them.

    Attributes:
        found: What it could compute on, and what it chose; None before it says so.
        stand_in: Id of the device that computes for this session instead of the settings' choice.
    """

    def __init__(
        self, settings: Settings, notices: Notices, restart: Callable[[], None], attended: bool
    ) -> None:
        """Let the runtime start afresh by ``restart`` when another device is to compute."""
        self.found: DevicesFound | None = None
        self.stand_in = ""
        self._settings = settings
        self._notices = notices
        self._restart = restart
        self._attended = attended
        settings.observe(DEVICE, lambda key, value: self.compute_on(""))

    def tell(self, environment: MutableMapping[str, str]) -> None:
        """Put what computes into the environment of a runtime that starts."""
        if self.stand_in:
            environment["STUDIO_DEVICE"] = self.stand_in
        elif device := self._settings.get(DEVICE, ""):
            environment.setdefault("STUDIO_DEVICE", device)
        environment.setdefault("STUDIO_TEXT_ENGINE", self._settings.get(TEXT_ENGINE, "auto"))

    def compute_on(self, device: str) -> None:
        """Start the runtime afresh on ``device`` for this session; "" for what the settings say."""
        self.stand_in = device
        self._restart()

    def were_found(self, found: DevicesFound) -> None:
        """Take in what devices there are."""
        self.found = found
        if found.note:
            self._notices.warn(found.note, key="device")

    def was_lost(self, lost: DeviceLost) -> None:
        """Go on with the processor, or, if somebody is there to decide, ask."""
        if not self._attended:
            self.compute_on("cpu")
            return
        self._notices.error(
            StudioError.from_info(lost.error),
            key="device",
            actions=(
                Action("Compute with the processor", lambda: self.compute_on("cpu")),
                Action("Try the card again", self._restart),
            ),
        )
