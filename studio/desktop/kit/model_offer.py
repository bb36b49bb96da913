"""A quiet line where a weak language model answers: the better one, one click away. Loads none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.api.roles import Role
from studio.api.window.context import PluginContext
from studio.api.window.language import tr
from studio.desktop import phrases
from studio.desktop.appearance.language import declared
from studio.models import Weights
from studio.models.catalogue import ability
from studio.protocol.errors import StudioError

if TYPE_CHECKING:
    from studio.studio import Studio

WEAK = 0.6
"""Share of everyday questions; models that answer fewer right are said to be weak."""


class ModelOffer(QWidget):
    """Implements ``studio.api.intake.ModelOffer``."""

    def __init__(self, ctx: PluginContext, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._weights = self._set = self._best = ""
        self._chosen: list[Callable[[str], None]] = []
        self._news: list[Callable[[], None]] = []
        self.words = ctx.ui.label("", Role.SMALL, wrap=True)
        self.button = ctx.ui.button("", dense=True)
        ctx.ui.wear(self.button, Role.LINK)
        self.button.clicked.connect(lambda _checked=False: self._improve())
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        self.hide()
        ends = [
            studio.downloads.observe(self._on_download),
            studio.scans.on_change(self._on_news),
        ]
        self.destroyed.connect(lambda: [end() for end in ends])

    @property
    def widget(self) -> QWidget:
        """The line itself."""
        return self

    def on_choose(self, call: Callable[[str], None]) -> None:
        """Call with the id of the better weights that the user takes."""
        self._chosen.append(call)

    def on_news(self, call: Callable[[], None]) -> None:
        """Call when models came or went."""
        self._news.append(call)

    def show_for(self, weights: str) -> bool:
        """Show what is better than ``weights``, if they are weak; return whether they are."""
        self._weights, self._set, self._best = weights, "", ""
        catalogue = self._studio.weights
        rows = {row.id: row for row in catalogue.list("text") if not row.problem}
        row = rows.get(weights)
        # One without a figure is the user's own affair: its size alone proves nothing.
        is_weak = row is not None and 0 < row.everyday < WEAK
        if row is not None and is_weak:
            best = next(iter(rows.values()))
            offers = catalogue.better(weights)
            self._describe(row, best if ability(best) > ability(row) else None, offers)
        self.setVisible(is_weak)
        return is_weak

    def _describe(self, row: Weights, best: Weights | None, offers: list[Weights]) -> None:
        going = {offer.id: self._studio.downloads.of(offer.id) for offer in offers}
        coming = next((offer for offer in offers if (d := going[offer.id]) and d.is_live), None)
        self.button.setVisible(not coming and bool(best or offers))
        words = f"{row.title}: {declared(row.caution)}"
        if coming is not None and (now := going[coming.id]) is not None:
            words = tr("{better} is downloading ({percent}%). Until then {title} answers.").format(
                better=coming.title, percent=100 * now.done // max(now.total, 1), title=row.title
            )
        elif best is not None:
            self._best = best.id
            self.button.setText(tr("Answer with {title}").format(title=best.title))
        elif offers and offers[0].offer is not None:
            self._set = offers[0].offer.name
            size = phrases.size(offers[0].bytes)
            self.button.setText(tr("Download a better model ({size})").format(size=size))
            self.button.setToolTip(offers[0].title)
        self.words.setText(words)

    def _improve(self) -> None:
        """Take the better model, or download it: the user has asked for that just now."""
        if self._best:
            for call in self._chosen:
                call(self._best)
            return
        from studio.models.download import hub  # what speaks to a network is not there before

        try:
            hub.check_network(self._studio.settings)
            self._studio.downloads.start(self._studio.weights.offer(self._set))
        except StudioError as error:
            self._studio.notices.error(error)

    def _on_download(self, _id: str) -> None:
        self.show_for(self._weights)

    def _on_news(self) -> None:
        self.show_for(self._weights)
        for call in self._news:
            call()
