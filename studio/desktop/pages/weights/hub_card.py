"""Card to paste a hub address and select files. Downloads nothing unasked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.meter import Meter
from studio.models import Download
from studio.models.download.hub import Repository
from studio.models.download.hub_edition import Order


class HubCard(QFrame):
    """An address, a button, and the editions that were found.

    Args:
        look_up: Asks the hub what is at the address that was pasted.
        fetch, stop: What the buttons of an edition do.

    Attributes:
        address: The field.
    """

    def __init__(
        self,
        look: Appearance,
        look_up: Callable[[str], None],
        fetch: Callable[[Order], None],
        stop: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.setProperty("surface", "card")
        self.setAccessibleName(self.tr("Any other model"))
        self._look, self._look_up = look, look_up
        self._fetch, self._stop = fetch, stop
        self._rows: dict[str, _EditionRow] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(look.label(self.tr("Any other model"), "heading"))
        hint = self.tr(
            "Paste a model link. Hugging Face is contacted only when you press Look up or "
            "Download; no account or cookies are used, and every file is verified."
        )
        column.addWidget(look.label(hint, "small", wrap=True))
        line = QHBoxLayout()
        line.setSpacing(8)
        self.address = QLineEdit()
        self.address.setPlaceholderText(self.tr("https://huggingface.co/owner/name or owner/name"))
        self.address.setAccessibleName(self.tr("Hugging Face link"))
        self.address.setClearButtonEnabled(True)
        self.address.returnPressed.connect(self._ask)
        self._find = look.button(self.tr("Look up"), "search")
        self._find.clicked.connect(self._ask)
        line.addWidget(self.address, 1)
        line.addWidget(self._find)
        column.addLayout(line)
        self._said = look.label("", "small", wrap=True)
        self._said.hide()
        column.addWidget(self._said)
        self._found = QVBoxLayout()
        self._found.setSpacing(6)
        column.addLayout(self._found)

    def say(self, text: str, bad: bool = False) -> None:
        """Show a sentence below the field; ``bad`` if it says what went wrong."""
        self._said.setText(text)
        self._said.setProperty("role", "bad" if bad else "small")
        self._said.style().polish(self._said)
        self._said.setVisible(bool(text))
        self._find.setEnabled(True)

    def show_repository(
        self, repository: Repository, now: Callable[[str], Download | None]
    ) -> None:
        """Show what there is; ``now`` tells of a download that goes on."""
        self.clear()
        wanted = repository.address.file
        editions = [repository.edition(wanted)] if wanted else repository.editions
        licence = repository.licence or self.tr("licence not specified")
        self.say(
            f"{repository.address.repository} · {licence}"
            if editions
            else self.tr("{name} contains no supported model files.").format(
                name=repository.address.repository
            )
        )
        for edition in editions:
            order = Order(repository, edition, convert=edition.format == "pickle")
            row = _EditionRow(
                self._look, order, partial(self._fetch, order), partial(self._stop, order.id)
            )
            row.show_download(now(order.id))
            self._rows[order.id] = row
            self._found.addWidget(row)

    def show_download(self, order_id: str, now: Download | None) -> None:
        """Show how far one is."""
        if order_id in self._rows:
            self._rows[order_id].show_download(now)

    def clear(self) -> None:
        """Clear the listing."""
        self._rows.clear()
        clear(self._found)

    def _ask(self) -> None:
        if self.address.text().strip():
            self.clear()
            self.say(self.tr("Contacting Hugging Face…"))
            self._find.setEnabled(False)
            self._look_up(self.address.text())


class _EditionRow(QWidget):
    """One edition: its name, its size, Download, how far it is, Stop."""

    def __init__(
        self, look: Appearance, order: Order, fetch: Callable[[], None], stop: Callable[[], None]
    ) -> None:
        super().__init__()
        edition = order.edition
        self._bytes = edition.bytes
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(4)
        line = QHBoxLayout()
        line.setSpacing(8)
        name = edition.name
        if name == "folder":
            name = self.tr("whole model, {count} files").format(count=len(edition.files))
        elif edition.is_folder:
            name = self.tr("{name}, {count} files").format(
                name=edition.target, count=len(edition.files)
            )
        line.addWidget(ElidedLabel(name), 1)
        line.addWidget(look.label(edition.format, "badge"))
        self._state = look.label("", "small")
        line.addWidget(self._state)
        get = self.tr("Download and convert") if order.convert else self.tr("Download")
        self._get = look.button(f"{get} ({phrases.size(edition.bytes)})", "download", small=True)
        self._get.setAccessibleName(f"{get}: {edition.name}")
        self._get.clicked.connect(fetch)
        line.addWidget(self._get)
        self._end = look.button(self.tr("Stop"), "circle-stop", small=True)
        self._end.setAccessibleName(self.tr("Stop: {name}").format(name=edition.name))
        self._end.clicked.connect(stop)
        line.addWidget(self._end)
        column.addLayout(line)
        self._meter = Meter(look, self.tr("Progress"))
        column.addWidget(self._meter)
        self._problem = look.label("", "bad", wrap=True)
        column.addWidget(self._problem)
        if order.convert:
            hint = self.tr("Pickle files can run code when opened. This one is opened once, in "
                           "a sandbox, to copy its tensors.")  # fmt: skip
            column.addWidget(look.label(hint, "small", wrap=True))

    def show_download(self, now: Download | None) -> None:
        live = now is not None and now.is_live
        self._get.setVisible(not live)
        self._end.setVisible(live)
        self._end.setEnabled(live and not (now and now.stopping))
        self._meter.setVisible(live)
        self._problem.setText(str(now.error) if now and now.error else "")
        self._problem.setVisible(bool(self._problem.text()))
        self._state.setText("")
        if now and live:
            self._meter.set_parts([(now.done / max(self._bytes, 1), "accent")])
            left = phrases.time_left(now.seconds_left)
            far = self.tr("{here} of {all}").format(
                here=phrases.size(now.done), all=phrases.size(self._bytes)
            )
            text = self.tr("Stopping…") if now.stopping else f"{far} · {left}" if left else far
            self._state.setText(text)
