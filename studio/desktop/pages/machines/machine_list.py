"""The machines in Settings: how each is, and where jobs run; add, check, change, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api.jobs import FREE, HERE
from studio.api.window.language import tr_filled
from studio.desktop.kit.machines import phrases
from studio.desktop.main_thread.bridge import Background
from studio.desktop.pages.machines.machine_sheet import MachineSheet
from studio.desktop.ui import WindowUi
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.entry_row import EntryRow, RowAction
from studio.desktop.widgets.no_wheel import NoWheelComboBox
from studio.machines.machine import Machine
from studio.machines.machines import Machines
from studio.runtimes.supervisor import RuntimeState

_BEAT_MS = 500


class MachineList(QWidget):
    """A card row for each machine, a button for more, and the default place of jobs."""

    def __init__(
        self,
        ui: WindowUi,
        machines: Machines,
        background: Background,
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__()
        self._ui, self._look, self._machines = ui, ui.look, machines
        self._background, self._failed = background, failed
        self._problems: dict[str, list[str]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._look.label(self.tr("Other machines"), "strong"))
        about = self.tr(
            "Your machines that run jobs for this one, over ssh. What a job needs is sent, "
            "results come home, and nothing of the job stays there."
        )
        layout.addWidget(self._look.label(about, "small", wrap=True))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(14)
        layout.addLayout(self._rows)
        line = QHBoxLayout()
        line.setSpacing(8)
        add = self._look.button(self.tr("Add machine…"), "plus")
        add.clicked.connect(lambda _: self._edit(None))
        line.addWidget(add)
        line.addStretch(1)
        self._where_label = self._look.label(self.tr("Run jobs by default on"))
        self._where = NoWheelComboBox()
        self._where.setSizeAdjustPolicy(NoWheelComboBox.SizeAdjustPolicy.AdjustToContents)
        self._where.setAccessibleName(self.tr("Run jobs by default on"))
        self._where.activated.connect(self._choose)
        line.addWidget(self._where_label)
        line.addWidget(self._where)
        layout.addLayout(line)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_BEAT_MS)  # heartbeats come each second, of each machine
        self._later.timeout.connect(self._show)
        end = machines.on_change(self._soon)
        self.destroyed.connect(lambda: end())
        self._show()

    def _soon(self) -> None:
        if not self._later.isActive():
            self._later.start()

    def _show(self) -> None:
        clear(self._rows)
        machines = self._machines.others()
        for machine in machines:
            self._rows.addWidget(self._row(machine))
        if not machines:
            self._rows.addWidget(self._look.label(self.tr("No other machines yet."), "mute"))
        self._where.clear()
        self._where.addItem(self.tr("This computer"), HERE)
        for machine in machines:
            self._where.addItem(machine.name, machine.name)
        self._where.addItem(self.tr("Wherever is free"), FREE)
        self._where.setCurrentIndex(self._where.findData(self._machines.registry.run_on))
        for widget in (self._where, self._where_label):
            widget.setVisible(bool(machines))

    def _choose(self, index: int) -> None:
        self._machines.registry.run_on = self._where.itemData(index)
        self._machines.tell()

    # --- a row --------------------------------------------------------------------------------

    def _row(self, machine: Machine) -> QWidget:
        state = phrases.state(machine)
        row = EntryRow(self._look, machine.name, state, self._actions(machine))
        row.say_code(f"{phrases.address(machine)}  {machine.entry.studio}")
        for words in (phrases.device(machine), phrases.models(machine)):
            if words:
                row.say(words)
        for words in self._problems.get(machine.name, ()):
            row.say(words, "warn")
        if machine.runtime.state is RuntimeState.GIVEN_UP and machine.trouble is not None:
            row.say(tr_filled(f"{machine.trouble.message} {machine.trouble.hint}".strip()), "bad")
        return row

    def _actions(self, machine: Machine) -> Iterator[RowAction]:
        if machine.runtime.is_ready:
            yield RowAction("unplug", self.tr("Disconnect"), partial(self._disconnect, machine))
        yield RowAction("refresh-cw", self.tr("Check"), partial(self._check, machine))
        yield RowAction("pencil", self.tr("Edit"), partial(self._edit, machine))
        yield RowAction("trash-2", self.tr("Remove"), partial(self._ask_remove, machine))

    # --- what the buttons do ------------------------------------------------------------------

    def _check(self, machine: Machine) -> None:
        """Connect, or look once more at what does not agree; the row says it."""
        machine.start()
        if not machine.is_ready:
            return

        def looked(problems: list[str]) -> None:
            self._problems[machine.name] = problems
            self._soon()

        self._background.run(machine.problems, looked, self._failed)

    def _disconnect(self, machine: Machine) -> None:
        machine.close()
        self._machines.tell()

    def _edit(self, machine: Machine | None) -> None:
        entry = machine.entry if machine else None
        sheet = MachineSheet(self._ui, self.window(), self._machines, entry, self._saved)
        sheet.show_sheet(sheet.name if entry is None else sheet.host)

    def _saved(self, name: str) -> None:
        self._check(self._machines.machine(name))
        self._machines.tell()

    def _ask_remove(self, machine: Machine) -> None:
        self._ui.confirm(
            self.tr("Remove this machine?"),
            self.tr(
                "Jobs that run on “{name}” are stopped. Models that were copied there stay there."
            ).format(name=machine.name),
            self.tr("Remove"),
            partial(self._machines.remove, machine.name),
            danger=True,
        )
