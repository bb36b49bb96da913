"""What can be had: named sets, and what lies at an address of the hub. Asks nobody by itself."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer

from studio.core.weights import Weights
from studio.core.weights.download import hub
from studio.core.weights.download.hub_edition import Order
from studio.desktop import formatting
from studio.desktop.pages.document import show_document
from studio.desktop.pages.download_card import DownloadCard
from studio.desktop.pages.page_frame import Column
from studio.desktop.pages.page_services import PageServices
from studio.desktop.pages.weights.hub_card import HubCard
from studio.protocol.errors import StudioError


class DownloadView(Column):
    """A column: the hub on top, the sets below it.

    Attributes:
        hub: The card where an address is pasted.
    """

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._studio, self._look = parts, parts.studio, parts.ui.look
        self.hub = HubCard(self._look, self._look_up, self._fetch, self._studio.downloads.stop)
        self.cards.addWidget(self.hub)
        self._title = self._look.label(self.tr("Sets that are known to work"), "section")
        self._title.setContentsMargins(0, 8, 0, 0)
        self.cards.addWidget(self._title)
        self._offers: dict[str, DownloadCard] = {}

    def refresh(self) -> None:
        """Show the sets that are not here."""
        had_keyboard = next((id for id, card in self._offers.items() if card.has_keyboard()), "")
        for card in self._offers.values():
            self.cards.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._offers.clear()
        for row in self._studio.weights.offers():
            if row.problem:
                self._offers[row.id] = card = self._card(row)
                card.show_download(self._studio.downloads.of(row.id))
                self.cards.addWidget(card)
        self._title.setVisible(bool(self._offers))
        if had_keyboard in self._offers:
            self._offers[had_keyboard].take_keyboard()

    def show_download(self, id: str) -> None:
        """Show how far a download is."""
        now = self._studio.downloads.of(id)
        self.hub.show_download(id, now)
        if id in self._offers and now is not None:
            self._offers[id].show_download(now)

    def reveal(self, weights_id: str) -> None:
        """Bring a set into view, with the keyboard there."""
        card = self._offers.get(weights_id)
        if card is None:
            return

        def show() -> None:
            self.ensureWidgetVisible(card)
            card.take_keyboard()

        QTimer.singleShot(0, card, show)  # a page that was just built has no sizes yet

    # --- inside -------------------------------------------------------------------------------

    def _card(self, row: Weights) -> DownloadCard:
        facts = [row.format.upper(), row.quantization, formatting.size(row.bytes), row.licence,
                 str(row.source.get("package", ""))]  # fmt: skip
        return DownloadCard(
            self._look,
            row,
            " · ".join(fact for fact in facts if fact),
            get=partial(self._get, row),
            stop=partial(self._studio.downloads.stop, row.id),
            read=partial(self._read, row),
        )

    def _get(self, row: Weights) -> None:
        try:
            hub.check_network(self._studio.settings)
        except StudioError as error:
            self._studio.notices.error(error)
            return
        self._studio.downloads.start(row)

    def _read(self, row: Weights) -> None:
        assert row.card is not None
        show_document(self._look, self.window(), row.title, row.card)

    def _look_up(self, text: str) -> None:
        settings = self._studio.settings
        self._parts.background.run(
            lambda: hub.look_up(hub.Address.parse(text), hub.line(settings)),
            self._found,
            lambda error: self.hub.say(str(error), bad=True),
        )

    def _found(self, repository: hub.Repository) -> None:
        try:
            self.hub.show_repository(repository, self._studio.downloads.of)
        except StudioError as error:  # it has no such file
            self.hub.say(str(error), bad=True)

    def _fetch(self, order: Order) -> None:
        try:
            self._studio.downloads.fetch(order, hub.line(self._studio.settings))
        except StudioError as error:
            self.hub.say(str(error), bad=True)
