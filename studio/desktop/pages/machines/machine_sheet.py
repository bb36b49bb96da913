"""The sheet that adds or changes a machine: how ssh reaches it, and what may be copied there."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from studio.desktop.ui import WindowUi
from studio.desktop.widgets.entry_sheet import EntrySheet
from studio.machines.machines import Machines
from studio.machines.registry import MachineEntry
from studio.protocol.errors import ErrorCode, StudioError


class MachineSheet(EntrySheet):
    """How a machine is reached.

    Attributes:
        name, host: The fields.
    """

    def __init__(
        self,
        ui: WindowUi,
        window: QWidget,
        machines: Machines,
        entry: MachineEntry | None,
        saved: Callable[[str], None],
    ) -> None:
        """``saved`` is called with the name of the machine."""
        title = self.tr("Edit machine") if entry else self.tr("Add machine")
        super().__init__(ui.look, window, title, 520)
        self._machines, self._saved, self._edited = machines, saved, entry
        about = self.tr(
            "Your own ssh connects, with your keys. Offline Studio has to be installed there in "
            "the same version."
        )
        self.body.addWidget(self._look.label(about, "small", wrap=True))
        self.name = self._field(self.tr("Name"), self.tr("e.g. gpu-box"))
        self.host = self._field(self.tr("Host"), self.tr("As you give it to ssh: box.local"))
        self._user = self._field(self.tr("User name"), self.tr("If it is another one there"))
        self._port = self._field(self.tr("Port"), self.tr("If it is not the usual one"))
        self._identity = self._field(
            self.tr("Key file"), self.tr("If ssh does not find your key by itself")
        )
        self._studio = self._field(self.tr("Command of Offline Studio there"), "studio")
        self._copies = self._switch(self.tr("Copy missing models"))
        hint = self.tr("Models that a job needs are copied there, and stay. Nothing else does.")
        self.body.addWidget(self._look.label(hint, "small", wrap=True))
        self._add_foot()
        if entry is not None:
            self._fill(entry)

    def _store(self) -> None:
        entry = self._entry()
        self._machines.registry.put(entry)
        if self._edited is not None and self._edited.name != entry.name:
            self._machines.remove(self._edited.name)
        self.dismiss()
        self._saved(entry.name)

    def _entry(self) -> MachineEntry:
        port = self._port.text().strip()
        if port and not port.isdecimal():
            raise StudioError(ErrorCode.BAD_INPUT, self.tr("The port is a number, usually 22."), "")
        user, _, host = self.host.text().strip().rpartition("@")
        return MachineEntry(
            name=self.name.text().strip(),
            host=host,
            user=self._user.text().strip() or user,
            port=int(port or 0),
            identity=self._identity.text().strip(),
            studio=self._studio.text().strip() or "studio",
            copies=self._copies.isChecked(),
        )

    def _fill(self, entry: MachineEntry) -> None:
        self.name.setText(entry.name)
        self.host.setText(entry.host)
        self._user.setText(entry.user)
        self._port.setText(str(entry.port or ""))
        self._identity.setText(entry.identity)
        self._studio.setText(entry.studio)
        self._copies.setChecked(entry.copies)
