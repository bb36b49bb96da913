"""The card of the Device page with what all that was made took: by plugin, and by day."""

from __future__ import annotations

import time
from collections.abc import Mapping

from PySide6.QtWidgets import QGridLayout, QWidget
from shiboken6 import isValid

from studio.base.background import in_words
from studio.base.energy.amount import Amount, total
from studio.base.energy.grid import grid_factor
from studio.desktop import phrases
from studio.desktop.pages.device.cards import Card
from studio.desktop.pages.device.names import Names
from studio.desktop.pages.page_services import PageServices

DAYS = 7
_DAY = 86_400.0


class EnergyCard(Card):
    """The last days, summed up from the records of the library; read anew when it comes in view."""

    def __init__(self, parts: PageServices, names: Names) -> None:
        super().__init__(parts.ui.look)
        self._studio, self._background, self._names = parts.studio, parts.background, names
        self.call_it(self.tr("Energy of the last 7 days"))
        self._empty = self.look.label(
            self.tr("Nothing was made yet. Jobs of the last days are listed here."),
            "mute",
            wrap=True,
        )
        self.column.addWidget(self._empty)
        self._table = QWidget()
        self.column.addWidget(self._table)

    def read(self) -> None:
        """Sum up, beside the window."""
        sums, since = self._studio.library.energy, time.time() - DAYS * _DAY
        self._background.run(
            lambda: (sums.by_plugin(since), sums.by_day(since)),
            lambda amounts: self._fill(*amounts),
            lambda error: self._studio.notices.error(in_words(error), key="energy"),
        )

    def _fill(self, by_plugin: Mapping[str, Amount], by_day: Mapping[str, Amount]) -> None:
        if not isValid(self):
            return
        self._empty.setVisible(not by_plugin)
        self._table.deleteLater()
        self._table = QWidget()
        self.column.addWidget(self._table)
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        largest = sorted(by_plugin.items(), key=lambda item: -item[1].joules)
        plugins = [(self._names.plugin(plugin), amount) for plugin, amount in largest]
        plugins.append((self.tr("All plugins"), total(by_plugin.values())))
        if not by_plugin:
            return
        for title, rows in ((self.tr("By plugin"), plugins), (self.tr("By day"), by_day.items())):
            grid.addWidget(self.look.label(title, "small"), grid.rowCount(), 0, 1, 2)
            for name, amount in rows:
                self._row(grid, grid.rowCount(), name, amount)

    def _row(self, grid: QGridLayout, place: int, name: str, amount: Amount) -> None:
        grid.addWidget(self.look.label(name), place, 0)
        parts = [phrases.energy(amount, grid_factor(self._studio.settings))]
        if amount.accelerator:
            time = phrases.duration(amount.accelerator)
            parts.append(self.tr("{time} on the graphics card").format(time=time))
        grid.addWidget(self.look.label(" · ".join(parts), "small", wrap=True), place, 1)
