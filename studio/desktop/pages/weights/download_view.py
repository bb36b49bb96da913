"""Downloads: named sets, hub models, and arbitrary hub addresses. Sends no request unasked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.api.window.language import tr_filled
from studio.base import disk
from studio.desktop import phrases
from studio.desktop.appearance.language import declared
from studio.desktop.pages.document import show_document
from studio.desktop.pages.download_card import DownloadCard
from studio.desktop.pages.page_frame import Column, card
from studio.desktop.pages.page_services import PageServices
from studio.desktop.pages.weights.hub_card import HubCard
from studio.desktop.pages.weights.recommended_list import RecommendedList
from studio.models import Weights
from studio.models.download import hub
from studio.models.download.hub_edition import Order
from studio.models.download.recommended import Recommended, shelf
from studio.protocol.errors import StudioError


class DownloadView(Column):
    """A column: the sets, models by task and memory, and the hub below them.

    Attributes:
        hub: The card where an address is pasted.
        models: Those that were chosen by hand.
    """

    def __init__(self, parts: PageServices, show: Callable[[str], None], memory: int) -> None:
        """Args:
        show: Brings weights that are installed into view.
        memory: Bytes that a model may take here.
        """
        super().__init__()
        self._show = show
        self._installed: list[QWidget] = []
        self._parts, self._studio, self._look = parts, parts.studio, parts.ui.look
        self.hub = HubCard(self._look, self._look_up, self._fetch, self._studio.downloads.stop)
        self._title = self._section(self.tr("Recommended"))
        sets = QWidget()
        self._sets = QVBoxLayout(sets)
        self._sets.setContentsMargins(0, 0, 0, 0)
        self._sets.setSpacing(self.cards.spacing())
        self.cards.addWidget(sets)
        self._section(self.tr("From Hugging Face"))
        self.models = RecommendedList(
            self._look, shelf(), memory, self._get_model, self._stop_model
        )
        self.cards.addWidget(self.models)
        self.cards.addWidget(self.hub)
        self._offers: dict[str, DownloadCard] = {}

    def refresh(self) -> None:
        """Show the sets that are not here."""
        had_keyboard = next((id for id, card in self._offers.items() if card.has_keyboard()), "")
        for old in self._offers.values():
            self._sets.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._offers.clear()
        for frame in self._installed:
            self._sets.removeWidget(frame)
            frame.hide()
            frame.deleteLater()
        self._installed.clear()
        language, catalogue = self._studio.weights.offers("text"), self._studio.weights
        offers = [*language, *(row for row in catalogue.offers() if row not in language)]
        for row in offers:
            if row.problem:
                self._offers[row.id] = offered = self._card(row)
                offered.show_download(self._studio.downloads.of(row.id))
                self._sets.addWidget(offered)
        for row in offers:  # those last that need no more thought
            if not row.problem:
                self._installed.append(frame := self._installed_card(row))
                self._sets.addWidget(frame)
        self._title.setVisible(bool(self._offers or self._installed))
        folder = self._studio.weights_manager.folder
        there = next(place for place in (folder, *folder.parents) if place.is_dir())
        here = {row.path.name for row in catalogue.list()}
        self.models.mark_installed(here, disk.free_bytes(there))
        if had_keyboard in self._offers:
            self._offers[had_keyboard].take_keyboard()

    def show_download(self, id: str) -> None:
        """Show how far a download is."""
        now = self._studio.downloads.of(id)
        self.hub.show_download(id, now)
        for row in self.models.rows.values():
            if now is not None and row.order == id:
                row.show_download(now)
        if id in self._offers and now is not None:
            self._offers[id].show_download(now)

    def reveal(self, weights_id: str) -> None:
        """Bring a set into view, with the keyboard there."""
        offered = self._offers.get(weights_id)
        if offered is None:
            return

        def show() -> None:
            self.ensureWidgetVisible(offered)
            offered.take_keyboard()

        QTimer.singleShot(0, offered, show)  # a page that was just built has no sizes yet

    # --- inside -------------------------------------------------------------------------------

    def _section(self, title: str) -> QLabel:
        heading = self._look.label(title, "section")
        heading.setContentsMargins(0, 8, 0, 0)
        self.cards.addWidget(heading)
        return heading

    def _get_model(self, model: Recommended) -> None:
        """Query the hub for the current files of a model, and download them."""
        row, settings = self.models.rows[model.repository], self._studio.settings
        row.say(self.tr("Contacting Hugging Face…"))

        def fetch(repository: hub.Repository) -> None:
            try:
                name = model.file or "folder"
                order = Order(repository, repository.edition(name))
                row.order = order.id
                row.say("")
                self._fetch_order(order)
            except StudioError as error:
                row.say(tr_filled(error), bad=True)

        self._parts.background.run(
            lambda: hub.look_up(model.address, hub.line(settings)),
            fetch,
            lambda error: row.say(tr_filled(error), bad=True),
        )

    def _stop_model(self, model: Recommended) -> None:
        self._studio.downloads.stop(self.models.rows[model.repository].order)

    def _installed_card(self, row: Weights) -> QWidget:
        frame, column = card()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._look.icon_label("circle-check", "good", 18))
        head.addWidget(self._look.label(declared(row.title), "heading"))
        head.addWidget(self._look.label(self.tr("Installed"), "badge"))
        head.addStretch()
        show = self._look.button(self.tr("Show"), "box", kind="ghost", small=True)
        show.setAccessibleName(self.tr("Show {title}").format(title=declared(row.title)))
        show.clicked.connect(lambda: self._show(row.id))
        head.addWidget(show)
        column.addLayout(head)
        if row.offer is not None:
            column.addWidget(self._look.label(declared(row.offer.summary), wrap=True))
        column.addWidget(self._look.label(_facts(row), "small", wrap=True))
        return frame

    def _card(self, row: Weights) -> DownloadCard:
        return DownloadCard(
            self._look,
            row,
            _facts(row),
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
            lambda error: self.hub.say(tr_filled(error), bad=True),
        )

    def _found(self, repository: hub.Repository) -> None:
        try:
            self.hub.show_repository(repository, self._studio.downloads.of)
        except StudioError as error:  # it has no such file
            self.hub.say(tr_filled(error), bad=True)

    def _fetch_order(self, order: Order) -> None:
        self._studio.downloads.fetch(order, hub.line(self._studio.settings))

    def _fetch(self, order: Order) -> None:
        try:
            self._fetch_order(order)
        except StudioError as error:
            self.hub.say(tr_filled(error), bad=True)


def _facts(row: Weights) -> str:
    facts = (row.format.upper(), row.quantization, phrases.size(row.bytes), row.licence,
             str(row.source.get("package", "")))  # fmt: skip
    return " · ".join(fact for fact in facts if fact)
