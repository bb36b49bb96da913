"""Cache of structure images: fetched from the runtime in batches, rendered off the GUI thread.

RDKit is not here; a view requests images while painting and is notified of new ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QRectF, QTimer, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from studio.api import ErrorCode, JobRequest, PluginContext, StudioError
from studio.api.window.language import tr, tr_filled
from studio_molecules.molecule import OwnColumn
from studio_molecules.objectives import OWN

TASK = "molecules.draw"
RETRY_MS = 3000
_BATCH = 24
_WAITING = 400
"""Pictures that may wait; older requests have been scrolled past."""
_KEPT_BYTES = 96 << 20


@dataclass(frozen=True)
class PictureRequest:
    """Which picture: logical pixels, and how many device pixels each has."""

    smiles: str
    width: int
    height: int
    ratio: float = 1.0
    highlight: str = ""
    by_atom: str = ""
    """The figure whose contributions of atoms are coloured."""

    @property
    def group(self) -> tuple[int, int, float, str, str]:
        """What all pictures of one job share."""
        return self.width, self.height, self.ratio, self.highlight, self.by_atom


class DepictionCache(QObject):
    """Pictures of molecules.

    Attributes:
        notices: SMILES → sentence, for molecules that need care.
        contributions: SMILES and figure → what ``molecules.draw`` says of its atoms.
        taught: Returns the user's own columns that can be learned, by figure.
        refused: Figure → why what atoms add to it cannot be told.

    Signals:
        drawn: There are new pictures.
    """

    drawn = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.notices: dict[str, str] = {}
        self.contributions: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.taught: Callable[[], Mapping[str, OwnColumn]] = dict
        self.refused: dict[str, str] = {}
        self._cache: OrderedDict[PictureRequest, QImage] = OrderedDict()
        self._bytes = 0
        self._failed: set[PictureRequest] = set()
        self._waiting: OrderedDict[PictureRequest, None] = OrderedDict()
        self._alone: list[PictureRequest] = []
        self._drawing: frozenset[PictureRequest] = frozenset()
        """Under way: a view that is painted meanwhile asks again."""
        self._busy = False
        self._era = 0
        self._later = QTimer(self)  # the runtime comes back by itself
        self._later.setSingleShot(True)
        self._later.setInterval(RETRY_MS)
        self._later.timeout.connect(self._retry)
        end_theme = ctx.ui.on_theme(lambda _tokens: self.forget())
        self.destroyed.connect(lambda: end_theme())

    @property
    def idle(self) -> bool:
        """Whether nothing is being drawn or waits for it."""
        return not (self._busy or self._waiting or self._alone)

    def picture(self, request: PictureRequest) -> QImage | None:
        """Return a picture, or None and ask for it; a null image is one that cannot be drawn."""
        if request in self._cache:
            self._cache.move_to_end(request)
            return self._cache[request]
        if request in self._failed:
            return QImage()
        if request in self._drawing:
            return None
        self._waiting[request] = None
        self._waiting.move_to_end(request)
        while len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        QTimer.singleShot(0, self, self._start)  # what is painted together is drawn together
        return None

    def inputs(self, figure: str) -> dict[str, Any]:
        """Return what ``molecules.draw`` needs to colour atoms by a figure beside its name."""
        column = self.taught().get(figure) if figure.startswith(OWN) else None
        return {"own": {figure: column.plain()}} if column is not None else {}

    def forget(self) -> None:
        """Draw everything anew: in other colours, or because the runtime is back."""
        self._era += 1
        self._cache.clear()
        self._failed.clear()
        self._drawing = frozenset()
        self._bytes = 0
        self.drawn.emit()

    def _start(self) -> None:
        if self._busy or not (self._alone or self._waiting):
            return
        batch = [self._alone.pop()] if self._alone else self._next()
        first = batch[0]
        params = {
            "smiles": [request.smiles for request in batch],
            "width": first.width,
            "height": first.height,
            "dark": self._ctx.ui.tokens.dark,
            "highlight": first.highlight,
            "by_atom": first.by_atom,
        }
        era, self._busy, self._drawing = self._era, True, frozenset(batch)
        try:
            inputs = self.inputs(first.by_atom)
            job = self._ctx.tasks.submit(
                JobRequest(TASK, params, title=tr("Draw"), inputs=inputs, keep=False)
            )
        except StudioError as error:
            self._on_failed(batch, error)
            return
        job.on_done(lambda result: self._on_done(batch, era, result))
        job.on_failed(lambda error: self._on_failed(batch, error))
        job.on_cancelled(self._on_over)

    def _next(self) -> list[PictureRequest]:
        """Return the newest requests of one size."""
        newest = next(reversed(self._waiting))
        batch = [request for request in reversed(self._waiting) if request.group == newest.group][
            :_BATCH
        ]
        for request in batch:
            del self._waiting[request]
        return batch

    def _on_done(
        self, batch: Sequence[PictureRequest], era: int, result: Mapping[str, Any]
    ) -> None:
        svgs = [str(svg) for svg in result.get("svgs", ())]
        notices = result.get("notices", ())
        for request, contribution in zip(batch, result.get("by_atom", ())):
            self.contributions[request.smiles, request.by_atom] = contribution
        self.notices |= {
            request.smiles: str(notice) for request, notice in zip(batch, notices) if notice
        }

        self._failed.update(batch[len(svgs) :])

        def keep(images: list[QImage]) -> None:
            if era == self._era:
                for request, image in zip(batch, images):
                    self._keep(request, image)
            self._on_over()
            self.drawn.emit()

        self._ctx.run_later(
            lambda: [_render(svg, request) for svg, request in zip(svgs, batch)], keep
        )

    def _on_failed(self, batch: Sequence[PictureRequest], error: StudioError) -> None:
        if error.code is ErrorCode.BAD_INPUT and len(batch) > 1:
            self._alone += batch  # one of them cannot be drawn; the others can
        else:
            self._failed.update(batch)
            if error.code is ErrorCode.BAD_INPUT and batch[0].by_atom.startswith(OWN):
                self.refused[batch[0].by_atom] = tr_filled(error)
            if error.code is not ErrorCode.BAD_INPUT:
                self._later.start()
        self._on_over()
        self.drawn.emit()

    def _retry(self) -> None:
        self._failed.clear()
        self.drawn.emit()

    def _on_over(self) -> None:
        self._busy, self._drawing = False, frozenset()
        self._start()

    def _keep(self, request: PictureRequest, image: QImage) -> None:
        self._cache[request] = image
        self._bytes += image.sizeInBytes()
        while self._bytes > _KEPT_BYTES and len(self._cache) > _BATCH:
            _, old = self._cache.popitem(last=False)
            self._bytes -= old.sizeInBytes()


def _render(svg: str, request: PictureRequest) -> QImage:
    """Return the picture of an SVG; any thread may."""
    size = round(request.width * request.ratio), round(request.height * request.ratio)
    image = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, *size))
    painter.end()
    image.setDevicePixelRatio(request.ratio)
    return image
