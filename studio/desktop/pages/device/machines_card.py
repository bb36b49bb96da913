"""Device page card: state and current jobs of the user's other machines."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.kit.machines import phrases
from studio.desktop.pages.device.cards import Card
from studio.desktop.widgets.contents import clear
from studio.machines.machine import Machine
from studio.studio import Studio


class MachinesCard(Card):
    """A row for each; hidden where there are none."""

    def __init__(self, look: Appearance, studio: Studio) -> None:
        super().__init__(look)
        self._studio = studio
        self.call_it(self.tr("Other machines"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        self.column.addLayout(self._rows)
        end = studio.machines.on_change(self.show_machines)
        self.destroyed.connect(lambda: end())

    def show_machines(self) -> None:
        """Show how they are now."""
        machines = self._studio.machines.others()
        self.setVisible(bool(machines))
        if self.window().isVisible():
            clear(self._rows)
            for machine in machines:
                self._rows.addWidget(self._row(machine))

    def _row(self, machine: Machine) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.look.label(machine.name, "strong"))
        head.addWidget(self.look.label(*phrases.state(machine)))
        head.addStretch(1)
        column.addLayout(head)
        for words in (phrases.device(machine), self._work(machine)):
            if words:
                column.addWidget(self.look.label(words, "small", wrap=True))
        return row

    def _work(self, machine: Machine) -> str:
        jobs = [job for job in self._studio.jobs.live() if job.machine == machine.name]
        status = machine.runtime.status
        loaded = [model.weights for model in status.loaded] if status else []
        parts = [self.tr("Jobs: {titles}").format(titles=", ".join(job.title for job in jobs))]
        parts = parts if jobs else []
        if loaded:
            parts.append(self.tr("Loaded models: {names}").format(names=", ".join(loaded)))
        return " · ".join(parts)
