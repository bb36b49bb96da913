"""What an edit looks like, while its values are set: a small picture, made beside the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QImage

from studio.api import BadInput, Mode, PluginContext, StudioError, TroubleRow, outcome
from studio_image import schema
from studio_image.pages.composer import Composer
from studio_image.pages.modes import EDIT
from studio_image.pages.picture_files import fitted
from studio_image.pages.picture_reader import adjusted_picture, read_later
from studio_image.pages.viewer.crop_handles import CropHandles
from studio_image.pages.viewer.viewer import Viewer

_SIDE = 1024
"""The longer side of what is shown: adjusted in a moment, and enough for the eye."""


_MOST = 90.0
"""Percent that a handle cuts off a side."""


class EditPreview:
    """Shows the picture to work on as *Edit* would make it. Of values in a row, the last counts.

    Attributes:
        handles: The borders of what is shown, which crop.
    """

    def __init__(
        self,
        ctx: PluginContext,
        composer: Composer,
        viewer: Viewer,
        trouble: TroubleRow,
        show_viewer: Callable[[], None],
    ) -> None:
        self._ctx, self._composer, self._viewer = ctx, composer, viewer
        self._trouble, self._show_viewer = trouble, show_viewer
        self._of, self._small = "", QImage()
        """The picture that is edited: its id, and what it looks like, small."""
        self._at_work = self._again = False
        self._is_listening = False
        self.handles = CropHandles(ctx, viewer.canvas)
        self.handles.cropped.connect(self._crop)
        composer.modes.on_change(self._listen)
        self._listen(composer.modes.mode)

    def show(self) -> bool:
        """Show the edited picture; return False if there is none to edit."""
        artifact = self._composer.input.artifact
        if self._composer.mode != EDIT or artifact is None:
            self.handles.hide()
            return False
        if artifact.id != self._of:
            read_later(self._ctx, artifact.path, lambda image: self._take(artifact.id, image))
        elif self._at_work:
            self._again = True
        else:
            self._adjust()
        return True

    def _listen(self, mode: Mode) -> None:
        if mode.id == EDIT and not self._is_listening:
            self._is_listening = True
            self._composer.modes.form.on_change(self._on_change)

    def _on_change(self) -> None:
        self.show()

    def _crop(self, shares: dict[str, float]) -> None:
        """Set the shares to cut off each side."""
        form = self._composer.modes.form
        values = form.values()
        for one, other in (("left", "right"), ("top", "bottom")):
            remaining = 100 - values[one] - values[other]
            for side in (one, other):
                cut = values[side] + shares[side] * remaining
                values[side] = round(min(_MOST, max(0.0, cut)), 1)
        form.set_values({side: values[side] for side in shares})
        self.show()

    def _take(self, id: str, image: QImage | StudioError) -> None:
        if isinstance(image, StudioError):
            self._trouble.tell(image)
            return
        self._of, self._small = id, image
        self.show()

    def _adjust(self) -> None:
        try:
            edit = schema.Edit.parse(self._composer.modes.forms[EDIT].values())
        except BadInput:  # the form says it at the field
            return
        self._at_work, of, image = True, self._of, self._small

        def show(adjusted: Any) -> None:
            self._at_work = False
            if isinstance(adjusted, StudioError):
                self._trouble.tell(adjusted)
            elif of == self._of and self._composer.mode == EDIT:
                self._trouble.hide()
                if self._viewer.shown != of or edit != schema.Edit(image=edit.image):
                    self._viewer.show_preview(
                        adjusted
                    )  # the picture itself is better than its like
                self._show_viewer()
                self.handles.show()
            if self._again:
                self._again = False
                self.show()

        self._ctx.run_later(lambda: outcome(lambda: _small_adjusted(image, edit)), show)


def _small_adjusted(image: QImage, edit: schema.Edit) -> QImage:
    if max(image.width(), image.height()) > _SIDE:
        image = image.scaled(fitted(image.size(), _SIDE))
    return adjusted_picture(image, edit)
