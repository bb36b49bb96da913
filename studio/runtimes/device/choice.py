"""Which device computes: the settings' choice, or what stands in for it. Asks no driver itself."""

from __future__ import annotations

import os
from collections.abc import Callable, MutableMapping

from studio.base.notices import Action, Notices
from studio.base.runtime_settings import DEVICE, TEXT_ENGINE
from studio.base.settings import Settings
from studio.protocol.device_status import DeviceEntry
from studio.protocol.errors import StudioError
from studio.protocol.messages import DeviceLost, DevicesFound


def tell_chosen(settings: Settings, environment: MutableMapping[str, str]) -> None:
    """Put the settings' choice into the environment of a runtime, unless set there."""
    if device := settings.get(DEVICE, ""):
        environment.setdefault("STUDIO_DEVICE", device)
    environment.setdefault("STUDIO_TEXT_ENGINE", settings.get(TEXT_ENGINE, "auto"))


_GONE = "Choose another device in Settings, or reconnect this one and restart the runtime."


class DeviceChoice:
    """The devices of this machine as reported by the runtime.

    Attributes:
        found: The available devices and the chosen one; None before its report.
        known: The devices that may be chosen: all those detected since the studio started.
        stand_in: Id of the device that computes for this session instead of the settings' choice.
    """

    def __init__(
        self, settings: Settings, notices: Notices, restart: Callable[[], None], attended: bool
    ) -> None:
        """Let the runtime start afresh by ``restart`` when another device is to compute."""
        self.found: DevicesFound | None = None
        self.known: tuple[DeviceEntry, ...] = ()
        self.stand_in = ""
        self._settings = settings
        self._notices = notices
        self._restart = restart
        self._attended = attended
        self._observers: list[Callable[[], None]] = []
        settings.observe(DEVICE, lambda key, value: self._was_chosen())

    @property
    def dictated(self) -> str:
        """Id of the device that whoever started the studio chose for it: settings do not count."""
        return os.environ.get("STUDIO_DEVICE", "")

    @property
    def wanted(self) -> str:
        """Id of the settings' choice; "" for the best there is."""
        return self._settings.get(DEVICE, "")

    def choose(self, device: str) -> None:
        """Let ``device`` compute from the next start of the runtime on; "" for the best."""
        self._settings.set(DEVICE, device)

    def on_found(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when the devices were looked for; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def tell(self, environment: MutableMapping[str, str]) -> None:
        """Put what computes into the environment of a runtime that starts."""
        if self.stand_in:
            environment["STUDIO_DEVICE"] = self.stand_in
        tell_chosen(self._settings, environment)

    def compute_on(self, device: str) -> None:
        """Restart the runtime on ``device`` for this session; "" for the settings' choice."""
        self.stand_in = device
        self._restart()

    def were_found(self, report: DevicesFound) -> None:
        """Take in what devices there are."""
        # Where the processor is to compute, cards are not even asked: they are there all the same.
        choice = self.stand_in or self.dictated or self.wanted
        earlier = self.known if choice == "cpu" else ()
        ids = {device.id for device in report.devices}
        self.known = (*(device for device in earlier if device.id not in ids), *report.devices)
        self.found = report
        if report.note:
            self._notices.warn(report.note, "" if self._is_met(report) else _GONE, key="device")
        for call in list(self._observers):
            call()

    def _is_met(self, report: DevicesFound) -> bool:
        """Whether the settings' choice computes."""
        chosen = (device for device in report.devices if device.id == report.chosen)
        return any(self.wanted in ("", device.id, device.kind) for device in chosen)

    def _was_chosen(self) -> None:
        self.stand_in = ""
        if self.found is None:  # the runtime is off: its next start is its first
            return
        names = {item.id: item.name for item in self.known}
        self._notices.info(
            f"{names.get(self.wanted, self.wanted) or 'The best available device'} will be used "
            "after the runtime restarts.",
            "Running jobs stay where they are until then.",
            key="device",
            actions=(Action("Restart now", self._restart),),
        )

    def was_lost(self, lost: DeviceLost) -> None:
        """Go on with the processor, or, if somebody is there to decide, ask."""
        if not self._attended:
            self.compute_on("cpu")
            return
        self._notices.error(
            StudioError.from_info(lost.error),
            key="device",
            actions=(
                Action("Use the processor", lambda: self.compute_on("cpu")),
                Action("Try the graphics card again", self._restart),
            ),
        )
