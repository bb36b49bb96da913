"""Chooses the device that computes, of those that the runtime found."""

from __future__ import annotations

from studio.desktop import phrases
from studio.desktop.widgets.no_wheel import NoWheelComboBox
from studio.runtimes.device.choice import DeviceChoice


class DevicePicker(NoWheelComboBox):
    """The best device there is, each that was found, and the choice of before if it is gone."""

    def __init__(self, devices: DeviceChoice) -> None:
        super().__init__()
        self._devices = devices
        self.setAccessibleName(self.tr("Device"))
        self.setMinimumContentsLength(28)
        if devices.dictated:
            self.setEnabled(False)
            self.setToolTip(self.tr("Set by the environment variable STUDIO_DEVICE."))
        self.activated.connect(lambda index: devices.choose(self.itemData(index)))
        ended = devices.on_found(self._fill)
        self.destroyed.connect(lambda: ended())
        self._fill()

    def _fill(self) -> None:
        wanted = self._devices.dictated or self._devices.wanted
        self.clear()
        self.addItem(self.tr("Automatic (best available)"), "")
        for device in self._devices.known:
            size = phrases.size(device.memory_total)
            self.addItem(
                f"{device.name}, {size}" if device.memory_total else device.name, device.id
            )
        if self.findData(wanted) < 0:
            missing = self.tr("{device}, not found") if self._devices.known else "{device}"
            self.addItem(missing.format(device=wanted), wanted)
        self.setCurrentIndex(self.findData(wanted))
