"""When the mask is painted, and of which picture: brings the picture to work on to the desk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QImage

from studio.api import PluginContext, StudioError, TroubleRow
from studio_image.pages.composer import Composer
from studio_image.pages.modes import REPAIR
from studio_image.pages.picture_reader import read_later
from studio_image.pages.viewer.mask_desk import MaskDesk


class MaskController:
    """Shows the desk while *Repair* is on and its picture is in view.

    Attributes:
        desk: Where the mask is painted.
    """

    def __init__(
        self,
        ctx: PluginContext,
        composer: Composer,
        trouble: TroubleRow,
        show_desk: Callable[[], None],
    ) -> None:
        self._ctx, self._composer, self._trouble = ctx, composer, trouble
        self._show_desk = show_desk
        self.desk = MaskDesk(ctx)
        self._shown = ""
        """Id of the picture that the mask is for."""
        self._cached: tuple[str, Path] | None = None
        """A picture, and the file of the mask that it once had."""
        composer.painted = self._mask
        composer.restore_mask = self.restore

    def wants(self, artifact: str) -> bool:
        """Whether a picture that comes into view is the one whose mask is painted."""
        return self._composer.mode == REPAIR and bool(artifact) and artifact == self._shown

    def show(self) -> bool:
        """Bring the picture to work on to the desk; return False if there is nothing to do so."""
        artifact = self._composer.input.artifact
        if self._composer.mode != REPAIR or artifact is None:
            return False
        if artifact.id == self._shown:
            self._show_desk()
        else:
            read_later(self._ctx, artifact.path, lambda image: self._show_read(artifact.id, image))
        return True

    def _show_read(self, id: str, image: QImage | StudioError) -> None:
        wanted = self._composer.input.artifact
        if wanted is None or wanted.id != id:
            return
        if isinstance(image, StudioError):
            self._trouble.tell(image)
            return
        self._shown = id
        self.desk.show_picture(image)
        self._take_cached()
        if self._composer.mode == REPAIR:
            self._show_desk()

    def restore(self, picture: str, mask: Path) -> None:
        """Put a mask on a picture, as soon as that is on the desk."""
        self._cached = picture, mask
        self._take_cached()

    def _take_cached(self) -> None:
        if self._cached is None or self._cached[0] != self._shown:
            return
        shown, path = self._cached
        self._cached = None

        def put(mask: QImage | StudioError) -> None:
            if isinstance(mask, StudioError):
                self._trouble.tell(mask)
            elif self._shown == shown:
                self.desk.canvas.layer.take(mask)

        read_later(self._ctx, path, put)

    def _mask(self) -> bytes | None:
        artifact = self._composer.input.artifact
        return self.desk.painted() if artifact is not None and artifact.id == self._shown else None
