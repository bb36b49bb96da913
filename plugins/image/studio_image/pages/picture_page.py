"""The page of pictures: modes, viewer, strip and composer put together.

Computes nothing; the pictures are the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.api import Page, PluginContext, SavedArtifact, StudioError
from studio_image.pages.importing import Brought, bring_file, bring_image
from studio_image.pages.input_slot import InputSlot
from studio_image.pages.modes import DRAW, ENLARGE, RESTYLE, modes
from studio_image.pages.page_actions import page_actions
from studio_image.pages.picture_files import (
    SAVE_SUFFIXES,
    export,
    is_picture,
    read_picture,
    read_thumbnail,
    recipe_in,
)
from studio_image.pages.progress_row import ProgressRow, TroubleRow
from studio_image.pages.prompt_box import MAX_CHARS, PromptBox
from studio_image.pages.results import Result, Results
from studio_image.pages.runner import Runner, parts_of
from studio_image.pages.strip import THUMB, Strip
from studio_image.pages.style_row import StyleRow
from studio_image.pages.switch_bar import SwitchBar
from studio_image.pages.viewer import Viewer
from studio_image.pages.welcome import no_weights, welcome
from studio_image.pages.wording import tr
from studio_image.schema import PICTURE_SUFFIXES

_NARROW = 620


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = PicturePage(ctx)
    return Page(
        page,
        panel=page.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.accept,
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
        self._compare_next = False
        """The picture that is being read is to be compared with the one before."""
        self._sheet: Sequence[str] = ()
        self.results = Results(ctx)
        self.runner = Runner(ctx)
        self.viewer = Viewer(ctx)
        self.canvas = self.viewer.canvas
        self.strip = Strip(ctx)
        self.prompt = PromptBox(ctx)
        self.input = InputSlot(ctx)
        self.styles = StyleRow(ctx)
        self.progress = ProgressRow(ctx)
        self.trouble = TroubleRow(ctx)
        self.forms = {m.id: ctx.ui.form(m.params, only=m.only) for m in self._modes.values()}
        self.panel = QStackedWidget()
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
        column.addWidget(self._composer())
        for form in self.forms.values():
            self.panel.addWidget(form.widget)

    def _composer(self) -> QWidget:
        card = QFrame()
        card.setProperty("surface", "card")
        card.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.go = self._ctx.ui.button(tr("Draw"), "brush", primary=True)
        self.go.clicked.connect(lambda _checked=False: self.run_or_stop())
        inputs = QVBoxLayout()
        inputs.setSpacing(8)
        for part in (self.prompt, self.input, self.styles):
            inputs.addWidget(part)
        row = QHBoxLayout(card)
        row.setContentsMargins(16, 12, 12, 12)
        row.setSpacing(12)
        row.addLayout(inputs, 1)
        row.addWidget(self.go, 0, Qt.AlignmentFlag.AlignBottom)
        return card

    def _connect(self) -> None:
        self.switch.chosen.connect(self.set_mode)
        self.prompt.field.entered.connect(self.run)
        self.prompt.field.picture_pasted.connect(lambda image: self._bring_image(image))
        self.prompt.field.refused.connect(self._refuse_paste)
        self.input.pick_asked.connect(self.pick)
        self.input.paste_asked.connect(self.paste)
        self.input.show_asked.connect(self._show_input)
        self.input.cleared.connect(self._show_stage)
        self.styles.pick_asked.connect(self._pick_style)
        self.strip.picked.connect(self.show_picture)
        self.strip.menu_asked.connect(self._show_menu)
        self.strip.removed.connect(self.remove)
        self.viewer.asked.connect(self._on_tool)
        self.viewer.opened.connect(self._open_of_sheet)
        self.forms[DRAW].on_change(self._show_chips)
        self.runner.said.connect(self.progress.say)
        self.runner.stepped.connect(self.progress.step)
        self.runner.previewed.connect(self._on_preview)
        self.runner.made.connect(self._on_made)
        self.runner.ended.connect(self._on_ended)
        self.runner.failed.connect(self._on_failed)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self.viewer.update())
        self.destroyed.connect(lambda: end_theme())

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        (self.prompt.field if self.mode == DRAW else self.go).setFocus()

    # --- modes --------------------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """Switch between drawing, restyling and enlarging."""
        if mode in self._modes and mode != self.mode:
            self.mode = mode
            self.switch.set_mode(mode)
            self.trouble.hide()
            self._show_mode()
            result = self.result()
            if mode != DRAW and self.input.artifact is None and result is not None:
                self._take_input(result.artifact)  # what one looks at is most likely meant

    def _show_mode(self) -> None:
        self.prompt.setVisible(self.mode == DRAW)
        self.input.setVisible(self.mode != DRAW)
        self.styles.setVisible(self.mode == RESTYLE)
        self.panel.setCurrentWidget(self.forms[self.mode].widget)
        for id, form in self.forms.items():  # a stack is as tall as its tallest page otherwise
            fits = QSizePolicy.Policy.Preferred if id == self.mode else QSizePolicy.Policy.Ignored
            form.widget.setSizePolicy(QSizePolicy.Policy.Preferred, fits)
        self._show_chips()
        self._show_button()
        self._show_stage()

    def _show_chips(self) -> None:
        self.prompt.show_weights(str(self.forms[DRAW].values().get("weights", "")))

    def _show_button(self) -> None:
        mode, busy = self._modes[self.mode], self.runner.busy
        self.go.setText(tr("Stop") if busy else mode.verb)
        self.go.setIcon(self._ctx.ui.icon("square" if busy else mode.icon, "on-accent"))
        self.go.setToolTip(tr("Ctrl+Return"))

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
        return {"draw": self._draw_example, "pick": self.pick, "paste": self.paste}

    def _draw_example(self, prompt: str, style: str) -> None:
        self.prompt.set_text(prompt)
        self.prompt.set_style_name(style)
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
        mode, source = self._modes[self.mode], self.input.artifact
        missing = self._missing()
        if missing:
            self.trouble.tell(missing)
            return
        self.trouble.hide()
        used = source if self.mode != DRAW and not self._takes_folder() else None
        try:
            self.runner.start(mode, self.params(), self._job_title(), used.id if used else "")
        except StudioError as error:
            self.trouble.tell(error, self.run)
            return
        if self.runner.busy:  # it may be over already
            self.progress.begin(tr("Waiting for its turn…"))
            self._show_button()

    def params(self) -> dict[str, Any]:
        """Return what is set for the task of the mode."""
        values = dict(self.forms[self.mode].values())
        image = str(self.input.artifact.path) if self.input.artifact else ""
        if self.mode == DRAW:
            return values | {"prompt": self.prompt.text, "style": self.prompt.style_name}
        if self.mode == RESTYLE:
            return values | {"image": image, "styles": self.styles.chosen}
        return values | {"image": "" if self._takes_folder() else image}

    def _takes_folder(self) -> bool:
        return self.mode == ENLARGE and bool(self.forms[ENLARGE].values().get("folder"))

    def _missing(self) -> str:
        if self.mode == DRAW:
            return "" if self.prompt.text else tr("Write what the pictures should show first.")
        if self.input.artifact is None and not self._takes_folder():
            return tr("Choose a picture first: drop one here, press Choose, or paste.")
        if self.mode == RESTYLE and not self.styles.chosen:
            return tr("Choose a style first: one of the pictures below, or one of your own.")
        return ""

    def _job_title(self) -> str:
        name = self.input.artifact.title if self.input.artifact else tr("picture")
        if self.mode == DRAW:
            return " ".join(self.prompt.text.split())[:60]
        words = tr("Restyle {name}") if self.mode == RESTYLE else tr("Enlarge {name}")
        return words.format(name=tr("a folder") if self._takes_folder() else name)

    def _on_preview(self, image: QImage) -> None:
        if self.runner.busy:
            self.current = self._awaited = ""
            self.strip.set_current("")
            self._sheet = ()
            parts = parts_of(image) if self.runner.task == self._modes[DRAW].task else [image]
            if len(parts) > 1:
                self.viewer.show_sheet(parts, finished=False)
            else:
                self.viewer.show_preview(image)
            self.stage.setCurrentWidget(self.viewer)

    def _on_made(self, result: Result) -> None:
        self._add(result)

    def _on_ended(self, first: str, note: str) -> None:
        self._over()
        place = self.results.place(first)
        if note:
            self._ctx.notices.info(note, key="image.note")
        if place < 0:  # stopped before anything was made: back to what there was
            self._show_newest()
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
        self._show_newest()

    def _over(self) -> None:
        self.progress.hide()
        self._show_button()

    def _show_newest(self) -> None:
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
        self._read(path, read_picture, lambda image: self._show_read(artifact, image))

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

        self._read(before.path, read_picture, show)

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

        self._ctx.run_later(lambda: [_reading(read_sheet_picture, path) for path in paths], show)

    def _open_of_sheet(self, index: int) -> None:
        if index < len(self._sheet):
            self.show_picture(self._sheet[index])

    def step(self, by: int) -> None:
        """Show the neighbour in the strip."""
        place = self.results.place(self.current) + by
        if 0 <= place < len(self.results):
            self.show_picture(self.results[place].artifact.id)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The title gives way where there is little room."""
        super().resizeEvent(event)
        self._title.setVisible(self.width() > _NARROW)

    # --- what can be done with a result -------------------------------------------------------

    def _on_tool(self, name: str) -> None:
        if name == "more":
            button = self.viewer.tools["more"]
            self._show_menu(button.mapToGlobal(button.rect().bottomLeft()))
            return
        calls = {
            "star": self.star,
            "copy": self.copy,
            "save": self.save_as,
            "compare": self.toggle_compare,
            "sheet": self.show_sheet,
            "remove": self.remove,
        }
        calls[name]()

    def _show_menu(self, at: QPoint) -> None:
        result = self.result()
        if result is None:
            return
        icon, menu = self._ctx.ui.icon, self._ctx.ui.menu()
        menu.addAction(icon("maximize"), tr("Enlarge it"), lambda: self.use_in(ENLARGE))
        menu.addAction(icon("palette"), tr("Restyle it"), lambda: self.use_in(RESTYLE))
        menu.addAction(icon("brush"), tr("Draw, starting from it"), lambda: self.use_in(DRAW))
        for title, run in self._ctx.send_to(result.artifact):
            if title != tr("Pictures"):
                menu.addAction(icon("send"), tr("Send to {page}").format(page=title), run)
        menu.addSeparator()
        recall = menu.addAction(icon("history"), tr("Use its recipe"), self.recall)
        recall.setEnabled(bool(result.task))
        menu.addAction(icon("star"), tr("Star, or take the star away"), self.star)
        menu.addAction(icon("copy"), tr("Copy"), self.copy)
        menu.addAction(icon("download"), tr("Save as…"), self.save_as)
        menu.addSeparator()
        menu.addAction(icon("trash-2"), tr("Remove from the strip"), self.remove)
        menu.popup(at)

    def star(self) -> None:
        """Star the picture in view, or take the star away."""
        result = self.result()
        if result is not None:
            result.star = not result.star
            self.results.keep()
            self.viewer.show_star(result.star)
            self.strip.describe(result)
            self._thumbnail(result)

    def copy(self) -> None:
        """Put the picture on the clipboard, as a picture and as a file."""
        result = self.result()
        if result is None:
            return

        def put(image: QImage | StudioError) -> None:
            if isinstance(image, StudioError):
                self.trouble.tell(image)
                return
            data = QMimeData()
            data.setImageData(image)
            data.setUrls([QUrl.fromLocalFile(str(result.artifact.path))])
            QGuiApplication.clipboard().setMimeData(data)
            self._ctx.notices.info(tr("The picture is on the clipboard."), key="image.copy")

        self._read(result.artifact.path, read_picture, put)

    def save_as(self) -> None:
        """Write the picture in view to a file the user names."""
        result = self.result()
        if result is None:
            return
        name = _file_name(result.artifact.title) + ".png"
        path = self._ctx.ui.save_file(tr("Save the picture"), name, SAVE_SUFFIXES)
        if path is None:
            return
        target = path if path.suffix else path.with_suffix(".png")

        def said(error: StudioError | None) -> None:
            if error is not None:
                self.trouble.tell(error, self.save_as)
            else:
                words = tr("Saved as {name}.").format(name=target.name)
                self._ctx.notices.info(words, key="image.save")

        self._ctx.run_later(lambda: _outcome(lambda: export(result.artifact, target)), said)

    def recall(self) -> None:
        """Set everything as it was for the picture in view."""
        result = self.result()
        if result is not None and result.task:
            self._set_recipe(result.task, result.params)
            if result.source:
                self._use_artifact(result.source)

    def remove(self) -> None:
        """Take the picture in view out of the strip; the gallery keeps it."""
        place = self.results.place(self.current)
        if place < 0:
            return
        removed = self.results.remove(place)
        self.strip.take(removed.artifact.id)
        self.current = ""
        if len(self.results):
            self.show_picture(self.results[min(place, len(self.results) - 1)].artifact.id)
        else:
            self._show_newest()

        def undo() -> None:
            self.results.put(min(place, len(self.results)), removed)
            self.strip.add(self.results.place(removed.artifact.id), removed)
            self._thumbnail(removed)
            self.show_picture(removed.artifact.id)

        self._ctx.notices.offer(
            tr("Removed from the strip. The gallery still has it."),
            tr("Undo"),
            undo,
            key="image.remove",
        )

    def use_in(self, mode: str) -> None:
        """Work on the picture in view."""
        result = self.result()
        if result is None:
            return
        if mode == DRAW:
            self.forms[DRAW].set_values({"init": str(result.artifact.path)})
            self._ctx.notices.info(
                tr("The next drawing starts from this picture."), key="image.start"
            )
        else:
            self._take_input(result.artifact)
        self.set_mode(mode)
        self.focus()

    # --- bringing pictures in -----------------------------------------------------------------

    def pick(self) -> None:
        """Ask for files and bring them in."""
        self.bring(self._ctx.ui.pick_files(tr("Open pictures"), PICTURE_SUFFIXES, many=True))

    def paste(self) -> None:
        """Bring in what is on the clipboard: files, or a picture."""
        data = QGuiApplication.clipboard().mimeData()
        files = _files(data)
        if files:
            self.bring(files)
        elif data is not None and data.hasImage():
            self._bring_image(QImage(data.imageData()))
        else:
            self.trouble.tell(tr("There is no picture on the clipboard. Copy one first."))

    def bring(self, paths: Sequence[Path]) -> None:
        """Bring files into the library and the strip."""
        for path in paths:
            self._ctx.run_later(partial(bring_file, self._ctx, path), self._on_brought)

    def _bring_image(self, image: QImage) -> None:
        title = tr("Pasted picture")
        self._ctx.run_later(lambda: bring_image(self._ctx, image, title), self._on_brought)

    def accept(self, artifact: SavedArtifact) -> None:
        """Take a picture of the library: show it, and work on it."""
        self._ctx.run_later(lambda: Brought(artifact, recipe_in(artifact.path)), self._on_brought)

    def _on_brought(self, brought: Brought) -> None:
        if brought.artifact is None:
            self.trouble.tell(brought.error or "")
            return
        recipe = brought.recipe or {}
        result = Result(brought.artifact, str(recipe.get("task", "")), recipe.get("params", {}))
        self._add(result)
        self._take_input(brought.artifact)
        self.show_picture(brought.artifact.id)
        if self.mode == DRAW and self._set_recipe(result.task, result.params):
            self._ctx.notices.info(
                tr("Its recipe is set: draw to make it again."), key="image.note"
            )

    def _take_input(self, artifact: SavedArtifact) -> None:
        def show(read: Any) -> None:
            if isinstance(read, StudioError):
                self.trouble.tell(read)
            else:
                self.input.show_picture(artifact, *read)

        self._ctx.run_later(lambda: _reading(_thumbnail_and_size, artifact.path), show)

    def _use_artifact(self, id: str) -> None:
        try:
            self._take_input(self._ctx.library.artifact(id))
        except StudioError as error:
            self.trouble.tell(error)

    def _show_input(self) -> None:
        if self.input.artifact is not None:
            self._add(Result(self.input.artifact))
            self.show_picture(self.input.artifact.id)

    def _pick_style(self) -> None:
        for path in self._ctx.ui.pick_files(tr("Add style pictures"), PICTURE_SUFFIXES, many=True):
            self.styles.add_own(path)

    def _refuse_paste(self, length: int) -> None:
        words = tr("The prompt would have {length} characters; at most {most} fit. Paste less.")
        self.trouble.tell(words.format(length=f"{length:,}", most=f"{MAX_CHARS:,}"))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and pictures may be dropped anywhere on the page, but not its own."""
        data = event.mimeData()
        if event.source() is not self.strip and (_files(data) or data.hasImage()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Bring in what was dropped."""
        files = _files(event.mimeData())
        if files:
            self.bring(files)
        else:
            self._bring_image(QImage(event.mimeData().imageData()))
        event.acceptProposedAction()

    # --- strip and state ----------------------------------------------------------------------

    def _add(self, result: Result) -> None:
        known = self.results.place(result.artifact.id) >= 0
        place = self.results.add(result)
        if not known:
            self.strip.add(place, result)
            while self.strip.count() > len(self.results):
                self.strip.takeItem(self.strip.count() - 1)
            self._thumbnail(result)
        self.strip.show()

    def _thumbnail(self, result: Result) -> None:
        self._read(
            result.artifact.path,
            lambda path: read_thumbnail(path, 3 * THUMB),
            lambda image: self.strip.show_thumbnail(
                result, image if isinstance(image, QImage) else QImage()
            ),
        )

    def _on_loaded(self) -> None:
        here = set(self.strip.ids())
        for place, result in enumerate(self.results):
            if result.artifact.id not in here:
                self.strip.add(place, result)
                self._thumbnail(result)
        wanted = self.current or self._wanted
        if self.results.place(wanted) < 0 and len(self.results):
            wanted = self.results[0].artifact.id
        self.show_picture(wanted)
        self.strip.setVisible(len(self.results) > 0)

    def _set_recipe(self, task: str, params: Mapping[str, Any]) -> bool:
        """Show how a picture was made; False if this page cannot make such."""
        mode = next((m for m in self._modes.values() if m.task == task), None)
        if mode is None:
            return False
        self.set_mode(mode.id)
        self.forms[mode.id].set_values(params)
        if mode.id == DRAW:
            self.prompt.set_text(str(params.get("prompt", "")))
            self.prompt.set_style_name(str(params.get("style", "")))
            self._show_chips()
        if mode.id == RESTYLE and isinstance(params.get("styles"), list):
            self.styles.choose([str(style) for style in params["styles"]])
        return True

    def save_state(self) -> dict[str, Any]:
        """Return what to keep over a restart; the strip is kept all along."""
        return {
            "mode": self.mode,
            "prompt": self.prompt.text,
            "style": self.prompt.style_name,
            "styles": self.styles.chosen,
            "current": self.current,
            "input": self.input.artifact.id if self.input.artifact else "",
            "forms": {id: form.values() for id, form in self.forms.items()},
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        forms = state.get("forms")
        for id, values in forms.items() if isinstance(forms, Mapping) else ():
            if id in self.forms and isinstance(values, Mapping):
                self.forms[id].set_values(values)
        self.prompt.set_text(str(state.get("prompt") or "")[:MAX_CHARS])
        self.prompt.set_style_name(str(state.get("style", "")))
        styles = state.get("styles")
        self.styles.choose([str(s) for s in styles] if isinstance(styles, list) else [])
        self._wanted = str(state.get("current", ""))
        self.set_mode(str(state.get("mode", DRAW)))
        self._show_chips()
        if state.get("input"):
            self._use_artifact(str(state["input"]))

    def _read(
        self,
        path: Path,
        read: Callable[[Path], QImage],
        then: Callable[[QImage | StudioError], None],
    ) -> None:
        self._ctx.run_later(lambda: _reading(read, path), then)


def read_sheet_picture(path: Path) -> QImage:
    """Return a picture small enough for a contact sheet."""
    return read_thumbnail(path, 512)


def _thumbnail_and_size(path: Path) -> tuple[QImage, Any]:
    return read_thumbnail(path, 2 * THUMB), read_picture(path).size()


def _reading(read: Callable[[Path], Any], path: Path) -> Any:
    return _outcome(lambda: read(path))


def _outcome(call: Callable[[], Any]) -> Any:
    """Return what ``call`` returns, or its error: both must come back to the window."""
    try:
        return call()
    except StudioError as error:
        return error


def _files(data: QMimeData | None) -> list[Path]:
    urls = data.urls() if data is not None else []
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    return [path for path in paths if is_picture(path)]


def _file_name(title: str) -> str:
    kept = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    return " ".join(kept.split())[:60] or "picture"
