"""The button that starts, and stops what is at work."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.kit.phrases import tr


class RunButton:
    """Implements ``studio.api.runs.RunButton``.

    Attributes:
        widget: The button itself.
        busy: Whether it stops.
    """

    def __init__(self, look: Appearance, verb: str, icon: str, keys: str) -> None:
        self._icons, self._keys = look.icons, keys
        self.widget: QPushButton = look.button(verb, icon, kind="primary")
        self.busy = False
        self.set_verb(verb, icon)

    def set_verb(self, verb: str, icon: str, stop_tip: str = "") -> None:
        """Say what it starts; ``stop_tip`` says what becomes of a job that is stopped."""
        self._verb, self._icon, self._stop_tip = verb, icon, stop_tip
        self.show_busy(self.busy)

    def show_busy(self, busy: bool) -> None:
        """Show Stop, or the verb."""
        self.busy = busy
        words = tr("Stop") if busy else self._verb
        self.widget.setText(words)
        self.widget.setAccessibleName(words)
        tip = self._stop_tip if busy and self._stop_tip else words
        self.widget.setToolTip(f"{tip}  {self._keys}".strip())
        icon = "circle-stop" if busy else self._icon
        self.widget.setIcon(self._icons.icon(icon, "on-accent", on="accent"))

    def on_press(self, call: Callable[[], None]) -> None:
        """Call when it is pressed."""
        self.widget.clicked.connect(lambda _checked=False: call())
