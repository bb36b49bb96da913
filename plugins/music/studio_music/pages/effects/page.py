"""The page of sounds: description, viewer, strip, put together. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import (
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
    read_regular,
)
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_music.audio.effects.schema import SOUND_SUFFIXES
from studio_music.pages.cards import sound_card
from studio_music.pages.effects.composer import Composer
from studio_music.pages.effects.modes import EDIT
from studio_music.pages.file_export import put
from studio_music.pages.playback.sound_viewer import SoundViewer


def names_of(artifacts: Sequence[SavedArtifact]) -> list[str]:
    """Return a file name for each: by its title, made unique by a number."""
    names: list[str] = []
    for artifact in artifacts:
        stem = file_stem(artifact.title, "sound").replace(" ", "-").lower()
        suffix, name, number = artifact.path.suffix, stem, 1
        while f"{name}{suffix}" in names:
            number += 1
            name = f"{stem}-{number}"
        names.append(f"{name}{suffix}")
    return names


def set_name(name: str) -> str:
    """Return the folder name of a set, from the name of its first file."""
    return name.rsplit(".", 1)[0].rstrip("-0123456789") or "sounds"


def free_folder(folder: Path, name: str) -> Path:
    """Return a folder that is not there yet, inside ``folder``."""
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}"
    return path


def write_one(artifact: SavedArtifact, path: Path) -> None:
    """Write a copy of a sound."""
    put(path, artifact.path.read_bytes())


_MOST = 200
_TALL = 330
"""Pixels that a spectrogram may be high, where there is room."""


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = EffectsPage(ctx)
    return Page(
        page,
        panel=page.composer.modes.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.accept,
        reuse=page.reuse,
        run=page.run.run,
        actions=page.page_actions(),
        focus=page.composer.focus,
    )


class EffectsPage(QWidget):
    """Everything between the rail and the parameter panel.

    Attributes:
        viewer: The sound in view; None while there is none.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx, ui, kit = ctx, ctx.ui, ctx.kit
        self.trouble, self._progress = ui.trouble_row(), ui.progress_row(stop=False)
        self.composer = Composer(ctx)
        self.viewer: SoundViewer | None = None
        self._shown = ""
        self.results = kit.results(
            "sounds",
            name=tr("Sounds"),
            most=_MOST,
            thumbnail=_thumbnail,
            size=(104, 57),
            describe=lambda result: result.artifact.title,
            file_name=lambda result: file_stem(result.artifact.title, "sound"),
        )
        self.run = kit.run_controller(
            prepare=self.composer.request,
            button=self.composer.go,
            progress=self._progress,
            trouble=self.trouble,
            name="effects",
        )
        self.target = kit.drop_target(
            self,
            tr("Open sounds"),
            trouble=self.trouble,
            files=self.bring,
            suffixes=SOUND_SUFFIXES,
        )
        self.result_actions = kit.artifact_actions(
            self.result,
            trouble=self.trouble,
            results=self.results,
            show=self.show_sound,
            page=tr("Sound"),
        )
        self._lay_out()
        self._connect()
        self.results.load(self._on_loaded)

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(ui.label(tr("Sound"), Role.TITLE))
        head.addWidget(self.composer.modes.widget)
        head.addStretch(1)
        self._open = ui.button(tr("Open"), "folder-open", dense=True)
        head.addWidget(self._open)
        self.facts = ui.label("", Role.SMALL, wrap=True)
        self._again = ui.button(tr("Reuse settings"), "history", dense=True)
        self._save = ui.button(tr("Save as"), "download", dense=True)
        self.save_set_button = ui.button("", "folder-plus", dense=True)
        self._tools = QWidget()
        tools = QHBoxLayout(self._tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.addWidget(self.facts, 1)
        for button in (self._again, self._save, self.save_set_button):
            tools.addWidget(button)
        self._stage = QVBoxLayout()
        self._empty = ui.empty_state(
            "audio-lines",
            tr("What should it sound like?"),
            tr("Describe a sound in a few words, or choose one in the panel. It is made here."),
        )
        self._stage.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.composer)
        column.addWidget(self._progress.widget)
        column.addWidget(self.trouble.widget)
        column.addLayout(self._stage, 3)
        column.addWidget(self._tools)
        column.addStretch(1)
        column.addWidget(self.results.widget)
        self._tools.hide()

    def _connect(self) -> None:
        self.composer.field.on_return(self.run.run)
        self.results.on_pick(self.show_sound)
        self.results.on_menu(self._menu)
        self.results.on_remove(self.result_actions.remove)
        self.results.on_star(self.result_actions.star)
        self._open.clicked.connect(lambda _checked=False: self.target.pick())
        self._save.clicked.connect(lambda _checked=False: self.result_actions.save_as())
        self._again.clicked.connect(lambda _checked=False: self._recall())
        self.save_set_button.clicked.connect(lambda _checked=False: self.save_set())
        self.run.on_result(self._on_made)
        self.run.on_done(self._on_done)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self.update())
        self.destroyed.connect(lambda: end_theme())

    # --- what is in view ----------------------------------------------------------------------

    def result(self) -> TaskResult | None:
        """Return the sound in view."""
        return self.results.find(self._shown)

    def show_sound(self, id: str) -> None:
        """Bring a sound into view; an empty id, or one that is gone: how to begin."""
        result = self.results.find(id)
        if result is not None and id == self._shown:
            return
        if self.viewer is not None:
            self._stage.removeWidget(self.viewer)
            self.viewer.hide()
            self.viewer.deleteLater()
            self.viewer = None
        self._shown = id if result else ""
        self._empty.setVisible(result is None)
        self._tools.setVisible(result is not None)
        self.composer.set_source(result.artifact if result else None)
        self.results.show_current(self._shown)
        if result is not None:
            self.viewer = SoundViewer(self._ctx, result.artifact)
            self.viewer.wave.on_select(self._select)
            self.viewer.spectrogram.grow(_TALL)
            self._stage.addWidget(self.viewer)
            self._show_facts(result)

    def _show_facts(self, result: TaskResult) -> None:
        meta = result.artifact.meta
        parts = []
        if isinstance(meta.get("lufs"), int | float):
            parts.append(tr("{loudness} LUFS").format(loudness=_figure(meta["lufs"])))
        if isinstance(meta.get("peak"), int | float):
            parts.append(tr("peak {peak} dB").format(peak=_figure(meta["peak"])))
        if meta.get("loop"):
            parts.append(tr("loop"))
        if isinstance(meta.get("seed"), int):
            parts.append(tr("seed {seed}").format(seed=meta["seed"]))
        unknown = meta.get("unknown")
        if isinstance(unknown, list) and unknown:
            words = ", ".join(f"“{word}”" for word in unknown[:6])
            parts.append(tr("Not understood: {words}").format(words=words))
        self.facts.setText(f"{result.artifact.title}  ·  " + " · ".join(parts))
        size = len(self.results.batch(result))
        self.save_set_button.setText(tr("Save all {count}").format(count=size))
        self.save_set_button.setVisible(size > 1)
        self._again.setVisible(bool(result.task))

    def _select(self, start: float, end: float) -> None:
        """Crop to the range marked in the wave: the edit form shows it."""
        result = self.result()
        if result is None or self.viewer is None:
            return
        seconds = self.viewer.seconds
        self.composer.modes.choose(EDIT)
        form = self.composer.modes.forms[EDIT]
        form.set_values({"start": round(start * seconds, 3), "end": round(end * seconds, 3)})

    def _on_made(self, result: TaskResult) -> None:
        if result.artifact.kind != Kind.AUDIO:
            return
        self.results.add(result)
        first = len(self.results.batch(result)) == 1
        if first:
            self.show_sound(result.id)
        elif (shown := self.result()) is not None:
            self._show_facts(shown)

    def _on_done(self, result: Mapping[str, Any]) -> None:
        note = result.get("note")
        if isinstance(note, str) and note:
            self._ctx.notices.info(note, key="music.effect")

    def _on_loaded(self) -> None:
        if not self._shown and len(self.results):
            self.show_sound(self.results[0].id)

    # --- bringing and keeping -----------------------------------------------------------------

    def bring(self, paths: list[Path]) -> None:
        """Keep copies of files, and show the first."""
        for path in paths:
            self._ctx.run_later(partial(outcome, partial(_kept, self._ctx, path)), self._brought)

    def _brought(self, answer: Any) -> None:
        if isinstance(answer, StudioError):
            self.trouble.tell(answer)
        else:
            self.accept(answer)

    def accept(self, artifact: SavedArtifact) -> None:
        """Show a sound of the library, ready to be edited."""
        self.results.add(TaskResult(artifact))
        self.show_sound(artifact.id)
        self.composer.modes.choose(EDIT)

    def reuse(self, used: UsedSettings) -> None:
        """Set everything as it was for a sound."""
        self.composer.set_params(used.task, used.params)

    def _recall(self) -> None:
        if (result := self.result()) is not None and result.task:
            self.composer.set_params(result.task, result.params)

    def save_set(self) -> None:
        """Ask for a folder, and write the variations of the sound in view into a new one there."""
        result = self.result()
        folder = self._ctx.ui.pick_folder(tr("Save the set in")) if result else None
        if result is None or folder is None:
            return
        sounds = [artifact.artifact for artifact in self.results.batch(result)]
        names = names_of(sounds)
        target = free_folder(folder, set_name(names[0]))
        labelled = self._ctx.kit.labelled
        write = [labelled(artifact.id, partial(write_one, artifact)) for artifact in sounds]

        def work() -> int:
            target.mkdir()
            for put_there, name in zip(write, names):
                put_there(target / name)
            return len(write)

        def told(answer: Any) -> None:
            if isinstance(answer, StudioError):
                self.trouble.tell(answer, self.save_set)
            else:
                words = tr("{count} sounds saved in “{folder}”.")
                self._ctx.notices.info(
                    words.format(count=answer, folder=target.name), key="music.effect.set"
                )

        self._ctx.run_later(lambda: outcome(work), told)

    # --- hands --------------------------------------------------------------------------------

    def _menu(self, at: QPoint) -> None:
        menu = self._ctx.ui.menu()
        rows = (
            ("history", tr("Reuse settings"), self._recall),
            ("download", tr("Save as…"), self.result_actions.save_as),
            ("folder-plus", tr("Save the whole set…"), self.save_set),
            ("star", tr("Add or remove star"), self.result_actions.star),
            ("x", tr("Remove from the strip"), self.result_actions.remove),
            ("trash-2", tr("Move to the bin"), self.result_actions.bin),
        )
        for icon, title, do in rows:
            action = menu.addAction(self._ctx.ui.icon(icon), title)
            action.triggered.connect(lambda _checked=False, do=do: do())
        self.result_actions.fill_targets(menu)
        menu.popup(at)

    def toggle(self) -> None:
        """Play the sound in view, or pause."""
        if self.viewer is not None:
            self.viewer.toggle()

    def page_actions(self) -> list[PageAction]:
        """Return the page's actions for the palette and the keyboard."""
        rows = (
            ("run", tr("Start, or add to queue"), self.run.run, "play", "Ctrl+Return"),
            ("stop_job", tr("Stop"), self.run.stop, "circle-stop", "Alt+."),
            ("play", tr("Play or pause"), self.toggle, "play", "Ctrl+Space"),
            ("open", tr("Open sounds"), self.target.pick, "folder-open", "Ctrl+O"),
            ("save", tr("Save the sound as"), self.result_actions.save_as, "download", "Ctrl+S"),
            ("save_set", tr("Save the whole set"), self.save_set, "folder-plus", "Ctrl+Shift+S"),
            ("recall", tr("Reuse settings"), self._recall, "history", "Alt+R"),
        )
        return [
            PageAction(f"music.sound.{id}", title, run, icon, keys)
            for id, title, run, icon, keys in rows
        ]

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart; the strip is stored separately."""
        return self.composer.save_state()

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.composer.restore_state(state)


def _figure(number: float) -> str:
    return localised(f"{number:.1f}").replace("-", "−")


def _thumbnail(artifact: SavedArtifact) -> QImage:
    return sound_card(artifact.path)


def _kept(ctx: PluginContext, path: Path) -> SavedArtifact:
    """Keep a copy of a sound that can be read."""
    from studio_music.audio.audio_files import read_sound
    from studio_music.score.thumbnails import sound_png

    data = read_regular(path)
    samples, _rate = read_sound(data)
    return ctx.library.add(
        NewArtifact(
            Kind.AUDIO,
            data,
            suffix=path.suffix.lower(),
            title=path.stem,
            text=path.stem,
            preview=sound_png(samples),
        )
    )
