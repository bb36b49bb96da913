"""The page of pictures: modes, viewer, strip and composer put together.

Computes nothing; the pictures are the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from studio.api import Page, PluginContext, StudioError
from studio_image.pages.composer import Composer
from studio_image.pages.deeds import Deeds
from studio_image.pages.intake import Intake
from studio_image.pages.modes import DRAW, modes
from studio_image.pages.page_actions import page_actions
from studio_image.pages.progress_row import ProgressRow, TroubleRow
from studio_image.pages.prompt_box import MAX_CHARS
from studio_image.pages.reading import outcome, read_later, sheet_picture, strip_picture
from studio_image.pages.results import Result, Results
from studio_image.pages.runner import Runner, parts_of
from studio_image.pages.strip import Strip
from studio_image.pages.switch_bar import SwitchBar
from studio_image.pages.viewer import Viewer
from studio_image.pages.welcome import no_weights, welcome
from studio_image.pages.wording import tr

_NARROW = 620


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
        focus=page.focus,
    )


class PicturePage(QWidget):
    """Everything between the rail and the parameter panel.

    Attributes:
        mode: What is being done: ``draw``, ``restyle`` or ``enlarge``.
        current: Id of the picture in view; empty if none is.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._modes = {mode.id: mode for mode in modes()}
        self.mode = DRAW
        self.current = ""
        self._awaited = ""
        """The picture that is being read for the canvas: only the last one asked for is shown."""
        self._wanted = ""
        """The picture that was in view at the end of the last session."""
        self._following = True
        """Whether what the job makes is brought into view."""
        self._compare_next = False
        """The picture that is being read is to be compared with the one before."""
        self._sheet: Sequence[str] = ()
        self.results = Results(ctx)
        self.runner = Runner(ctx)
        self.viewer = Viewer(ctx)
        self.canvas = self.viewer.canvas
        self.strip = Strip(ctx)
        self.composer = Composer(ctx)
        self.intake = Intake(ctx, self)
        self.deeds = Deeds(ctx, self)
        self.progress = ProgressRow(ctx)
        self.trouble = TroubleRow(ctx)
        self.switch = SwitchBar(ctx, list(self._modes.values()))
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.switch.set_mode(DRAW)
        self._show_mode()
        self.results.load(self._on_loaded)

    # --- putting it together ------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._title = QLabel(tr("Pictures"))
        self._title.setProperty("role", "title")
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self._title)
        head.addWidget(self.switch)
        head.addStretch(1)
        self.stage = QStackedWidget()
        self.stage.addWidget(self.viewer)
        self._empty: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.stage, 1)
        column.addWidget(self.progress)
        column.addWidget(self.trouble)
        column.addWidget(self.strip)
        column.addWidget(self.composer)

    def _connect(self) -> None:
        self.switch.chosen.connect(self.set_mode)
        self.composer.prompt.field.entered.connect(self.run)
        self.composer.prompt.field.picture_pasted.connect(self.intake.bring_image)
        self.composer.prompt.field.refused.connect(self._refuse_paste)
        self.composer.input.pick_asked.connect(self.intake.pick)
        self.composer.input.paste_asked.connect(self.intake.paste)
        self.composer.input.show_asked.connect(self.intake.show_input)
        self.composer.input.cleared.connect(self._show_stage)
        self.composer.styles.pick_asked.connect(self.intake.pick_style)
        self.strip.picked.connect(self._look_at)
        self.strip.menu_asked.connect(self.deeds.show_menu)
        self.strip.removed.connect(self.deeds.remove)
        self.viewer.asked.connect(self.deeds.on_tool)
        self.viewer.opened.connect(self._open_of_sheet)
        self.composer.asked.connect(self.run_or_stop)
        self.runner.said.connect(self.progress.say)
        self.runner.stepped.connect(self.progress.step)
        self.runner.previewed.connect(self._on_preview)
        self.runner.made.connect(self.add)
        self.runner.ended.connect(self._on_ended)
        self.runner.failed.connect(self._on_failed)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self._restyle())
        self.destroyed.connect(lambda: end_theme())

    def _restyle(self) -> None:
        self.viewer.update()
        for result in self.results:
            if result.star:  # the star lies on a disc in a colour of the theme
                self.thumbnail(result)

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        self.composer.focus()

    # --- modes --------------------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """Switch between drawing, restyling and enlarging."""
        if mode in self._modes and mode != self.mode:
            self.mode = mode
            self.switch.set_mode(mode)
            self.trouble.hide()
            self._show_mode()
            result = self.result()
            if mode != DRAW and self.composer.input.artifact is None and result is not None:
                self.intake.take_input(result.artifact)  # what one looks at is most likely meant

    def _show_mode(self) -> None:
        self.composer.show_mode(self._modes[self.mode])
        self._show_stage()

    def _show_stage(self) -> None:
        """Show the picture in view, or what this mode needs to begin."""
        if self.current or (self.runner.busy and not self.canvas.image.isNull()):
            self.stage.setCurrentWidget(self.viewer)
            return
        mode = self._modes[self.mode]
        if self._ctx.weights.for_capability(mode.capability):
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
        self.run()

    # --- running ------------------------------------------------------------------------------

    def run_or_stop(self) -> None:
        """Start, or stop what is at work."""
        if self.runner.busy:
            self.runner.stop()
            self.progress.say(tr("Stopping…"))
        else:
            self.run()

    def run(self) -> None:
        """Start with what is set."""
        if self.runner.busy:
            return
        missing = self.composer.missing()
        if missing:
            self.trouble.tell(missing)
            return
        self.trouble.hide()
        composer, self._following = self.composer, True
        try:
            working = self.runner.start(
                self._modes[self.mode], composer.params(), composer.job_title(), composer.source()
            )
        except StudioError as error:
            self.trouble.tell(error, self.run)
            return
        if working:
            self.progress.begin(tr("Waiting for its turn…"))
            self.composer.show_busy(True)

    def _on_preview(self, image: QImage) -> None:
        if self.runner.busy and self._following:
            self.current = self._awaited = ""
            self.strip.set_current("")
            self._sheet = ()
            parts = parts_of(image) if self.runner.task == self._modes[DRAW].task else [image]
            if len(parts) > 1:
                self.viewer.show_sheet(parts, finished=False)
            else:
                self.viewer.show_preview(image)
            self.stage.setCurrentWidget(self.viewer)

    def _on_ended(self, first: str, note: str) -> None:
        self._over()
        place = self.results.place(first)
        if note:
            self._ctx.notices.info(note, key="image.note")
        if not self._following:
            return
        if place < 0:  # stopped before anything was made: back to what there was
            self.show_newest()
        elif len(self.results.batch(self.results[place])) > 1:
            self.current = first
            self.strip.set_current(first)
            self.show_sheet()
        else:
            self.show_picture(first)
            if self.results[place].source:
                self.toggle_compare()

    def _on_failed(self, error: StudioError) -> None:
        self._over()
        self.trouble.tell(error, self.run)
        self.show_newest()

    def _over(self) -> None:
        self.progress.hide()
        self.composer.show_busy(self.runner.busy)

    def show_newest(self) -> None:
        """Show the newest result if none is in view, or how to begin."""
        if self.current:
            return
        if len(self.results):
            self.show_picture(self.results[0].artifact.id)
        else:
            self.canvas.show_image(QImage())
            self._show_stage()

    # --- looking ------------------------------------------------------------------------------

    def result(self) -> Result | None:
        """Return the result in view."""
        place = self.results.place(self.current)
        return self.results[place] if place >= 0 else None

    def show_picture(self, artifact: str) -> None:
        """Show one of the strip."""
        place = self.results.place(artifact)
        if place < 0:
            return
        self.current = self._awaited = artifact
        self.strip.set_current(artifact)
        path = self.results[place].artifact.path
        read_later(self._ctx, path, lambda image: self._show_read(artifact, image))

    def _look_at(self, artifact: str) -> None:
        """Show what the user chose, and leave it in view whatever a job makes meanwhile."""
        self._following = False
        self.show_picture(artifact)

    def _show_read(self, artifact: str, image: QImage | StudioError) -> None:
        result = self.result()
        if result is None or artifact != self._awaited or artifact != self.current:
            return
        if isinstance(image, StudioError):
            self.trouble.tell(image)
            return
        self.viewer.show_result(result, image, len(self.results.batch(result)))
        self.stage.setCurrentWidget(self.viewer)
        if self._compare_next:
            self._compare_next = False
            self.toggle_compare()

    def toggle_compare(self) -> None:
        """Show the picture before beside the one after, or no longer."""
        result = self.result()
        if result is None or not result.source:
            return
        if self.canvas.comparing:
            self.viewer.compare(QImage())
            return
        if self._awaited == self.current and self.viewer.shown != self.current:
            self._compare_next = True  # it is still being read
            return
        shown = self.current
        try:
            before = self._ctx.library.artifact(result.source)
        except StudioError as error:
            self.trouble.tell(error)
            return

        def show(image: QImage | StudioError) -> None:
            if isinstance(image, StudioError):
                self.trouble.tell(image)
            elif self.current == shown:
                self.viewer.compare(image)

        read_later(self._ctx, before.path, show)

    def show_sheet(self) -> None:
        """Show the batch of the picture in view as a contact sheet."""
        result = self.result()
        if result is None:
            return
        batch = self.results.batch(result)
        if len(batch) < 2:
            return
        self._awaited = shown = result.artifact.id
        paths = [item.artifact.path for item in batch]

        def show(images: list[QImage | StudioError]) -> None:
            if self._awaited == shown and self.current == shown:
                self.viewer.show_sheet([i for i in images if isinstance(i, QImage)])
                self.stage.setCurrentWidget(self.viewer)
                self._sheet = [item.artifact.id for item in batch]

        self._ctx.run_later(lambda: [outcome(partial(sheet_picture, path)) for path in paths], show)

    def _open_of_sheet(self, index: int) -> None:
        if index < len(self._sheet):
            self.show_picture(self._sheet[index])

    def step(self, by: int) -> None:
        """Show the neighbour in the strip."""
        place = self.results.place(self.current) + by
        if 0 <= place < len(self.results):
            self._look_at(self.results[place].artifact.id)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The title gives way where there is little room."""
        super().resizeEvent(event)
        self._title.setVisible(self.width() > _NARROW)

    # --- dropping -----------------------------------------------------------------------------

    def _refuse_paste(self, length: int) -> None:
        words = tr("The prompt would have {length} characters; at most {most} fit. Paste less.")
        self.trouble.tell(words.format(length=f"{length:,}", most=f"{MAX_CHARS:,}"))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and pictures may be dropped anywhere on the page, but not its own."""
        if event.source() is not self.strip and self.intake.takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Bring in what was dropped."""
        self.intake.drop(event.mimeData())
        event.acceptProposedAction()

    # --- strip and state ----------------------------------------------------------------------

    def add(self, result: Result) -> None:
        """Put a result into the strip, unless it is there."""
        known = self.results.place(result.artifact.id) >= 0
        place = self.results.add(result)
        if not known:
            self.strip.add(place, result)
            while self.strip.count() > len(self.results):
                self.strip.takeItem(self.strip.count() - 1)
            self.thumbnail(result)
        self.strip.show()

    def thumbnail(self, result: Result) -> None:
        """Draw a result of the strip anew."""

        def show(image: QImage | StudioError) -> None:
            drawn = image if isinstance(image, QImage) else QImage()
            self.strip.show_thumbnail(result, drawn)

        read_later(self._ctx, result.artifact.path, show, strip_picture)

    def _on_loaded(self) -> None:
        here = set(self.strip.ids())
        for place, result in enumerate(self.results):
            if result.artifact.id not in here:
                self.strip.add(place, result)
                self.thumbnail(result)
        wanted = self.current or self._wanted
        if self.results.place(wanted) < 0 and len(self.results):
            wanted = self.results[0].artifact.id
        self.show_picture(wanted)
        self.strip.setVisible(len(self.results) > 0)

    def set_recipe(self, task: str, params: Mapping[str, Any]) -> bool:
        """Set everything as it was for a picture; False if this page cannot make such."""
        mode = next((m for m in self._modes.values() if m.task == task), None)
        if mode is not None:
            self.set_mode(mode.id)
            self.composer.set_params(params)
        return mode is not None

    def save_state(self) -> dict[str, Any]:
        """Return what to keep over a restart; the strip is kept all along."""
        return self.composer.save_state() | {"mode": self.mode, "current": self.current}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.composer.restore_state(state)
        self._wanted = str(state.get("current", ""))
        self.set_mode(str(state.get("mode", DRAW)))
        if state.get("input"):
            self.intake.use_artifact(str(state["input"]))
