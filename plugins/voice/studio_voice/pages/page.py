"""The page: a recording, its transcript, the strip. Computes nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from studio.api import (
    BadInput,
    JobRequest,
    Kind,
    NewArtifact,
    Page,
    PageAction,
    PluginContext,
    Role,
    SavedArtifact,
    StudioError,
    TaskResult,
    UsedSettings,
    file_stem,
    outcome,
)
from studio.api.window.language import tr
from studio_voice.pages.card_painter import SIZE, CardPainter
from studio_voice.pages.modes import SPEAK, TALK, TRANSCRIBE, modes
from studio_voice.pages.phrases import clock
from studio_voice.pages.talk.panel import TalkPanel
from studio_voice.pages.transcript_panel import TranscriptPanel
from studio_voice.schema import RECORDING_SUFFIXES, TEXT_SUFFIXES
from studio_voice.transcripts.formats import FORMATS
from studio_voice.transcripts.transcript import KIND, short_title, unpacked

_LONGEST = 3600


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = VoicePage(ctx)
    return Page(
        page,
        panel=page.modes.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.accept,
        reuse=page.reuse,
        run=page._run,
        actions=page.page_actions(),
        focus=page.focus,
    )


class VoicePage(QWidget):
    """Everything between the rail and the parameter panel.

    Attributes:
        recording: The file that is written down next; None while there is none.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx, ui, kit = ctx, ctx.ui, ctx.kit
        self.recording: Path | None = None
        self._parents: list[str] = []
        self._shown = self._so_far = ""
        self.trouble = ui.trouble_row()
        self._progress = ui.progress_row(stop=False, words=tr)
        self.modes = kit.modes(tr("Action"), modes())
        self.go = kit.run_button(tr("Transcribe"), "file-text")
        self.bar = kit.record_bar(tr("Stop and transcribe"), "file-text", longest=_LONGEST)
        self.field = kit.prompt_field(
            tr("Text to read aloud"),
            placeholder=tr("What should be read aloud?"),
            lines=(1, 6),
            max_chars=100_000,
        )
        self.view = TranscriptPanel(ctx)
        self.talk = TalkPanel(ctx, lambda: self.modes.forms[TALK].values(), self.trouble)
        self.results = kit.results(
            "transcripts",
            name=tr("Transcripts"),
            paint=CardPainter(ui).paint,
            size=SIZE,
            describe=lambda result: result.artifact.title,
            file_name=lambda result: file_stem(result.artifact.title, "transcript"),
        )
        self.run = kit.run_controller(
            prepare=self.request,
            button=self.go,
            progress=self._progress,
            trouble=self.trouble,
            name="transcribe",
        )
        self.target = kit.drop_target(
            self,
            tr("Open a recording or a document"),
            trouble=self.trouble,
            files=self.bring,
            suffixes=(*RECORDING_SUFFIXES, *TEXT_SUFFIXES),
        )
        self.result_actions = kit.artifact_actions(
            self.result,
            trouble=self.trouble,
            results=self.results,
            show=self.show_result,
            export=_export,
            suffixes=tuple(FORMATS),
            clip=lambda artifact: (
                unpacked(artifact.read()).text if artifact.kind == KIND else artifact.text
            ),
            page=tr("Voice"),
        )
        self._lay_out()
        self._connect()
        self._show_source()
        self.results.load(self._on_loaded)

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(ui.label(tr("Voice"), Role.TITLE))
        head.addWidget(self.modes.widget)
        head.addStretch(1)
        self._record = ui.button(tr("Record"), "mic", dense=True)
        self._open = ui.button(tr("Open"), "folder-open", dense=True)
        head.addWidget(self._record)
        head.addWidget(self._open)
        self.source = ui.elided_label("")
        self.missing = ui.label("", Role.SMALL, wrap=True)
        self.get = ui.button(tr("Download"), "download", dense=True)
        box = QFrame()
        ui.wear(box, Role.COMPOSER)
        inside = QHBoxLayout(box)
        inside.setContentsMargins(14, 10, 10, 10)
        inside.setSpacing(10)
        inside.addWidget(self.source.widget, 1)
        inside.addWidget(self.field.widget, 1)
        inside.addWidget(self.go.widget)
        self._box = box
        self._offer = QWidget()
        offer = QHBoxLayout(self._offer)
        offer.setContentsMargins(0, 0, 0, 0)
        offer.addWidget(self.missing, 1)
        offer.addWidget(self.get)
        self._empty = ui.empty_state(
            "file-text",
            tr("What was said?"),
            tr(
                "Drop a recording here, open one, or record yourself. "
                "It is transcribed on this computer, with times."
            ),
        )
        self._no_text = ui.empty_state(
            "volume-2",
            tr("What should be read aloud?"),
            tr("Type a text above, or drop a document here. It is read on this computer."),
        )
        self._tools = QWidget()
        tools = QHBoxLayout(self._tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.addStretch(1)
        self._copy = ui.button(tr("Copy text"), "copy", dense=True)
        self._save = ui.button(tr("Save as"), "download", dense=True)
        for button in (self._copy, self._save):
            tools.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(box)
        column.addWidget(self._offer)
        column.addWidget(self.bar.widget)
        column.addWidget(self._progress.widget)
        column.addWidget(self.trouble.widget)
        column.addWidget(self.talk, 1)
        column.addWidget(self._empty, 1)
        column.addWidget(self._no_text, 1)
        column.addWidget(self.view, 1)
        column.addWidget(self._tools)
        column.addWidget(self.results.widget)

    def _connect(self) -> None:
        self.modes.on_change(lambda _mode: self._on_mode())
        self.field.on_return(self.run.run)
        self.results.on_pick(self.show_result)
        self.results.on_menu(self._menu)
        self.results.on_remove(self.result_actions.remove)
        self.results.on_star(self.result_actions.star)
        self._record.clicked.connect(lambda _checked=False: self.bar.toggle())
        self._open.clicked.connect(lambda _checked=False: self.target.pick())
        self._save.clicked.connect(lambda _checked=False: self.save_as())
        self._copy.clicked.connect(lambda _checked=False: self.result_actions.copy())
        self.get.clicked.connect(lambda _checked=False: self._get())
        self.bar.on_recorded(self._keep_recorded)
        self.bar.on_failed(self.trouble.tell)
        self.run.on_start(lambda _job: self._start_text())
        self.run.on_text(self._on_text)
        self.run.on_result(self._on_made)
        self.view.saved.connect(lambda artifact: self.accept(artifact))
        self.view.failed.connect(self.trouble.tell)

    # --- the recording ------------------------------------------------------------------------

    def bring(self, paths: list[Path]) -> None:
        """Take a recording, several into the queue one after the other, or a document to read."""
        if paths[0].suffix.lower() in TEXT_SUFFIXES:
            self.modes.choose(SPEAK)
            self.modes.forms[SPEAK].set_values({"document": str(paths[0])})
            return
        self._take(paths[0], [])
        for path in paths if len(paths) > 1 else ():
            self.run.run(partial(self._request_of, path, []))

    def _take(self, path: Path, parents: list[str]) -> None:
        self.recording, self._parents = path, parents
        self._shown = ""
        self.results.show_current("")
        self.view.show_recording(path)
        self._show_source()

    def _keep_recorded(self, samples: Any, rate: int) -> None:
        def kept(answer: Any) -> None:
            if isinstance(answer, StudioError):
                self.trouble.tell(answer)
            else:
                self._take(answer.path, [answer.id])
                self.run.run()

        keep = partial(_kept, self._ctx, samples, rate, tr("Recording"))
        self._ctx.run_later(lambda: outcome(keep), kept)

    def _show_source(self) -> None:
        """Show the name of the recording to transcribe, or the missing requirement."""
        path, speaking = self.recording, self.modes.mode.id == SPEAK
        self.source.set_text(path.name if path else tr("No recording yet"))
        self.source.widget.setVisible(not speaking)
        self.field.widget.setVisible(speaking)
        capability = self.modes.mode.capability
        has_weights = bool(self._ctx.weights.for_capability(capability))
        offers = [] if has_weights else self._ctx.weights.to_get(capability)
        self.get.setVisible(bool(offers))
        if offers:
            words = tr("{title} is needed to transcribe speech ({size} MB).")
            if speaking:
                words = tr("{title} is needed to read aloud ({size} MB).")
            size = round(offers[0][2] / 1e6)
            self.missing.setText(words.format(title=offers[0][1], size=size))
        elif not has_weights:
            self.missing.setText(tr("Add a Whisper model on the Models page."))
        talks, nothing = self._talks, not self._shown and (speaking or not path)
        self._empty.setVisible(nothing and not (talks or speaking))
        self._no_text.setVisible(nothing and speaking)
        self.view.setVisible(not (nothing or talks))
        self._tools.setVisible(bool(self._shown) and not talks)
        self._offer.setVisible(not (has_weights or talks))
        for part in (self._box, self._record, self._open, self.results.widget):
            part.setVisible(not talks)
        self.talk.setVisible(talks)
        self.talk.show_weights()

    @property
    def _talks(self) -> bool:
        return self.modes.mode.id == TALK

    def _on_mode(self) -> None:
        mode = self.modes.mode
        self.go.set_verb(mode.verb, mode.icon)
        self._show_source()

    def _get(self) -> None:
        for name, _title, _size in self._ctx.weights.to_get(self.modes.mode.capability)[:1]:
            self._ctx.weights.get_set(name)

    # --- for the task -------------------------------------------------------------------------

    def request(self) -> JobRequest:
        """Return the request for the job to start.

        Raises:
            BadInput: There is no recording, or nothing to read.
        """
        if self.modes.mode.id == SPEAK:
            return self._speech_request()
        if self.recording is None:
            raise BadInput(tr("Choose a recording first: drop a file here, or record yourself."))
        return self._request_of(self.recording, self._parents)

    def _speech_request(self) -> JobRequest:
        values, text = dict(self.modes.form.values()), self.field.text.strip()
        if not text and not values.get("document"):
            raise BadInput(tr("Write a text first, or choose a text file in the panel."))
        title = short_title(text) or Path(str(values["document"])).name
        return JobRequest("voice.speak", {**values, "text": text}, title=title)

    def _request_of(self, path: Path, parents: list[str]) -> JobRequest:
        values = dict(self.modes.forms[TRANSCRIBE].values())
        params = {**values, "recording": str(path)}
        title = tr("Transcribe {name}").format(name=path.name)
        return JobRequest("voice.transcribe", params, title=title, parents=parents)

    def _start_text(self) -> None:
        self._so_far = ""

    def _on_text(self, text: str, _tokens: int, _channel: str) -> None:
        self._so_far = f"{self._so_far}{text}"[-1000:]
        if not self._shown:
            self.view.show_so_far(self._so_far)

    def _on_made(self, result: TaskResult) -> None:
        self.results.add(result)
        self.show_result(result.id)
        if result.artifact.kind == Kind.AUDIO:
            self.view.player.begin()

    # --- what is in view ----------------------------------------------------------------------

    def result(self) -> TaskResult | None:
        """Return the transcript in view."""
        return self.results.find(self._shown)

    def show_result(self, id: str) -> None:
        """Bring a transcript into view; an empty id, or one that is gone: how to begin."""
        result = self.results.find(id)
        if result is not None and id == self._shown:
            return
        self._shown = id if result else ""
        self.results.show_current(self._shown)
        if result is not None:
            if result.artifact.kind == KIND:
                path = str(result.params.get("recording") or "")
                self.recording, self._parents = (Path(path) if path else None), []
                self.view.show_result(result)
            else:
                self.view.show_recording(result.artifact.path, result.artifact.meta)
        self._show_source()

    def _on_loaded(self) -> None:
        if not self._shown and self.recording is None and len(self.results):
            self.show_result(self.results[0].id)

    def accept(self, artifact: SavedArtifact) -> None:
        """Show a transcript of the library, or take a recording of it."""
        if artifact.kind == KIND:
            shown = self.result()
            params = dict(shown.params) if shown is not None else {}
            self.results.add(TaskResult(artifact, params=params))
            self.show_result(artifact.id)
        else:
            self._take(artifact.path, [artifact.id])

    def reuse(self, used: UsedSettings) -> None:
        """Set everything as it was for a transcript."""
        mode = self.modes.of_task(used.task)
        if mode is None:
            return
        self.modes.choose(mode.id)
        params = {name: value for name, value in used.params.items() if name not in mode.own}
        self.modes.forms[mode.id].set_values(params)
        if mode.id == SPEAK:
            self.field.set_text(str(used.params.get("text") or ""))
        if path := str(used.params.get("recording") or ""):
            self._take(Path(path), list(used.parents))

    def save_as(self) -> None:
        """Ask for a name, and save the current transcript or recording there."""
        result = self.result()
        if result is None or result.artifact.kind == KIND:
            self.result_actions.save_as()
            return
        artifact = result.artifact
        write = self._ctx.kit.labelled(artifact.id, lambda path: path.write_bytes(artifact.read()))
        suffix = artifact.path.suffix
        name = f"{file_stem(artifact.title, 'speech')}{suffix}"
        self._ctx.kit.save_as(tr("Save as"), name, (suffix,), write, trouble=self.trouble)

    # --- hands --------------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._talks:
            self.talk.toggle_microphone()
        else:
            self.bar.toggle()

    def _run(self) -> None:
        if not self._talks:
            self.run.run()

    def _stop(self) -> None:
        if self._talks:
            self.talk.stop()
        else:
            self.run.stop()

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        if self._talks:
            self.talk.focus()
            return
        (self._open if self.recording is None else self.go.widget).setFocus()

    def _menu(self, at: QPoint) -> None:
        menu = self._ctx.ui.menu()
        rows = (
            ("copy", tr("Copy text"), self.result_actions.copy),
            ("download", tr("Save as…"), self.save_as),
            ("star", tr("Add or remove star"), self.result_actions.star),
            ("x", tr("Remove from the strip"), self.result_actions.remove),
            ("trash-2", tr("Move to the bin"), self.result_actions.bin),
        )
        for icon, title, do in rows:
            action = menu.addAction(self._ctx.ui.icon(icon), title)
            action.triggered.connect(lambda _checked=False, do=do: do())
        self.result_actions.fill_targets(menu)
        menu.popup(at)

    def page_actions(self) -> list[PageAction]:
        """Return the page's actions for the palette and the keyboard."""
        rows = (
            ("run", tr("Run, or add to queue"), self._run, "play", "Ctrl+Return"),
            ("stop_job", tr("Stop"), self._stop, "circle-stop", "Alt+."),
            (
                "record",
                tr("Record, or turn the microphone on or off"),
                self._listen,
                "mic",
                "Ctrl+R",
            ),
            ("play", tr("Play or pause"), self.view.player.toggle, "play", "Ctrl+Space"),
            ("open", tr("Open a recording"), self.target.pick, "folder-open", "Ctrl+O"),
            ("save", tr("Save as"), self.save_as, "download", "Ctrl+S"),
            ("keep", tr("Save changes"), self.view.save_changes, "check", "Ctrl+Shift+S"),
        )
        return [
            PageAction(f"voice.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows
        ]

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart; the strip is stored separately."""
        return {
            "recording": str(self.recording or ""),
            "shown": self._shown,
            "forms": self.modes.save_state(),
            "mode": self.modes.mode.id,
            "text": self.field.text,
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.modes.restore_state(state.get("forms"))
        self.modes.choose(str(state.get("mode", TRANSCRIBE)))
        self.field.set_text(str(state.get("text") or "")[:100_000])
        path = state.get("recording")
        if isinstance(path, str) and path and not state.get("shown") and Path(path).is_file():
            self._take(Path(path), [])


def _export(artifact: SavedArtifact, path: Path) -> None:
    transcript = unpacked(artifact.read())
    path.write_bytes(FORMATS.get(path.suffix.lower(), FORMATS[".txt"])(transcript))


def _kept(ctx: PluginContext, samples: Any, rate: int, title: str) -> SavedArtifact:
    """Save a recording as a WAV file of the library."""
    import io

    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV", subtype="PCM_16")
    words = f"{title} {clock(len(samples) / rate)}"
    return ctx.library.add(NewArtifact(Kind.AUDIO, stream.getvalue(), suffix=".wav", title=words))
