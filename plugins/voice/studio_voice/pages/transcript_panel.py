"""The current transcript: its recording, its lines, and manual edits.

A change is a draft within half a second, so that a crash loses none; *Save changes* makes it a
result of its own, made from the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import (
    NewArtifact,
    PluginContext,
    Role,
    SavedArtifact,
    StudioError,
    TaskResult,
    outcome,
)
from studio.api.window.language import tr
from studio_voice.pages.phrases import clock
from studio_voice.pages.player import Player
from studio_voice.pages.segment_list import SegmentList
from studio_voice.transcripts.transcript import (
    KIND,
    SUFFIX,
    Segment,
    Transcript,
    packed,
    short_title,
    unpacked,
)

_AFTER_MS = 500
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class TranscriptPanel(QWidget):
    """The current transcript and its recording.

    Signals:
        saved: A ``SavedArtifact``: the transcript as the user changed it.
        failed: A ``StudioError``.
    """

    saved = Signal(object)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._shown = ""
        self._transcript = Transcript(())
        self.player = Player(ctx)
        self.list = SegmentList(ctx)
        self.facts = ctx.ui.elided_label("", Role.SMALL)
        self.changed = ctx.ui.label(tr("Changed"), Role.BADGE)
        self.save = ctx.ui.button(tr("Save changes"), "check", dense=True)
        self.revert = ctx.ui.button(tr("Revert"), "undo-2", dense=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.facts.widget, 1)
        for part in (self.changed, self.revert, self.save):
            row.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.player)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._keep)
        self.player.moved.connect(self.list.follow)
        self.list.picked.connect(lambda start: self.player.seek(start, play=True))
        self.list.segments.edited.connect(self._edited)
        self.save.clicked.connect(lambda _checked=False: self.save_changes())
        self.revert.clicked.connect(lambda _checked=False: self.drop_changes())
        self._show_changed(False)

    @property
    def transcript(self) -> Transcript:
        """The current transcript, with its edits."""
        old = self._transcript
        segments = tuple(self.list.segments.segments)
        return Transcript(segments, old.language, old.duration, old.recording)

    @property
    def is_changed(self) -> bool:
        """Whether there are changes that are not saved."""
        return bool(self.save.isVisibleTo(self))

    # --- what is in view ----------------------------------------------------------------------

    def show_recording(self, path: Path, facts: Mapping[str, Any] = _NOTHING) -> None:
        """Show a recording of which nothing is written down yet.

        Args:
            facts: What is known of a text that was read aloud: its ``chapters`` are listed, and
                played from where one is picked.
        """
        self._clear("")
        self.player.open(path)
        starts = [
            (float(chapter["start"]), str(chapter["title"]))
            for chapter in facts.get("chapters", ())
        ]
        ends = [*(start for start, _title in starts[1:]), float(facts.get("duration", 0.0))]
        chapters = [Segment(a, b, title) for (a, title), b in zip(starts, ends, strict=False)]
        self.list.segments.show_segments(chapters, is_fixed=True)
        if chapters:
            words = tr("{count} chapters").format(count=len(chapters))
            self.facts.set_text(f"{words} · {clock(ends[-1])}")

    def show_result(self, result: TaskResult) -> None:
        """Show a transcript and its recording, read beside the window."""
        self._clear(result.id)
        path = str(result.params.get("recording") or "")
        if path:
            self.player.open(Path(path))
        self._ctx.run_later(
            lambda: (result.id, outcome(lambda: self._read(result.artifact))), self._got
        )

    def show_so_far(self, text: str) -> None:
        """Show the end of a transcript that is being written."""
        self.facts.set_text(text[-300:])

    def _clear(self, id: str) -> None:
        self._write_now()
        self._shown, self._transcript = id, Transcript(())
        self.list.segments.show_segments(())
        self.facts.set_text("")
        self._show_changed(False)

    def _read(self, artifact: SavedArtifact) -> tuple[Transcript, Transcript | None]:
        draft = self._ctx.drafts.get(_name(artifact.id))
        return unpacked(artifact.read()), unpacked(draft) if draft else None

    def _got(self, answer: tuple[str, Any]) -> None:
        id, content = answer
        if id != self._shown:
            return
        if isinstance(content, StudioError):
            self.failed.emit(content)
            return
        self._transcript, draft = content
        shown = draft or self._transcript
        self.list.segments.show_segments(shown.segments)
        transcript = self._transcript
        words = sum(len(segment.text.split()) for segment in shown.segments)
        parts = [transcript.recording, clock(transcript.duration), transcript.language]
        parts.append(tr("{count} words").format(count=f"{words:,}"))
        self.facts.set_text(" · ".join(part for part in parts if part))
        self._show_changed(draft is not None)

    # --- what was changed ---------------------------------------------------------------------

    def _edited(self) -> None:
        self._show_changed(True)
        self._timer.start()

    def _show_changed(self, changed: bool) -> None:
        for part in (self.changed, self.save, self.revert):
            part.setVisible(changed)

    def _write_now(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self._keep()

    def _keep(self) -> None:
        name, data = _name(self._shown), packed(self.transcript)
        self._ctx.run_later(lambda: outcome(lambda: self._ctx.drafts.put(name, data)), self._told)

    def _told(self, answer: Any) -> None:
        if isinstance(answer, StudioError):
            self.failed.emit(answer)

    def save_changes(self) -> None:
        """Keep the changed transcript as a result of its own."""
        if not self._shown or not self.is_changed:
            return
        self._timer.stop()
        edited, id = self.transcript, self._shown

        def work() -> SavedArtifact:
            title = short_title(Path(edited.recording).stem) or tr("Transcript")
            facts = {"language": edited.language, "duration": edited.duration}
            new = NewArtifact(
                KIND,
                packed(edited),
                suffix=SUFFIX,
                title=title,
                text=edited.text,
                meta={**facts, "recording": edited.recording},
            )
            saved = self._ctx.library.add(new, [id])
            self._ctx.drafts.remove(_name(id))
            return saved

        self._ctx.run_later(lambda: outcome(work), self._on_saved)

    def _on_saved(self, answer: Any) -> None:
        if isinstance(answer, StudioError):
            self.failed.emit(answer)
        else:
            self._show_changed(False)
            self.saved.emit(answer)

    def drop_changes(self) -> None:
        """Revert to the original transcript; the edits can be restored."""
        self._timer.stop()
        before, name = list(self.list.segments.segments), _name(self._shown)
        self.list.segments.show_segments(self._transcript.segments)
        self._show_changed(False)
        self._ctx.run_later(lambda: outcome(lambda: self._ctx.drafts.remove(name)), self._told)

        def restore() -> None:
            if _name(self._shown) == name:
                self.list.segments.show_segments(before)
                self._edited()

        self._ctx.notices.offer(
            tr("Changes were discarded."), tr("Undo"), restore, key="voice.revert"
        )


def _name(id: str) -> str:
    """Return the name of the draft of a transcript."""
    return f"transcript-{id.lower()}"
