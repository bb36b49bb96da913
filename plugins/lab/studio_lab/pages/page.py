"""The page of the lab: parameters in the panel, progress in the middle, results below.

Computes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from studio.api import (
    JobHandle,
    JobRequest,
    Kind,
    Mode,
    Page,
    PageAction,
    PluginContext,
    Role,
    SavedArtifact,
    StudioError,
    TaskResult,
    UsedSettings,
    outcome,
    translated,
)
from studio.api.params import Field
from studio.api.plot import Plot
from studio.api.window.language import tr
from studio_lab.pages import renderings
from studio_lab.pages.architectures import about_architecture
from studio_lab.pages.augmentation import augmentation
from studio_lab.pages.bias import bias
from studio_lab.pages.dropped import values_of
from studio_lab.pages.modes import AUGMENT, DESCRIBE, SAMPLE, TRAIN, modes
from studio_lab.pages.phrases import about_plot, plot_name, title_in_words
from studio_lab.pages.progress import progress_in_words
from studio_lab.pages.reports import card, comparison, table
from studio_lab.pages.result_sets import ResultSets
from studio_lab.pages.scaling_law import scaling_law
from studio_lab.pages.stars import starred_replies
from studio_lab.pages.thumbnails import thumbnail
from studio_lab.pages.training_view import TrainingView

_SHOWN = (
    Kind.IMAGE, Kind.PLOT, Kind.TEXT, Kind.TABLE, Kind.SCORE, Kind.AUDIO, Kind.MOLECULES,
)  # fmt: skip
_LOW, _MOST_PROMPT = 620, 10_000
_HEARD: Mapping[str, str] = {Kind.SCORE: "Notes", Kind.AUDIO: "Sound"}
_SAMPLES, _NEAREST = "Samples", "Nearest examples"
_COMPARISON, _TABLE, _REPORT = "Comparison", "Table", "Report"
"""What the view calls things; each has a translation in ``phrases``."""


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = LabPage(ctx)
    rows = (
        ("run", tr("Start, or add to queue"), page.run.run, "play", "Ctrl+Return"),
        ("open", tr("Choose data"), page.target.pick, "folder-open", "Ctrl+O"),
        ("stop_job", tr("Stop"), page.run.stop, "circle-stop", "Alt+."),
        ("star", tr("Add or remove star"), page.result_actions.star, "star", "Alt+S"),
        ("save", tr("Save as"), page.result_actions.save_as, "download", "Ctrl+S"),
        ("bin", tr("Move to the bin"), page.result_actions.bin, "trash-2", "Ctrl+Backspace"),
    )
    return Page(
        page,
        panel=page.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.take,
        actions=[
            PageAction(f"lab.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows
        ],
        focus=page.button.widget.setFocus,
        reuse=page.reuse,
        run=page.run.run,
    )


class LabPage(QWidget):
    """Everything between the rail and the parameter panel."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx, ui, kit = ctx, ctx.ui, ctx.kit
        self._current, self._sets = "", ResultSets(ctx)
        self.modes = kit.modes(tr("Action"), modes())
        self.button = kit.run_button(tr("Train"), "activity")
        self.trouble, self._progress = (
            ui.trouble_row(),
            ui.progress_row(stop=False, words=progress_in_words),
        )
        self.view, self.views = TrainingView(ctx), QStackedWidget()
        line = QColor(ui.tokens.colors["accent"])
        self.results = kit.results(
            "results",
            name=tr("Results"),
            read=lambda artifact: outcome(partial(self._content, artifact)),
            thumbnail=lambda artifact: thumbnail(artifact, line),
        )
        self.run = kit.run_controller(
            prepare=self._request,
            button=self.button,
            progress=self._progress,
            trouble=self.trouble,
            read=lambda artifact: outcome(partial(self._content, artifact)),
        )
        self.result_actions = kit.artifact_actions(
            self.result,
            trouble=self.trouble,
            results=self.results,
            show=self.show_result,
            page=tr("Lab"),
        )
        self.target = kit.drop_target(
            self,
            tr("Choose data"),
            trouble=self.trouble,
            files=self.take_files,
            folders=True,
            nothing=tr("No data on the clipboard. Copy a file or a folder first."),
        )
        self._about = ui.label("", Role.MUTE, wrap=True)
        self._empty = ui.empty_state(
            "activity",
            tr("What should the model learn?"),
            tr(
                "Choose an example or your own data on the right, then an architecture, and press "
                "Train. You see what the model makes while it learns."
            ),
            [
                ("grid-3x3", words, partial(self._train_example, name))
                for name, words in (
                    ("vae", tr("Handwritten digits with an autoencoder")),
                    ("diffusion", tr("Handwritten digits with diffusion")),
                    ("gan", tr("Handwritten digits with a GAN")),
                )
                if name in _architectures(self.modes.get(TRAIN))
            ],
        )
        self._blank = ui.empty_state(
            "activity",
            tr("Results appear here"),
            tr("Choose what to use on the right, then press the button below it."),
            [],
        )
        self._untrained = ui.empty_state(
            "activity",
            tr("No model has been trained yet"),
            tr("Train one first: a minute is enough for handwritten digits."),
            [("activity", tr("Train"), lambda: self.modes.choose(TRAIN))],
        )
        self.panel = self._panel()
        self._lay_out()
        self._connect()
        self.results.load(self._on_loaded)

    # --- putting it together ------------------------------------------------------------------

    def _panel(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        fields = QScrollArea()  # of its own, so that the button below stays in view
        fields.setWidgetResizable(True)
        fields.setFrameShape(QFrame.Shape.NoFrame)
        fields.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        fields.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        fields.setWidget(self.modes.panel)
        column.addWidget(fields, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 8, 16, 20)
        foot.addWidget(self.button.widget, 1)
        column.addLayout(foot)
        return panel

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self._ctx.ui.label(tr("Lab"), Role.TITLE))
        if len(self.modes.forms) > 1:
            head.addWidget(self.modes.widget)
        head.addStretch(1)
        self.views.addWidget(self._empty)
        self.views.addWidget(self._untrained)
        self.views.addWidget(self._blank)
        self.views.addWidget(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._about)
        column.addWidget(self.views, 1)
        column.addWidget(self._progress.widget)
        column.addWidget(self.trouble.widget)
        column.addWidget(self.results.widget)

    def _connect(self) -> None:
        for form in self.modes.forms.values():
            form.on_change(self._show_about)
        self.modes.on_change(self._on_mode)
        self.results.on_pick(self.show_result)
        self.results.on_menu(self._show_menu)
        self.results.on_remove(self.result_actions.bin)
        self.results.on_star(self.result_actions.star)
        self.run.on_start(self._on_start)
        self.run.on_plot(self.view.show_plot)
        self.run.on_preview(self._on_preview)
        self.run.on_result(self._on_made)
        self.run.on_failed(lambda _error: self._show_again())
        self._on_mode(self.modes.mode)

    def resizeEvent(self, event: object) -> None:
        """The strip gives way where there is little room."""
        self.results.set_small(self.height() < _LOW)

    def take(self, artifact: SavedArtifact) -> None:
        """Take a table of the library, to add rows to it, or a text, to go on with it."""
        if artifact.kind == Kind.TEXT:
            self.modes.choose(SAMPLE)
            self.modes.forms[SAMPLE].set_values({"prompt": artifact.text[:_MOST_PROMPT]})
            return
        self.modes.choose(AUGMENT)
        self.modes.forms[AUGMENT].set_values({"table": str(artifact.path)})

    def take_files(self, paths: list[Path]) -> None:
        """Take data to learn from; a mode that takes none gives way to a look at them."""
        mode = self.modes.mode
        values = values_of(mode, self.modes.form.values(), paths)
        if values is None:
            self.modes.choose(DESCRIBE)
            values = values_of(self.modes.mode, self.modes.form.values(), paths) or {}
        self.modes.form.set_values(values)
        self._show_about()

    # --- asking -------------------------------------------------------------------------------

    def _request(self) -> JobRequest | None:
        mode, values = self.modes.mode, self.modes.form.values()
        title = _title(mode, values)
        if weights := values.get("weights"):
            ids = weights if isinstance(weights, list) else [weights]
            names = (title_in_words(self._ctx.weights.title(str(id))) for id in ids)
            title = " · ".join([mode.title, *names])
        request = JobRequest(mode.task, values, title=title)
        if values.get("method") == "preferences" and not values.get("data"):
            self._start_with_stars(request)
            return None
        return request

    def _start_with_stars(self, request: JobRequest) -> None:
        """Start a fine-tuning on what stars say; conversations are read beside the window."""
        store = self._ctx.library.conversations

        def start(replies: Any) -> None:
            if isinstance(replies, StudioError):
                self.trouble.tell(replies)
            elif isValid(self):
                self.run.start(replace(request, inputs={"choices": replies}))

        self._ctx.run_later(lambda: outcome(lambda: starred_replies(store)), start)

    def reuse(self, used: UsedSettings) -> None:
        """Set everything as it was for a result of the library."""
        if (mode := self.modes.of_task(used.task)) is not None:
            self.modes.choose(mode.id)
            self.modes.forms[mode.id].set_values(used.params)
            self._show_about()

    def _train_example(self, architecture: str) -> None:
        self.modes.choose(TRAIN)
        self.modes.forms[TRAIN].set_values(
            {"architecture": architecture, "example": "digits", "data": ""}
        )
        self._show_about()
        self.run.run()

    def _on_mode(self, mode: Mode) -> None:
        if self.views.currentWidget() is not self.view:
            blank = self._blank if self.modes.has_weights else self._untrained
            self.views.setCurrentWidget(self._empty if mode.id == TRAIN else blank)
        self.button.set_verb(mode.verb, mode.icon, tr("Stop and keep the best so far"))
        self._show_about()

    def _show_about(self) -> None:
        mode, about = self.modes.mode, ""
        if mode.id == TRAIN:
            about = about_architecture(str(self.modes.form.values().get("architecture", "")))
        self._about.setText(about or mode.hint)

    # --- showing ------------------------------------------------------------------------------

    def _on_start(self, _job: JobHandle) -> None:
        request = self.run.request
        self.view.begin(request.title if request else "")
        self.views.setCurrentWidget(self.view)

    def _on_preview(self, image: QImage, _note: str) -> None:
        self.view.show_samples(_SAMPLES, image, tr("Made from the same noise each time"))

    def _on_made(self, result: TaskResult) -> None:
        if result.artifact.kind in _SHOWN:
            if self._sets.add(result.artifact):
                self.results.add(result)
                self._current = result.id
                self.results.show_current(result.id)
            self._show(result.artifact, result.content)

    def _show_menu(self, place: QPoint) -> None:
        menu = self._ctx.ui.menu()
        self.result_actions.fill_targets(menu)
        if menu.actions():
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(place)

    def _show_again(self) -> None:
        """Show the result before, where a job ended with nothing."""
        if self.view.is_empty:
            self.show_result(self._current)

    def _on_loaded(self) -> None:
        if len(self.results) and not self.run.busy:
            self.show_result(self.results[0].id)

    def result(self) -> TaskResult | None:
        """Return the result in view."""
        return self.results.find(self._current)

    def show_result(self, id: str) -> None:
        """Bring a training into view by one of its results; the welcome without one."""
        result = self.results.find(id)
        if result is None:
            self._current = ""
            self.views.setCurrentWidget(self._empty)
            self._on_mode(self.modes.mode)
            return
        self._current = id
        self.results.show_current(id)
        self.view.begin(title_in_words(result.artifact.title.partition(" · ")[0]))
        self.views.setCurrentWidget(self.view)
        ids = self._sets.ids(result.artifact)

        def read() -> list[tuple[SavedArtifact, Any]]:
            artifacts = self._sets.find(ids)
            return [(artifact, outcome(partial(self._content, artifact))) for artifact in artifacts]

        def show(contents: list[tuple[SavedArtifact, Any]]) -> None:
            if isValid(self) and self._current == id:
                for artifact, content in contents:
                    self._show(artifact, content)

        self._ctx.run_later(read, show)

    def _show(self, artifact: SavedArtifact, content: Any) -> None:
        """Show a result in its place, chosen by the beginning of its title."""
        what = artifact.title.partition(": ")[0]
        if isinstance(content, Plot):
            self.view.show_plot(content)
            self.view.show_notes([translated(note, tr) for note in artifact.meta.get("notes", ())])
        elif isinstance(content, QImage):
            slot = _HEARD.get(artifact.kind) or str(artifact.meta.get("view", "")) or _slot(what)
            caption = about_plot(slot) or title_in_words(artifact.title)
            self.view.show_samples(slot, content, caption)
        elif isinstance(content, str) and artifact.kind == Kind.TABLE:
            self.view.show_report(what if what == _COMPARISON else _TABLE, content)
        elif isinstance(content, str) and artifact.path.suffix == ".md" and what != _SAMPLES:
            self.view.show_report(_REPORT, content)
        elif isinstance(content, str):
            self.view.show_samples(_slot(what), content, "")
        elif isinstance(content, StudioError):
            self.trouble.tell(content)

    def _content(self, artifact: SavedArtifact) -> Any:
        """Return a result as it is shown: a picture, a plot, a text, or nothing. Takes a while."""
        title = self._ctx.weights.title
        color = QColor(self._ctx.ui.tokens.colors["accent"])
        content = artifact.meta.get("report")
        report: Mapping[str, Any] = content if isinstance(content, Mapping) else {}
        match artifact.kind:
            case Kind.IMAGE:
                return QImage.fromData(artifact.read())
            case Kind.PLOT:
                return Plot.decode(artifact.read())
            case Kind.SCORE:
                from studio_lab.datasets.tunes import notes_in  # it needs numpy

                return renderings.roll(notes_in(artifact.path), color)
            case Kind.AUDIO:
                return renderings.waveform(artifact.read(), color)
            case Kind.MOLECULES:
                return renderings.molecules(artifact.text)
        if artifact.kind not in _SHOWN:
            return None
        text = artifact.read().decode("utf-8", "replace")
        kind = report.get("kind")
        if artifact.kind == Kind.TEXT:
            return _WRITTEN[kind](report) if kind in _WRITTEN else text
        return comparison(report, title) if kind == "comparison" else table(text)

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart; the strip saves itself."""
        return {"mode": self.modes.mode.id, "forms": self.modes.save_state()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.modes.restore_state(state.get("forms"))
        self.modes.choose(str(state.get("mode", TRAIN)))
        self._show_about()


_WRITTEN: Mapping[Any, Callable[[Mapping[str, Any]], str]] = {
    "augmentation": augmentation,
    "bias": bias,
    "card": card,
    "scaling": scaling_law,
}
"""Kind of a report → what writes it in the language of the window; of others the file is shown."""


def _slot(what: str) -> str:
    """Return where samples are shown: those that stand beside training examples by themselves."""
    return _NEAREST if what == _SAMPLES else _SAMPLES


def _architectures(mode: Mode | None) -> set[str]:
    field = next(f for f in mode.params.fields() if f.name == "architecture") if mode else None
    return {str(choice) for choice in field.choices} if field else set()


def _title(mode: Mode, values: Mapping[str, Any]) -> str:
    """Return the title for the list of jobs: the network and its data."""
    named = {field.name: field for field in mode.params.fields()}
    words = [_word(named[name], values.get(name)) for name in ("architecture",) if name in named]
    if file := Path(str(values.get("data") or values.get("table") or "")).name:
        words.append(file)
    elif "example" in named:
        words.append(_word(named["example"], values.get("example")))
    return " · ".join(filter(None, words)) or mode.title


def _word(field: Field, value: Any) -> str:
    """Return a choice as a person reads it."""
    titles = dict(zip(field.choices, field.choice_titles, strict=False))
    return plot_name(titles.get(value) or str(value).replace("_", " ").capitalize())
