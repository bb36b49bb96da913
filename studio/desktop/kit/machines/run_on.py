"""The choice beside a run button of which machine computes; there only where there are several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QMenu, QPushButton

from studio.api.jobs import FREE, HERE
from studio.api.window.language import tr
from studio.desktop.appearance import tokens
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.kit.machines import phrases
from studio.machines.machines import Machines


class Place:
    """Machine that runs the jobs of a page: the choice of this session, else the default.

    Attributes:
        chosen: ``here``, ``free`` or a machine name; empty for the default.
        weights: Returns the weights of the next job, as far as the page knows.
    """

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self.chosen = ""
        self.weights: Callable[[], Sequence[str]] = list

    @property
    def asked(self) -> str:
        """The machine for a job request; empty if it was removed."""
        places = {HERE, FREE, *self.machines.names()}
        return self.chosen if self.chosen in places else ""

    @property
    def now(self) -> str:
        """Where a job would run now."""
        return self.asked or self.machines.registry.run_on

    @property
    def title(self) -> str:
        """That in words."""
        return _title(self.now)

    @property
    def light(self) -> tuple[str, str]:
        """How the machine is where a job would run now: in words, and the colour of that."""
        if self.now in (HERE, FREE):
            return "", "text"
        return phrases.state(self.machines.machine(self.now))

    def offer(self, menu: QMenu, weights: Sequence[str]) -> None:
        """Offer the machines in a menu, each with how it is and whether ``weights`` fit there."""
        for name in (HERE, *self.machines.names(), FREE):
            about = self._about(name, weights)
            action = menu.addAction(f"{_title(name)}  ·  {about}" if about else _title(name))
            action.setCheckable(True)
            action.setChecked(name == self.now)
            action.triggered.connect(partial(self._choose, name))

    def _about(self, name: str, weights: Sequence[str]) -> str:
        if name == FREE:
            return ""
        state = "" if name == HERE else phrases.state(self.machines.machine(name))[0]
        outlook = self.machines.outlook("" if name == HERE else name, weights)
        return ", ".join(filter(None, (state, phrases.outlook(outlook))))

    def _choose(self, name: str, _: bool = False) -> None:
        self.chosen = name
        if name not in (HERE, FREE):
            self.machines.machine(name).start()  # so that it is seen whether it is there
        self.machines.tell()


class RunOn(QPushButton):
    """Says where and how that is, and offers the others in a menu."""

    def __init__(self, look: Appearance, place: Place) -> None:
        super().__init__()
        self._place, self._icons = place, look.icons
        self.setAutoDefault(False)
        self.setProperty("kind", "ghost")
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
        """Show the current choice; hide if there are no alternatives."""
        if not self.is_wanted:
            self.hide()
        state, color = self._place.light
        self.setText(self._place.title)
        self.setIcon(self._icons.icon("server", color))
        text = tr("Run on: {place}").format(place=self.text())
        self.setAccessibleName(f"{text} · {state}" if state else text)
        self.setToolTip(self.accessibleName())

    def _fill(self) -> None:
        """What fits is seen before anything starts."""
        self._menu.clear()
        self._place.offer(self._menu, self._place.weights())


def _title(place: str) -> str:
    return {HERE: tr("This computer"), FREE: tr("Wherever is free")}.get(place, place)
