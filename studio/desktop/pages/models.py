"""The Models page: which weights there are, can be used, and can be had. Loads nothing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api.gui import Page, PageAction
from studio.core.weights import Weights
from studio.desktop import words
from studio.desktop.pages.document import show_document
from studio.desktop.pages.frame import Column, PageFrame, card
from studio.desktop.pages.offers import OfferCard
from studio.desktop.pages.parts import PageParts
from studio.desktop.widgets.meter import Meter
from studio.protocol.messages import Inspected


def build(parts: PageParts) -> Page:
    """Return the Models page."""
    page = ModelsPage(parts)
    actions = [
        PageAction("models.rescan", page.tr("Look for weights again"), page.rescan, "refresh-cw"),
        PageAction(
            "models.folder", page.tr("Open the weights folder"), page.open_folder, "folder-open"
        ),
    ]
    return Page(page, actions=actions)


class ModelsPage(QWidget):
    """Cards of weights, best first."""

    def __init__(self, parts: PageParts) -> None:
        super().__init__()
        self._studio, self._ui, self._background = parts.studio, parts.ui, parts.background
        self._look = parts.ui.look
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._frame = PageFrame(self._look, self.tr("Models"), " ")
        layout.addWidget(self._frame)
        again = parts.ui.button(self.tr("Look again"), "refresh-cw")
        again.clicked.connect(self.rescan)
        folder = parts.ui.button(self.tr("Open folder"), "folder-open", primary=True)
        folder.clicked.connect(self.open_folder)
        self._frame.controls.addWidget(again)
        self._frame.controls.addWidget(folder)
        self._column = Column()
        self._frame.body.addWidget(self._column, 1)
        self._checks: dict[str, str] = {}
        self._inspected: dict[str, Inspected] = {}
        self._asked: set[str] = set()
        self._shown: dict[str, QWidget] = {}
        self._offers: dict[str, OfferCard] = {}
        self._largest = 1
        end = self._studio.downloads.observe(self._on_download)
        self.destroyed.connect(end)
        self.refresh()

    def rescan(self) -> None:
        """Look at the folders again, and tell the runtime."""
        self._inspected.clear()
        self._asked.clear()
        self._studio.rescan_weights(self.refresh)

    def open_folder(self) -> None:
        """Show the folder for weights of one's own, made if it is missing."""
        folder = self._folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._studio.notices.error(f"The folder {folder} cannot be made ({error.strerror}).")
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def refresh(self) -> None:
        """Show what the catalogue knows."""
        rows = self._studio.weights.list()
        self._column.clear()
        self._shown.clear()
        self._show_offers()
        self._frame.say(
            self.tr(
                "{count} here, {size} on disk. Drop a GGUF file or a model folder into {folder}."
            ).format(
                count=len(rows),
                size=words.size(sum(row.bytes for row in rows)),
                folder=self._folder(),
            )
        )
        if not rows:
            empty = self._ui.empty_state(
                "box",
                self.tr("No weights yet"),
                self.tr(
                    "Put a GGUF file or a Hugging Face folder into {folder}, then look again."
                ).format(folder=self._folder()),
                [("refresh-cw", self.tr("Look again"), self.rescan)],
            )
            self._column.cards.addWidget(empty)
        self._largest = max((row.bytes for row in rows), default=1)
        for row in rows:
            self._shown[row.id] = self._card(row)
            self._column.cards.addWidget(self._shown[row.id])
            if not row.problem and row.id not in self._asked:
                self._asked.add(row.id)
                self._inspect(row)

    def show_set(self, name: str) -> None:
        """Bring weights that can be had, or by now are here, into view, with the keyboard there."""
        row = self._studio.weights.offer(name)
        card_ = self._offers.get(row.id) or self._shown.get(row.id)
        if card_ is None:
            return

        def reveal() -> None:
            self._column.ensureWidgetVisible(card_)
            if isinstance(card_, OfferCard):
                card_.take_keyboard()

        QTimer.singleShot(0, card_, reveal)  # a page that was just built has no sizes yet

    def _show_offers(self) -> None:
        """Show what can be had above what is here: once it is here, it moves down."""
        self._offers.clear()
        rows = [row for row in self._studio.weights.offers() if row.problem]
        if not rows:
            return
        self._column.cards.addWidget(self._look.label(self.tr("Can be had"), "section"))
        for row in rows:
            offered = self._offer_card(row)
            offered.show_download(self._studio.downloads.of(row.id))
            self._offers[row.id] = offered
            self._column.cards.addWidget(offered)
        here = self._look.label(self.tr("Here"), "section")
        here.setContentsMargins(0, 8, 0, 0)
        self._column.cards.addWidget(here)

    def _offer_card(self, row: Weights) -> OfferCard:
        downloads = self._studio.downloads
        return OfferCard(
            self._look,
            row,
            " · ".join(self._facts(row)),
            get=lambda: downloads.start(row),
            stop=lambda: downloads.stop(row.id),
            read=lambda: self._show_card(row),
        )

    def _on_download(self, weights_id: str) -> None:
        now = self._studio.downloads.of(weights_id)
        offered = self._offers.get(weights_id)
        if now is None:  # it is over, and the catalogue has looked again
            had_keyboard = offered is not None and offered.has_keyboard()
            self.refresh()
            if had_keyboard and weights_id in self._offers:
                self._offers[weights_id].take_keyboard()
        elif offered is not None:
            offered.show_download(now)

    def _show_again(self, row: Weights) -> None:
        """Draw one card anew; the others, and the place that was scrolled to, stay."""
        old = self._shown.get(row.id)
        if old is None:
            return  # it is no longer listed
        self._shown[row.id] = self._card(row)
        self._column.cards.replaceWidget(old, self._shown[row.id])
        old.hide()
        old.deleteLater()

    def _inspect(self, row: Weights) -> None:
        """Let the runtime read the headers: only it may open files from outside."""

        def read(answer: Inspected) -> None:
            self._inspected[row.id] = answer
            self._show_again(row)

        self._studio.inspect_later(row.path, read)

    def _problem(self, row: Weights) -> str:
        answer = self._inspected.get(row.id)
        if row.problem or answer is None or answer.error is None:
            return row.problem
        return f"{answer.error.message} {answer.error.hint}".strip()

    # --- one card -----------------------------------------------------------------------------

    def _card(self, row: Weights) -> QWidget:
        look, problem = self._look, self._problem(row)
        frame, column = card()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(look.icon_label("box", "bad" if problem else "accent", 18))
        head.addWidget(look.label(row.title, "heading"))
        for badge in row.capabilities:
            head.addWidget(look.label(badge, "badge"))
        head.addStretch()
        head.addWidget(self._fits(row, problem))
        column.addLayout(head)
        facts = look.label(" · ".join(self._facts(row)), "small", wrap=True)
        column.addWidget(facts)
        if problem:
            column.addWidget(look.label(problem, "bad", wrap=True))
        meter = Meter(look, self.tr("Size beside the largest"))
        meter.set_parts([(row.bytes / max(1, self._largest), "accent")])
        column.addWidget(meter)
        column.addLayout(self._foot(row, problem))
        return frame

    def _facts(self, row: Weights) -> list[str]:
        facts = [row.format.upper(), row.quantization, words.size(row.bytes) if row.bytes else ""]
        if row.parameters:
            facts.append(self.tr("{count} M parameters").format(count=round(row.parameters / 1e6)))
        if row.context:
            facts.append(self.tr("context {tokens:,} tokens").format(tokens=row.context))
        facts += [row.licence, str(row.source.get("package", ""))]
        return [fact for fact in facts if fact]

    def _fits(self, row: Weights, problem: str) -> QWidget:
        """A badge, icon and word: what the headers ask for beside the memory of this machine."""
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(5)
        answer = self._inspected.get(row.id)
        if problem:
            icon, color, text = "circle-x", "bad", self.tr("cannot be used")
        elif answer is None:
            icon, color, text = "hourglass", "mute", self.tr("reading its headers…")
        else:
            needed, total = _needs(answer), _memory()
            if needed < 0.5 * total:
                icon, color, text = "circle-check", "good", self.tr("fits well")
            elif needed < total:
                icon, color, text = "triangle-alert", "warn", self.tr("tight")
            else:
                icon, color, text = "circle-x", "bad", self.tr("does not fit")
            holder.setToolTip(
                self.tr("{needed} when loaded; this machine has {total}.").format(
                    needed=words.size(needed), total=words.size(total)
                )
            )
        line.addWidget(self._look.icon_label(icon, color))
        line.addWidget(self._look.label(text, color if color != "mute" else "small"))
        return holder

    def _foot(self, row: Weights, problem: str) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(8)
        path = self._look.label(str(row.path), "faint")
        path.setToolTip(str(row.path))
        path.setMinimumWidth(40)
        foot.addWidget(path, 1)
        if row.id in self._checks:
            foot.addWidget(self._look.label(self._checks[row.id], "small"))
        if row.card is not None and row.card.exists():
            read = self._look.button(self.tr("Model card"), "file-text", kind="ghost", small=True)
            read.clicked.connect(lambda: self._show_card(row))
            foot.addWidget(read)
        verify = self._look.button(self.tr("Verify"), "shield-check", small=True)
        verify.setAccessibleName(self.tr("Verify {title}").format(title=row.title))
        verify.setEnabled(not problem)
        verify.clicked.connect(lambda: self._verify(row))
        foot.addWidget(verify)
        return foot

    def _verify(self, row: Weights) -> None:
        self._checks[row.id] = self.tr("reading every byte…")
        self._show_again(row)

        def said(words_: str) -> None:
            self._checks[row.id] = words_
            self._show_again(row)

        self._background.run(
            lambda: self._studio.weights.verify(row.id),
            lambda result: said(result.sentence),
            lambda error: said(str(error)),
        )

    def _show_card(self, row: Weights) -> None:
        assert row.card is not None
        show_document(self._look, self.window(), row.title, row.card)

    def _folder(self) -> Path:
        return self._studio.paths.home / "weights"


def _needs(answer: Inspected) -> int:
    """Return the bytes that the weights and their usual work take."""
    return sum(int(answer.facts.get(name, 0)) for name in ("weights_bytes", "working_bytes"))


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total)
