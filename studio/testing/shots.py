"""Pictures of all pages and floats of the window: dark, light, at 1×, 1.5×, 2×. Asserts nothing.

    python -m studio.testing.shots FOLDER [--page ID] [--runtime]

Each scale is a process of its own (Qt reads it once), with a demo library in a throwaway home and a
scripted runtime; ``--runtime`` uses the real one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.app import App
    from studio.protocol.messages import PoolEvent, Status
    from studio.protocol.trace import Span
    from studio.testing.handmade import HandMadeBoard
    from studio.testing.scripted import ScriptedRuntime

_SIZE, _SMALL = (1180, 740), (900, 600)
_PATIENCE = 30.0


def main(argv: list[str] | None = None) -> int:
    """Take the pictures and return the exit code."""
    parser = argparse.ArgumentParser(prog="shots", description=__doc__, add_help=True)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--page", default="", help="only pages whose id contains this")
    parser.add_argument("--runtime", action="store_true", help="start the real runtime")
    parser.add_argument("--scale", default="", help=argparse.SUPPRESS)
    wanted = parser.parse_args(argv)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    if wanted.scale:
        return _photograph(wanted.folder, wanted.scale, wanted.page, wanted.runtime)
    codes = [_in_a_process(wanted, scale) for scale in ("1", "1.5", "2")]
    print(f"{len(list(wanted.folder.glob('*.png')))} pictures in {wanted.folder}")
    return max(codes)


def _in_a_process(wanted: argparse.Namespace, scale: str) -> int:
    command = [sys.executable, "-m", __spec__.name, str(wanted.folder), "--scale", scale]
    command += ["--page", wanted.page] if wanted.page else []
    command += ["--runtime"] if wanted.runtime else []
    with tempfile.TemporaryDirectory(prefix="offline-studio-shots-") as home:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QT_SCALE_FACTOR": scale,
            "QT_LOGGING_RULES": "qt.qpa.*=false",
            "STUDIO_HOME": home,
        }
        return subprocess.run(command, env=environment, check=False).returncode


def _photograph(folder: Path, scale: str, page: str, runtime: bool) -> int:
    from studio.app import App, make_application  # isort: skip  first of all, as the window does

    from PySide6.QtCore import QTimer

    from studio.base.paths import StudioPaths
    from studio.library import Library
    from studio.models import WeightsCatalogue
    from studio.testing import demo
    from studio.testing.scripted import ScriptedRuntime

    with Library.open(StudioPaths.default()) as library:
        shown = demo.fill(library)
    application = make_application()
    application.setCursorFlashTime(0)
    scripted = ScriptedRuntime()
    scripted.in_turn = True
    for weights in WeightsCatalogue(StudioPaths.default().weights_folders()).list():
        scripted.facts[str(weights.path)] = {"weights_bytes": weights.bytes, "working_bytes": 0}
    app = App(application, launch=None if runtime else scripted.launch)
    app.window.resize(*_SIZE)
    app.look.theme.reduced_motion = True
    app.start()
    _wait(lambda: app.session is not None)
    assert app.session is not None
    app.session.studio.runtime.start()  # as the first touch would
    _wait(lambda: app.activity.runtime_state == "ready" and bool(app.window.pages.current))
    _open_conversation(app, shown)
    _open_score(app)
    scripted.trace = _last_hour()
    heart = QTimer()
    heart.timeout.connect(lambda: scripted.report(_heartbeat()))
    if not runtime:
        for event in _memory_news():
            scripted.report(event)
        scripted.report(_heartbeat())
        heart.start(1000)
    for theme in ("dark", "light"):
        _set_theme(app, theme)
        for name, widget_shown in _scenes(app, scripted, page, scale):
            _wait(lambda: False, 0.4)
            app.window.grab().save(str(folder / f"{name}-{theme}-{scale}x.png"))
            widget_shown()
    heart.stop()
    app.quit()
    app.finish()
    return 0


def _open_conversation(app: App, conversation: str) -> None:
    from studio.api.artifacts import Kind, SavedArtifact

    assert app.session is not None
    artifact = SavedArtifact(conversation, Kind.CONVERSATION, "", "", Path())
    for _, open_it in app.session.workspace.targets(artifact)[:1]:
        open_it()


def _open_score(app: App) -> None:
    from studio.library.saved_artifact import saved_artifact

    assert app.session is not None
    library = app.session.studio.library
    for score in library.find(kinds=("score",), limit=1):
        for _, open_it in app.session.workspace.targets(saved_artifact(library, score))[:1]:
            open_it()
    _wait(lambda: False, 3.0)  # it is read beside the window


def _queue_three(app: App, scripted: ScriptedRuntime, page: str) -> Callable[[], None]:
    """Let a job of the page in view run, and two wait; what puts that back stops them."""
    from PySide6.QtWidgets import QPushButton

    from studio.testing.scripted import Stall, Step

    shown = app.window.pages.page(page)
    assert shown is not None
    widget: Any = shown.widget  # a plugin's: the studio does not know its type
    parts = [part for part in (shown.widget, shown.panel) if part is not None]
    buttons = [button for part in parts for button in part.findChildren(QPushButton)]
    main = [
        candidate
        for candidate in buttons
        if candidate.isVisible() and candidate.property("kind") == "primary"
    ]
    for words in ("A lighthouse at dusk", "A harbour in the fog", "Cliffs, from the sea"):
        scripted.enqueue(Step(7, 20, "step 7 of 20"), Stall())
        _ASK[page](widget, words)
        main[-1].click()  # that of the panel, where there is one
    _wait(lambda: False, 1.0)

    def back() -> None:
        assert app.session is not None
        for job in app.session.studio.jobs.live():
            job.cancel()
        _wait(lambda: not app.activity.live())

    return back


_ASK: dict[str, Callable[[Any, str], None]] = {
    "image.page": lambda page, words: page.composer.prompt.field.set_text(words),
    "music.page": lambda page, words: page.prompt_box.set_words(words),
    "molecules.page": lambda page, words: None,
    "code.page": lambda page, words: page.panel.set_description(words),
}
"""Pages that draw, compose, make and write: what puts words into each."""


def _scenes(
    app: App, scripted: ScriptedRuntime, page: str, scale: str
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield (name, what puts things back) for each thing worth a picture, once it is in view."""
    window = app.window
    pages = [button.spec.id for button in window.rail.buttons()]
    for page_id in [candidate for candidate in pages if page in candidate]:
        window.open_page(page_id)
        yield page_id.removeprefix("studio."), _nothing
        if page_id in _ASK:
            yield f"{page_id}-queue", _queue_three(app, scripted, page_id)
        if page_id == "code.page":
            yield "code.page-review", _review_code(app)
        if page_id == "studio.device":
            yield "device-below", _scrolled_down(app)
    if page or scale != "2":
        return
    window.open_page(pages[0])
    yield from _floats(app)
    window.resize(*_SMALL)
    yield "small", lambda: window.resize(*_SIZE)


def _scrolled_down(app: App) -> Callable[[], None]:
    """Show the end of the page in view, in the smallest window."""
    from PySide6.QtWidgets import QScrollArea

    app.window.resize(*_SMALL)
    _wait(lambda: False, 0.2)
    page = app.window.pages.page()
    assert page is not None
    area = page.widget.findChild(QScrollArea)
    assert area is not None
    bar = area.verticalScrollBar()
    bar.setValue(bar.maximum())

    def back() -> None:
        bar.setValue(0)
        app.window.resize(*_SIZE)

    return back


def _review_code(app: App) -> Callable[[], None]:
    """Open a folder with one file, and a change of it that waits to be read."""
    import textwrap

    from studio.base.paths import StudioPaths

    assert app.session is not None
    folder = StudioPaths.default().home / "words"
    folder.mkdir(exist_ok=True)
    text = textwrap.dedent(
        '''\
        """Words of a text."""


        def counts(text):
            found = {}
            for word in text.split():
                if word in found:
                    found[word] = found[word] + 1
                else:
                    found[word] = 1
            return found
        '''
    )
    (folder / "words.py").write_text(text, "utf-8")
    page = app.window.pages.page("code.page")
    assert page is not None
    widget: Any = page.widget  # a plugin's: the studio does not know its type
    workspace = widget.workspace
    workspace.open_folder(folder)
    _wait(lambda: False, 1.0)
    workspace.open("words.py")
    _wait(lambda: workspace.current is not None)
    start = text.index("    found")
    changed = text[:start] + "    return Counter(text.lower().split())\n"
    workspace.propose("words.py", changed, "Count with collections.Counter, whatever the case")
    decline: Callable[[], None] = workspace.decline
    return decline


def _floats(app: App) -> Iterator[tuple[str, Callable[[], None]]]:
    from studio.desktop.widgets.sheet import Sheet

    window, session = app.window, app.session
    assert session is not None
    if not app.activity.live():
        app.activity.watch(_busy_board())
    window.drawer.open()
    yield "drawer", window.drawer.dismiss
    session.palette.toggle()
    yield "palette", session.palette.dismiss
    _say_something(app)
    yield "notices", lambda: _each(card.closed.emit for card in window.notices.cards())
    for name, show in (("about", session.show_about), ("shortcuts", session.show_shortcuts)):
        show()
        yield name, lambda: _each(sheet.dismiss for sheet in window.findChildren(Sheet))
    window.status_bar.show_memory()
    yield "memory", window.status_bar.show_memory
    window.banner.say(
        "Another copy of Offline Studio (process 4711) is using this library, so nothing can be "
        "saved here.",
        "Use that window, or close it and start this one again.",
    )
    yield "read-only", lambda: window.banner.say("")
    yield "broken-page", _break_a_page(app)


def _each(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()


def _heartbeat() -> Status:
    """Return the status of a busy runtime."""
    from studio.protocol.device_status import LoadedWeights
    from studio.protocol.messages import Status
    from studio.protocol.trace import Energy, JobUse, PluginUse

    loaded = (
        LoadedWeights("smollm2-135m-instruct", 98_000_000, "cpu", ("job0",), working=34_000_000),
        LoadedWeights("image-starter", 320_000_000, "cpu", ("job1",), working=210_000_000),
        LoadedWeights("real-esrgan-x4plus", 67_000_000, "cpu", (), 74.0, pinned=True),
    )
    up = time.monotonic() % 10_000
    return Status(
        "cpu",
        "AMD EPYC 9354P",
        2,
        int(1.4e9),
        int(24e9),
        loaded,
        jobs=(JobUse("job0", "chat.reply", "chat"), JobUse("job1", "image.generate", "image")),
        plugins=(
            PluginUse(0.34 * up, 4.1 * up, plugin="chat"),
            PluginUse(0.48 * up, 6.3 * up, plugin="image"),
            PluginUse(71.0, 940.0, plugin="molecules"),
        ),
        up_seconds=up,
        processor_seconds=1.6 * up,
        energy=Energy(14.2 * up, "the processor, all programs together (RAPL)"),
    )


def _memory_news() -> tuple[PoolEvent, ...]:
    from studio.protocol.messages import PoolEvent

    return (
        PoolEvent("real-esrgan-x4plus", "evicted", 67_000_000, "Starter pictures needs 0.5 GB"),
        PoolEvent("image-starter", "loaded", 320_000_000, "for “A lighthouse at dusk”", 1.84),
        PoolEvent("molecules-smiles", "unloaded", 3_600_000, "nobody used it for 30 minutes"),
    )


def _last_hour() -> tuple[Span, ...]:
    """Return what such a runtime did in the last hour."""
    from studio.protocol.trace import Span

    now = time.time()

    def at_work(task: str, ago: float, seconds: float, busy: float) -> Span:
        lane = "interactive" if task == "chat.reply" else "batch"
        plugin = task.partition(".")[0]
        return Span(now - ago, seconds, "steps", task, "", lane, plugin, busy=busy, steps=150)

    search = ("molecules.improve", "waiting for 1.2 GB: Images is using it", "batch", "molecules")
    draw = ("image.generate", "loading Starter pictures", "batch", "image")
    made_room = "Starter pictures needs 0.5 GB"
    spans = [
        Span(now - 2980, 40, "loading", *draw),
        *(at_work("image.generate", 2940 - 320 * n, 260 - 30 * (n % 3), 180) for n in range(9)),
        *(at_work("chat.reply", 2500 - 190 * n, 12 + 9 * (n % 4), 9) for n in range(13)),
        at_work("molecules.improve", 1900, 400, 240),
        Span(now - 1500, 95, "waiting", *search),
        Span(now - 2985, 0, "evicted", "real-esrgan-x4plus", made_room, bytes=67_000_000),
        Span(now - 2940, 0, "loaded", "image-starter", bytes=320_000_000),
        Span(now - 300, 0, "unloaded", "molecules-smiles", "nobody used it for 30 minutes"),
    ]
    return tuple(sorted(spans, key=lambda span: span.began))


def _busy_board() -> HandMadeBoard:
    from studio.protocol.states import JobState
    from studio.testing.handmade import HandMadeBoard

    board = HandMadeBoard()
    job = board.add("Reply to “Explain a dilated convolution”", JobState.RUNNING)
    job.done, job.total, job.seconds_left, job.message = 190, 512, 12.0, "token 190 of 512"
    board.add("A lighthouse at dusk, oil painting", JobState.WAITING, "image").say(
        "1.2 GB, which Chat is using"
    )
    board.add("16 bars, calm, D minor", JobState.PAUSED, "score")
    board.add("Name three primary colours", JobState.DONE)
    board.add("Enlarge the harbour", JobState.CANCELLED, "image")
    return board


def _say_something(app: App) -> None:
    from studio.base.notices import Action, Level, Notice

    area = app.window.notices
    undo = (Action("Undo", _nothing),)
    area.show_notice(Notice(Level.INFO, "Conversation moved to the bin.", actions=undo))
    area.show_notice(
        Notice(
            Level.ERROR,
            "There is not enough memory for this model.",
            "They need 6.5 GB and 2.1 GB are free. Choose smaller ones, or unload SmolLM2.",
        )
    )
    area.show_notice(Notice(Level.WARN, "The disk is nearly full.", "310 MB are left."))


def _break_a_page(app: App) -> Callable[[], None]:
    from studio.desktop.window.page_spec import PageSpec

    def build() -> None:
        raise ValueError("list index out of range")

    session = app.session
    assert session is not None
    broken = PageSpec("broken.page", "Pictures", "image", build, plugin="Painter")  # type: ignore[arg-type]
    app.window.set_pages([*session.workspace.specs(), broken])
    app.window.open_page("broken.page")

    def mend() -> None:
        app.window.set_pages(session.workspace.specs())
        session.workspace.open_first()

    return mend


def _set_theme(app: App, theme: str) -> None:
    from studio.desktop.appearance.theme import ThemeMode

    app.look.theme.set_mode(ThemeMode(theme))


def _wait(done: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    from PySide6.QtWidgets import QApplication

    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.005)


def _nothing() -> None:
    return None


if __name__ == "__main__":
    sys.exit(main())
