"""The page of pictures: modes, viewer, strip and composer put together.

Computes nothing; the pictures are the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from studio.api import Kind, Mode, Page, PluginContext, Role
from studio.api.window.language import tr
from studio_image.pages.artifact_actions import PictureActions
from studio_image.pages.batch_export import BatchExports
from studio_image.pages.commands import page_actions
from studio_image.pages.composer import Composer
from studio_image.pages.edit_preview import EditPreview
from studio_image.pages.import_controller import LIST_SUFFIX, ImportController
from studio_image.pages.mask_controller import MaskController
from studio_image.pages.modes import DRAW, EDIT, ENLARGE, REPAIR, RESTYLE
from studio_image.pages.picture_files import SAVE_SUFFIXES, export, quality, read_picture
from studio_image.pages.picture_reader import strip_picture
from studio_image.pages.prompt_box import MAX_CHARS
from studio_image.pages.viewer.contact_sheet import parts_of
from studio_image.pages.viewer.view_controller import ViewController
from studio_image.pages.viewer.viewer import Viewer
from studio_image.pages.welcome import no_weights, welcome
from studio_image.schema import PICTURE_SUFFIXES

_NARROW, _LOW = 620, 620
_MOST = 120
_PACES = "paces"
"""In the settings: how fast enlargements were on this machine."""


def _kind_of(params: Mapping[str, Any]) -> str:
    """Return what enlargements that take as long for a pixel have in common."""
    return " ".join(str(params.get(name) or "") for name in ("weights", "asked", "factor", "tile"))


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = PicturePage(ctx)
    return Page(
        page,
        panel=page.composer.modes.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.imports.accept,
        reuse=page.imports.reuse,
        run=page.run.run,
        actions=page_actions(
            page.run,
            page.target,
            page.composer,
            page.view,
            page.viewer.canvas,
            page.result_actions,
            page.picture_actions,
        ),
        focus=page.composer.focus,
    )


class PicturePage(QWidget):
    """Everything between the rail and the parameter panel."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx, ui, kit = ctx, ctx.ui, ctx.kit
        self._wanted = ""
        """The picture that was in view at the end of the last session."""
        self._empty: QWidget | None = None
        self.trouble, self._progress = ui.trouble_row(), ui.progress_row(stop=False)
        self.viewer, self.composer = Viewer(ctx), Composer(ctx)
        self.views = QStackedWidget()
        self.views.addWidget(self.viewer)
        self.masks = MaskController(
            ctx, self.composer, self.trouble, lambda: self.views.setCurrentWidget(self.masks.desk)
        )
        self.views.addWidget(self.masks.desk)
        self.edits = EditPreview(
            ctx,
            self.composer,
            self.viewer,
            self.trouble,
            lambda: self.views.setCurrentWidget(self.viewer),
        )
        self.results = kit.results("strip", name=tr("Results"), most=_MOST, thumbnail=strip_picture)
        self.run = kit.run_controller(
            prepare=self.composer.request,
            button=self.composer.go,
            progress=self._progress,
            trouble=self.trouble,
        )
        self.view = ViewController(
            ctx,
            self.viewer,
            self.results,
            self.trouble,
            self._show_viewer,
            self.show_stage,
        )
        self.composer.pace = self._pace
        self.composer.in_view = self._in_view
        self.imports = ImportController(ctx, self.composer, self.results, self.view, self.trouble)
        self.target = kit.drop_target(
            self,
            tr("Open pictures"),
            trouble=self.trouble,
            files=self.imports.bring,
            suffixes=(*PICTURE_SUFFIXES, LIST_SUFFIX),
            folders=True,
            image=self.imports.bring_image,
            nothing=tr("No picture on the clipboard. Copy one first."),
        )
        self.result_actions = kit.artifact_actions(
            self.view.result,
            trouble=self.trouble,
            results=self.results,
            show=self.view.show_instead,
            changed=self.viewer.show_star,
            export=lambda artifact, path: export(artifact, path, quality=quality(ctx)),
            suffixes=SAVE_SUFFIXES,
            clip=lambda artifact: read_picture(artifact.path),
            page=tr("Pictures"),
        )
        self.exports = BatchExports(ctx, self, self.results, self.view.result, self.trouble)
        self.picture_actions = PictureActions(
            ctx,
            self.run,
            self.composer,
            self.view,
            self.imports,
            self.result_actions,
            self.exports.ask,
        )
        self._lay_out()
        self._connect()
        self._follow()
        self.show_stage()
        self.results.load(self._on_loaded)

    # --- putting it together ------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._title = self._ctx.ui.label(tr("Pictures"), Role.TITLE)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self._title)
        head.addWidget(self.composer.modes.widget)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.views, 1)
        column.addWidget(self._progress.widget)
        column.addWidget(self.trouble.widget)
        column.addWidget(self.results.widget)
        column.addWidget(self.composer)

    def _connect(self) -> None:
        composer, imports = self.composer, self.imports
        composer.modes.on_change(self._on_mode)
        composer.prompt.field.on_return(self.run.run)
        composer.prompt.field.on_paste(imports.take_paste)
        composer.prompt.field.on_refused(self._refuse_paste)
        composer.input.pick_asked.connect(self.target.pick)
        composer.input.paste_asked.connect(self.target.paste)
        composer.input.show_asked.connect(self._show_input)
        composer.input.taken.connect(self.masks.show)
        composer.input.taken.connect(self.edits.show)
        composer.input.cleared.connect(self.show_stage)
        composer.styles.pick_asked.connect(imports.pick_style)
        self.results.on_pick(self.view.choose)
        self.results.on_menu(self.picture_actions.show_menu)
        self.results.on_remove(self.result_actions.bin)
        self.viewer.tool_pressed.connect(self.picture_actions.on_tool)
        self.viewer.opened.connect(self.view.open_of_sheet)
        self.viewer.canvas.clicked.connect(self.view.click)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self.viewer.update())
        self.destroyed.connect(lambda: end_theme())

    def _follow(self) -> None:
        """Show the results of a running job."""
        self.run.on_busy(self.view.follow)
        self.run.on_start(lambda _job: self.view.begin())
        self.run.on_preview(lambda image, _note: self._show_preview(image))
        self.run.on_result(self.view.add)
        self.run.on_done(self._on_done)
        self.run.on_stopped(self.view.show_made)
        self.run.on_failed(lambda _error: self.view.show_newest())

    def _show_preview(self, image: QImage) -> None:
        request, draw = self.run.request, self.composer.modes.get(DRAW)
        is_row = request is not None and draw is not None and request.task == draw.task
        self.view.preview(parts_of(image) if is_row else [image])

    def _on_done(self, result: Mapping[str, Any]) -> None:
        if note := result.get("note"):
            self._ctx.notices.info(str(note), key="image.note")
        self.view.show_made()
        request, pace = self.run.request, result.get("pixels_per_second")
        if pace and request is not None and isinstance(request.params, Mapping):
            paces = {**self._paces(), _kind_of(request.params): pace}
            self._ctx.settings.set(_PACES, paces)
            self.composer.show_size()

    def _paces(self) -> dict[str, Any]:
        paces = self._ctx.settings.get(_PACES, {})
        return paces if isinstance(paces, dict) else {}

    def _pace(self, params: Mapping[str, Any]) -> float:
        """Return how fast the last enlargement of the kind was, in pixels a second."""
        pace = self._paces().get(_kind_of(params))
        return float(pace) if isinstance(pace, int | float) else 0.0

    def _on_loaded(self) -> None:
        wanted = self.view.current or self._wanted
        if self.results.place(wanted) < 0 and len(self.results):
            wanted = self.results[0].id
        self.view.show(wanted)

    # --- modes --------------------------------------------------------------------------------

    def _on_mode(self, mode: Mode) -> None:
        self.trouble.hide()
        self.show_stage()
        result = self.view.result()
        needs = self.composer.subject in (RESTYLE, ENLARGE, EDIT, REPAIR)
        if result is None or result.artifact.kind != Kind.IMAGE:
            return
        given = self.composer.input.artifact
        if needs and (given is None or given.id != result.id):
            self.imports.take_input(result.artifact)  # what one looks at is most likely meant
        elif not needs and not self.run.busy and self.viewer.shown == "":
            self.view.show(result.id)  # the preview of an edit is over

    def show_stage(self) -> None:
        """Show the picture in view, or what this mode needs to begin."""
        is_growing = self.run.busy and not self.viewer.canvas.image.isNull()
        if self.masks.show() or self.edits.show():
            return
        if self.view.current or is_growing:
            self.views.setCurrentWidget(self.viewer)
            return
        mode = self.composer.modes.mode
        if mode.offered:
            empty = self._ctx.ui.empty_state(mode.icon, mode.title, mode.hint)
        elif self.composer.modes.has_weights:
            empty = welcome(self._ctx, self.composer.mode, self._examples())
        else:
            empty = no_weights(self._ctx, self.composer.mode)
        if self._empty is not None:
            self.views.removeWidget(self._empty)
            self._empty.deleteLater()
        self._empty = empty
        self.views.addWidget(empty)
        self.views.setCurrentWidget(empty)

    def _in_view(self) -> Path | None:
        result = self.view.result()
        return result.artifact.path if result else None

    def _show_viewer(self) -> None:
        """Show the picture in view, or the desk where its mask is painted."""
        painted = self.masks.wants(self.view.current)
        self.views.setCurrentWidget(self.masks.desk if painted else self.viewer)

    def _show_input(self) -> None:
        if not self.masks.show():
            self.imports.show_input()

    def _examples(self) -> Mapping[str, Callable[..., None]]:
        return {"draw": self._draw_example, "pick": self.target.pick, "paste": self.target.paste}

    def _draw_example(self, prompt: str, style: str) -> None:
        self.composer.prompt.field.set_text(prompt)
        self.composer.prompt.set_style_name(style)
        self.run.run()

    # --- hands --------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Title and strip give way where there is little room."""
        super().resizeEvent(event)
        self._title.setVisible(self.width() > _NARROW)
        self.results.set_small(self.height() < _LOW)

    def _refuse_paste(self, length: int) -> None:
        words = tr(
            "The prompt would have {length} characters, but the limit is {most}. Paste less."
        )
        self.trouble.tell(words.format(length=f"{length:,}", most=f"{MAX_CHARS:,}"))

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart; the strip saves itself."""
        return self.composer.save_state() | {
            "mode": self.composer.mode,
            "current": self.view.current,
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.composer.restore_state(state)
        self._wanted = str(state.get("current", ""))
        self.composer.modes.choose(str(state.get("mode", DRAW)))
        if state.get("input"):
            self.imports.use_artifact(str(state["input"]))
