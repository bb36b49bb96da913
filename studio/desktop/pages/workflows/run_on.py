"""Where a workflow runs: on this machine, or on a Ray cluster whose address is remembered."""

from __future__ import annotations

from importlib.util import find_spec

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from studio.api.window.language import tr_filled
from studio.automation.clusters.address import LOCAL, SETTING, Address
from studio.desktop.pages.page_services import PageServices
from studio.desktop.widgets.no_wheel import NoWheelComboBox
from studio.protocol.errors import StudioError


class RunOn(QWidget):
    """A choice, and below it the address and what reaching it opens.

    Signals:
        changed: Another place was chosen.
    """

    changed = Signal()

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._settings = parts.studio.settings
        look = parts.ui.look
        self.place = NoWheelComboBox()
        self.place.setAccessibleName(self.tr("Run on"))
        self.place.setSizeAdjustPolicy(NoWheelComboBox.SizeAdjustPolicy.AdjustToContents)
        self.place.addItems([self.tr("This machine"), self.tr("Ray cluster")])
        self.address = QLineEdit(self._settings.get(SETTING, LOCAL))
        self.address.setAccessibleName(self.tr("Address of the cluster"))
        self.address.setPlaceholderText("ray://HOST:PORT")
        self._told = look.label("", "small", wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(look.label(self.tr("Run on"), "mute"))
        row.addWidget(self.place)
        row.addWidget(self.address, 1)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self._told)
        self.place.currentIndexChanged.connect(lambda: self._draw())
        self.address.textChanged.connect(lambda: self._draw())
        self._draw()

    @property
    def is_cluster(self) -> bool:
        """Whether a cluster was chosen."""
        return self.place.currentIndex() == 1

    def chosen(self) -> str:
        """Return the address of the cluster, which is remembered; empty for this machine.

        Raises:
            StudioError: It is none.
        """
        if not self.is_cluster:
            return ""
        address = Address.parse(self.address.text())
        self._settings.set(SETTING, address.text)
        return address.text

    def _draw(self) -> None:
        self.address.setVisible(self.is_cluster)
        self._told.setVisible(self.is_cluster)
        if self.is_cluster:
            self._told.setText(self._words())
        self.changed.emit()

    def _words(self) -> str:
        if find_spec("ray") is None:
            words = self.tr(
                "Ray is not installed, so no cluster can be used. Install it with: {command}"
            )
            return words.format(command="pip install 'offline-studio[ray]'")
        try:
            address = Address.parse(self.address.text())
        except StudioError as error:
            return tr_filled(error)
        if address.is_local:
            return self.tr(
                "Joins the Ray cluster of this machine. If none runs, it starts one that listens "
                "on 127.0.0.1 only, wants a token, and ends with the run."
            )
        words = self.tr(
            "Connects to {address}. Inputs of rows and their results travel there and back, with a "
            "token but not encrypted."
        )
        return words.format(address=address.host)
