"""The page of pictures: modes, viewer, strip and composer put together.

Computes nothing; the pictures are the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from studio.api import Page, PluginContext
from studio_image.pages.artifact_actions import ArtifactActions
from studio_image.pages.commands import page_actions
from studio_image.pages.composer import Composer
from studio_image.pages.import_controller import ImportController
from studio_image.pages.modes import DRAW, Mode, modes
from studio_image.pages.phrases import tr
from studio_image.pages.prompt_box import MAX_CHARS
from studio_image.pages.run_controller import RunController
from studio_image.pages.shelf import Shelf
from studio_image.pages.viewer.view_controller import ViewController
from studio_image.pages.viewer.viewer import Viewer
from studio_image.pages.welcome import no_weights, welcome

_NARROW, _LOW = 620, 620


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = PicturePage(ctx)
    return Page(
        page,
        panel=page.composer.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.intake.accept,
        actions=page_actions(page),
        focus=page.composer.focus,
    )


class PicturePage(QWidget):
    """Everything between the rail and the parameter panel.

    Attributes:
        modes: What can be done, by id.
        mode: What is being done: ``draw``, ``restyle`` or ``enlarge``.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.modes = {mode.id: mode for mode in modes()}
        self.mode = DRAW
        self._wanted = ""
        """The picture that was in view at the end of the last session."""
        self.shelf = Shelf(ctx)
        self.viewer = Viewer(ctx)
        self.composer = Composer(ctx)
        self.progress = ctx.ui.progress_row(stop=False)
        self.trouble = ctx.ui.trouble_row()
        choices = [(mode.id, mode.icon, mode.title) for mode in self.modes.values()]
        self.switch = ctx.ui.switch_bar(tr("What to do"), choices)
        self.stage = QStackedWidget()
        self._empty: QWidget | None = None
        self.looking = ViewController(ctx, self)
        self.making = RunController(ctx, self)
        self.intake = ImportController(ctx, self)
        self.deeds = ArtifactActions(ctx, self)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.switch.choose(DRAW)
        self._show_mode()
        self.shelf.load(self._on_loaded)

    # --- putting it together ------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._title = QLabel(tr("Pictures"))
        self._title.setProperty("role", "title")
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self._title)
        head.addWidget(self.switch.widget)
        head.addStretch(1)
        self.stage.addWidget(self.viewer)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.stage, 1)
        column.addWidget(self.progress.widget)
        column.addWidget(self.trouble.widget)
        column.addWidget(self.shelf.strip)
        column.addWidget(self.composer)

    def _connect(self) -> None:
        self.switch.on_choose(self.set_mode)
        self.composer.prompt.field.entered.connect(self.making.run)
        self.composer.prompt.field.picture_pasted.connect(self.intake.bring_image)
        self.composer.prompt.field.refused.connect(self._refuse_paste)
        self.composer.input.pick_asked.connect(self.intake.pick)
        self.composer.input.paste_asked.connect(self.intake.paste)
        self.composer.input.show_asked.connect(self.intake.show_input)
        self.composer.input.cleared.connect(self.show_stage)
        self.composer.styles.pick_asked.connect(self.intake.pick_style)
        self.composer.asked.connect(self.making.run_or_stop)
        self.shelf.strip.picked.connect(self.looking.choose)
        self.shelf.strip.menu_asked.connect(self.deeds.show_menu)
        self.shelf.strip.removed.connect(self.deeds.bin)
        self.viewer.asked.connect(self.deeds.on_tool)
        self.viewer.opened.connect(self.looking.open_of_sheet)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self._on_theme())
        self.destroyed.connect(lambda: end_theme())

    def _on_theme(self) -> None:
        self.viewer.update()
        self.shelf.draw_stars()

    def _on_loaded(self) -> None:
        results = self.shelf.results
        wanted = self.looking.current or self._wanted
        if results.place(wanted) < 0 and len(results):
            wanted = results[0].artifact.id
        self.looking.show(wanted)

    # --- modes --------------------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """Switch between drawing, restyling and enlarging."""
        if mode in self.modes and mode != self.mode:
            self.mode = mode
            self.switch.choose(mode)
            self.trouble.hide()
            self._show_mode()
            result = self.looking.result()
            if mode != DRAW and self.composer.input.artifact is None and result is not None:
                self.intake.take_input(result.artifact)  # what one looks at is most likely meant

    def mode_of(self, task: str) -> Mode | None:
        """Return the mode that runs ``task``."""
        return next((mode for mode in self.modes.values() if mode.task == task), None)

    def _show_mode(self) -> None:
        self.composer.show_mode(self.modes[self.mode])
        self.show_stage()

    def show_stage(self) -> None:
        """Show the picture in view, or what this mode needs to begin."""
        is_growing = self.making.busy and not self.viewer.canvas.image.isNull()
        if self.looking.current or is_growing:
            self.stage.setCurrentWidget(self.viewer)
            return
        if self._ctx.weights.for_capability(self.modes[self.mode].capability):
            empty = welcome(self._ctx, self.mode, self._examples())
        else:
            empty = no_weights(self._ctx, self.mode)
        if self._empty is not None:
            self.stage.removeWidget(self._empty)
            self._empty.deleteLater()
        self._empty = empty
        self.stage.addWidget(empty)
        self.stage.setCurrentWidget(empty)

    def _examples(self) -> Mapping[str, Callable[..., None]]:
        return {"draw": self._draw_example, "pick": self.intake.pick, "paste": self.intake.paste}

    def _draw_example(self, prompt: str, style: str) -> None:
        self.composer.prompt.set_text(prompt)
        self.composer.prompt.set_style_name(style)
        self.making.run()

    # --- hands --------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Title and strip give way where there is little room."""
        super().resizeEvent(event)
        self._title.setVisible(self.width() > _NARROW)
        self.shelf.strip.set_small(self.height() < _LOW)

    def _refuse_paste(self, length: int) -> None:
        words = tr("The prompt would have {length} characters; at most {most} fit. Paste less.")
        self.trouble.tell(words.format(length=f"{length:,}", most=f"{MAX_CHARS:,}"))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and pictures may be dropped anywhere on the page, but not its own."""
        if event.source() is not self.shelf.strip and self.intake.takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Bring in what was dropped."""
        self.intake.drop(event.mimeData())
        event.acceptProposedAction()

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return what to keep over a restart; the strip is kept all along."""
        return self.composer.save_state() | {"mode": self.mode, "current": self.looking.current}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.composer.restore_state(state)
        self._wanted = str(state.get("current", ""))
        self.set_mode(str(state.get("mode", DRAW)))
        if state.get("input"):
            self.intake.use_artifact(str(state["input"]))
