"""The page of music in a real studio with a scripted runtime and a player that makes no sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from studio.api import Page
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import WindowUi
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import Artifact, Result
from studio_music.pages import entry
from studio_music.pages.editor.document import Document
from studio_music.pages.roll.editor import RollEditor
from studio_music.score.formats import write
from studio_music.score.piece import TICKS, Key, Note, Piece, Tempo, Track

BAR = 4 * TICKS


def tune(title: str = "Calm tune", *, shift: int = 0) -> Piece:
    """Return four bars: a melody of quarters from D4 up, chords, drums."""
    melody = tuple(Note(n * TICKS, 62 + shift + n, TICKS, 70) for n in range(16))
    chords = tuple(Note(bar * BAR, pitch, BAR, 60) for bar in range(4) for pitch in (50, 53, 57))
    drums = tuple(Note(n * TICKS, 36, TICKS // 4, 90) for n in range(16))
    return Piece(
        title=title,
        key=Key("D", "minor"),
        tempos=(Tempo(0, 90.0),),
        length=4 * BAR,
        tracks=(
            Track("Tune", melody, 73, role="melody"),
            Track("Chords", chords, 0, role="chords"),
            Track("Drums", drums, 0, drums=True, role="drums"),
        ),
    )


def made(piece: Piece, **meta: Any) -> Artifact:
    """Return what a task would make of a piece."""
    verdict = {"checks": [{"name": "key", "passed": True, "evidence": "D minor"}]}
    return Artifact(
        "score", write(piece, ".mid"), ".mid", title=piece.title, verdict=verdict, meta=meta
    )


class FakePlayer:
    """Notes what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.playing = self.metronome = False
        self.synth, self.trouble, self.tick, self.level, self.underruns = "fake", "", 0, 0.0, 0
        self.closed = False

    def play(self, piece: Piece, from_tick: int, loop: tuple[int, int] | None) -> None:
        self.calls.append(("play", from_tick, loop))
        self.playing, self.tick = True, from_tick

    def stop(self) -> None:
        self.calls.append(("stop",))
        self.playing = False

    def seek(self, tick: int) -> None:
        self.calls.append(("seek", tick))
        self.tick = tick

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        self.calls.append(("loop", loop))

    def update(self, piece: Piece) -> None:
        self.calls.append(("update", piece))

    def audition(self, pitch: int, program: int, *, drums: bool) -> None:
        self.calls.append(("audition", pitch, program, drums))

    def close(self) -> None:
        self.closed = True


class Hands:
    """Mouse and keys on a roll.

    Attributes:
        qtbot, roll: Whose hands, and where.
    """

    qtbot: Any
    roll: RollEditor

    @property
    def document(self) -> Document:
        return self.roll.desk.document

    @property
    def piece(self) -> Piece:
        return self.document.piece

    @property
    def melody(self) -> tuple[Note, ...]:
        return self.piece.tracks[0].notes

    def aim(self) -> None:
        """Make the roll large enough to aim."""
        camera = self.roll.camera
        camera.row, camera.scale = 14.0, 0.12
        camera.scroll_to(0, camera.y(79) + camera.top)

    def at(self, tick: float, pitch: int) -> QPointF:
        """Return where a tick and a pitch are on the notes."""
        camera = self.roll.camera
        return QPointF(camera.x(tick), camera.y(pitch) + camera.row / 2)

    def drag(
        self,
        start: QPointF,
        end: QPointF,
        held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        widget: QWidget | None = None,
    ) -> None:
        """Press at one place, move, and let go at another."""
        on = widget or self.roll.notes
        bot, button = self.qtbot, Qt.MouseButton.LeftButton
        bot.mousePress(on, button, held, start.toPoint())
        self.move((start + end) / 2, on, held)
        self.move(end, on, held)
        bot.mouseRelease(on, button, held, end.toPoint())

    def click(
        self, place: QPointF, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        self.qtbot.mouseClick(self.roll.notes, Qt.MouseButton.LeftButton, held, place.toPoint())

    def key(self, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.qtbot.keyClick(self.roll.notes, key, held)

    def move(self, place: QPointF, widget: QWidget | None = None, held: Any = None) -> None:
        """Move the mouse with its left button down."""
        on = widget or self.roll.notes
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        held = held or Qt.KeyboardModifier.NoModifier
        kind = QEvent.Type.MouseMove
        event = QMouseEvent(kind, place, on.mapToGlobal(place), none, left, held)
        QApplication.sendEvent(on, event)


class Desk(PageDesk, Hands):
    plugin = "music"
    capabilities = {"tunes": "tunes", "chorales": "chorales", "ears": "transcription"}

    def __init__(self, qtbot: Any, look: Appearance, home: Path) -> None:
        self.player = FakePlayer()
        super().__init__(qtbot, look, home)

    def build(self) -> Page:
        return entry.build(self.ctx, lambda: self.player)

    def targets(self, artifact: Any) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("Music", lambda: self.sent.append(("music", artifact))),
            ("Chat", lambda: self.sent.append(("chat", artifact))),
        ]

    def idle(self) -> bool:
        page = self.page
        return not page.loading and self.looked() and page.saving.settled

    def looked(self) -> bool:
        """Whether it is known if there is a sound device."""
        playing = self.page.playing
        return playing.ready or playing.trouble == self.player.trouble

    def close(self) -> None:
        self.page.save_state()
        super().close()

    def end(self) -> None:
        """End without telling the page."""
        self.page.piece_view.score.engraver.stop()
        super().end()
        self.page.playing.close()

    def compose(self, piece: Piece | None = None, ask: str = "calm, D minor") -> Piece:
        """Compose a piece and wait until it is in view."""
        piece = piece or tune()
        self.runtime.enqueue(made(piece), Result())
        self.page.prompt_box.set_words(ask)
        self.run()
        self.until_over()
        self.until(lambda: self.piece.title == piece.title)
        return piece

    @property
    def roll(self) -> RollEditor:
        return self.page.piece_view.roll


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


@pytest.fixture(name="tune")
def tune_maker() -> Callable[..., Piece]:
    return tune


@pytest.fixture(name="made")
def made_maker() -> Callable[..., Artifact]:
    return made


@pytest.fixture
def composed(desk: Desk) -> Desk:
    """A page with a piece in view, the roll large enough to aim."""
    desk.compose()
    desk.aim()
    return desk


class RollDesk(Hands):
    """The roll by itself, with a piece in it.

    Attributes:
        heard, sought, loops: What it asked for.
    """

    def __init__(self, qtbot: Any, look: Appearance) -> None:
        self.qtbot = qtbot
        self.window = QWidget()
        qtbot.addWidget(self.window)
        ui = WindowUi(look, self.window, None, lambda: None)  # type: ignore[arg-type]
        self._document = Document()
        self.roll = RollEditor(SimpleNamespace(ui=ui), self._document)  # type: ignore[arg-type]
        self.roll.setParent(self.window)
        self.heard: list[int] = []
        self.sought: list[int] = []
        self.loops: list[Any] = []
        self.roll.heard.connect(self.heard.append)
        self.roll.seek_asked.connect(self.sought.append)
        self.roll.seek_asked.connect(self.roll.set_playhead)
        self.roll.loop_asked.connect(self.loops.append)
        self.window.resize(700, 420)
        self.roll.resize(700, 420)
        self.window.show()
        self._document.open(tune(), "")
        self.aim()


@pytest.fixture
def rolled(qtbot: Any, look: Appearance) -> RollDesk:
    return RollDesk(qtbot, look)
