"""The choice beside a run button of which machine computes; there only where there are several."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton

from studio.api.jobs import FREE, HERE
from studio.core.machines.machines import Machines
from studio.desktop import phrases
from studio.desktop.appearance import tokens
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.kit.phrases import tr


class Place:
    """Where the jobs of a page run: what was chosen there in this session, else the default.

    Attributes:
        chosen: ``here``, ``free``, a name; empty for the default.
    """

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self.chosen = ""

    @property
    def asked(self) -> str:
        """What a request says; of a machine that was removed, nothing."""
        known = {HERE, FREE, *self.machines.names()}
        return self.chosen if self.chosen in known else ""

    @property
    def now(self) -> str:
        """Where a job would run now."""
        return self.asked or self.machines.registry.run_on


class RunOn(QPushButton):
    """Says where, and offers the others in a menu."""

    def __init__(self, look: Appearance, place: Place) -> None:
        super().__init__()
        self._place = place
        self.setAutoDefault(False)
        self.setProperty("kind", "ghost")
        self.setIcon(look.icons.icon("server"))
        self.setIconSize(QSize(tokens.ICON + 4, tokens.ICON))  # as ``Appearance.button`` has it
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.setMenu(self._menu)
        end = place.machines.on_change(self.follow)
        self.destroyed.connect(lambda: end())
        self.follow()

    @property
    def is_wanted(self) -> bool:
        """Whether there is a choice."""
        return bool(self._place.machines.names())

    def on_wanted(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when there may be a choice, or none any more; returns the function that ends it."""
        return self._place.machines.on_change(call)

    def follow(self) -> None:
        """Show what is chosen now, and be there only if there is a choice."""
        if not self.is_wanted:
            self.hide()
        self.setText(_title(self._place.now))
        self.setAccessibleName(tr("Run on: {place}").format(place=self.text()))
        self.setToolTip(self.accessibleName())

    def _fill(self) -> None:
        """Offer the machines, each with how it is: what fits is seen before anything starts."""
        self._menu.clear()
        machines = self._place.machines
        for name in (HERE, *machines.names(), FREE):
            action = QAction(f"{_title(name)}{self._about(name)}", self._menu)
            action.setCheckable(True)
            action.setChecked(name == self._place.now)
            action.triggered.connect(partial(self._choose, name))
            self._menu.addAction(action)

    def _about(self, name: str) -> str:
        machines = self._place.machines
        if name == FREE:
            return ""
        machine = "" if name == HERE else name
        words = [machines.words(machine)]
        if memory := machines.memory(machine):
            words.append(tr("{size} memory").format(size=phrases.size(memory)))
        told = ", ".join(filter(None, words))
        return f"  ·  {told}" if told else ""

    def _choose(self, name: str, _: bool = False) -> None:
        self._place.chosen = name
        self._place.machines.tell()


def _title(place: str) -> str:
    return {HERE: tr("This computer"), FREE: tr("Wherever is free")}.get(place, place)
