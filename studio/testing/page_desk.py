"""A page of a plugin under the hands of a test: a real studio, a scripted runtime, no other page.

A plugin author's whole fixture can be::

    class Desk(PageDesk):
        plugin = "dice"

        def build(self) -> Page:
            return page.build(self.ctx)

    @pytest.fixture
    def desk(qtbot, look, tmp_path, monkeypatch):
        with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
            yield desk

What the runtime does is a script, one a job, written before the job is started::

    desk.runtime.enqueue(Step(1, 2, "half"), Artifact("text", b"hi", ".txt"), Result(words=1))

``studio.testing.scripted`` has the lines of scripts: ``Tokens``, ``Step``, ``Artifact``,
``Result``, ``Stall``, ``Fail``, ``Die``. ``desk.runtime.submitted`` is what was asked of it.

A test then does what a person does: ``desk.run()``, ``desk.until_over()``, ``desk.results()``,
``desk.trouble()``, ``desk.drop(path)``. Of several parts of one kind in a page the first is meant;
``desk.kit`` has them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import pytest
import shiboken6
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QGraphicsView, QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.results import TaskResult
from studio.api.window.context import Page
from studio.base.notices import Level, Notice
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.kit.drop_target import DropTarget
from studio.desktop.kit.kept_results import PageResults
from studio.desktop.kit.mode_forms import ModeForms
from studio.desktop.kit.offered_modes import OfferedModes
from studio.desktop.kit.page_kit import PageKit
from studio.desktop.kit.prompt_field import PromptField
from studio.desktop.kit.run_button import RunButton
from studio.desktop.kit.run_controller import RunController
from studio.desktop.main_thread.bridge import Background, Bridge
from studio.desktop.plugin_context import CatalogueView, PluginContext
from studio.desktop.ui import WindowUi
from studio.desktop.widgets.job_rows import ProgressRow, TroubleRow
from studio.plugins.discovery import SEARCH_PATH
from studio.studio import Studio
from studio.testing.scripted import ScriptedRuntime

_PATIENCE_MS = 60_000
"""It bounds a hang, and measures nothing."""
_SIDECAR = """
id = "{id}"
title = "{id}"
file = "{id}.bin"
format = "gguf"
family = "any"
capability = ["{capability}"]
"""


class PageDesk:
    """One start of the studio with the page open; ``again()`` is the next start.

    A subclass names its plugin and builds its page. Weights are looked for in the folder
    ``weights`` beside the home, and nowhere else.

    Attributes:
        plugin: Id of the plugin, whose package is ``studio_`` and that unless ``package`` says so.
        capabilities: Weights that there are, without anything in them: id → what they are for.
        whole: What ``build`` returned.
        page: The page's widget: that itself, or the widget of that ``Page``.
        kit: The parts that the page was put together from.
        runtime: Follows the script that a test gives it.
        picked, target: What the user answers when asked for files, and for a place to write.
        sent: Artifacts that were sent to another page.
    """

    plugin = ""
    package = ""
    capabilities: Mapping[str, str] = {}
    runtime_type: type[ScriptedRuntime] = ScriptedRuntime

    def __init__(self, qtbot: Any, look: Appearance, home: Path) -> None:
        self.qtbot, self.look, self.home = qtbot, look, home
        self.weights = home.parent / "weights"
        self.runtime: Any = self.runtime_type()
        self.picked: list[Path] = []
        self.target: Path | None = None
        self.sent: list[Any] = []
        self.open()

    @classmethod
    @contextmanager
    def opened(
        cls, folder: Path, qtbot: Any, look: Appearance, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Self]:
        """Lay out the weights and open in ``folder``; close at the end."""
        weights = folder / "weights"
        weights.mkdir()
        for id, capability in cls.capabilities.items():
            (weights / f"{id}.toml").write_text(_SIDECAR.format(id=id, capability=capability))
            (weights / f"{id}.bin").write_bytes(b"GGUF" + bytes(28))
        monkeypatch.setenv("STUDIO_WEIGHTS", str(weights))
        spec = find_spec(cls.package or f"studio_{cls.plugin}")
        if spec and spec.origin:  # it need not be installed
            monkeypatch.setenv(SEARCH_PATH, str(Path(spec.origin).parents[1]))
        desk = cls(qtbot, look, folder / "home")
        yield desk
        desk.close()

    # --- what a subclass may say --------------------------------------------------------------

    def build(self) -> Any:
        """Return the page, made with ``self.ctx``: a ``Page``, or its widget alone."""
        raise NotImplementedError

    def idle(self) -> bool:
        """Whether the page has nothing left to do."""
        return True

    def dress(self, ui: WindowUi) -> None:
        """Stub the external effects of the window; file dialogs are already stubbed."""

    def targets(self, artifact: SavedArtifact) -> Sequence[tuple[str, Callable[[], None]]]:
        """Return the pages that take an artifact."""
        return [(self.plugin.title(), lambda: self.sent.append(artifact))]

    # --- starts and ends ----------------------------------------------------------------------

    def open(self) -> None:
        """Start."""
        self._others = set(QApplication.topLevelWidgets())
        self.bridge = Bridge()
        self.background = Background(self.bridge)
        self.studio = Studio.open(post=self.bridge.post, home=self.home, launch=self.runtime.launch)
        self.studio.weights.folders = (self.weights,)  # not those of this machine
        self.studio.weights.rescan()
        self.window = QWidget()
        self.window.resize(1000, 740)
        self.look.theme.dress(self.window)
        ui = _AnsweringUi(self)
        self.dress(ui)
        for plugin in self.studio.plugins.plugins:
            if plugin.id == self.plugin and plugin.folder is not None:
                self.look.language.learn(plugin.id, plugin.folder)
        self.ctx = PluginContext(self.plugin, self.studio, ui, self.background, self.targets)
        ctx = self.ctx
        offered = OfferedModes(self.plugin, self.studio.plugins)
        self.kit = RecordedKit(ctx, self.look, ctx.page_jobs, ctx.exporter, offered)
        self.ctx.kit = self.kit
        built = self.build()
        self.whole: Any = built
        self.page: Any = built.widget if isinstance(built, Page) else built
        self.page.setParent(self.window)
        self.page.resize(1000, 740)
        self.window.show()
        self.settled()

    def close(self) -> None:
        """End in good order."""
        self.settled()
        self.end()

    def end(self) -> None:
        """End now."""
        self.studio.close()
        self.background.wait()
        self.window.close()
        _end_views(self.window)
        # Its panel and its menus have no place in this window, and each change of style would visit
        # those of all tests before.
        for widget in set(QApplication.topLevelWidgets()) - self._others:
            widget.deleteLater()

    def again(self, state: Mapping[str, Any] | None = None) -> None:
        """End and start again, with the state of the page that a shell would keep."""
        save = getattr(self.whole, "save_state", None)  # a page may keep nothing
        saved = save() if state is None and save else state
        state = json.loads(json.dumps(saved))
        self.close()
        self.open()
        if restore := getattr(self.whole, "restore_state", None):
            restore(state or {})
        self.settled()

    # --- waiting ------------------------------------------------------------------------------

    def until(self, holds: Callable[[], bool]) -> None:
        """Let the window live until something holds."""
        self.qtbot.waitUntil(holds, timeout=_PATIENCE_MS)

    def settled(self) -> None:
        """Wait until all that was asked of other threads has come back."""
        shelves = self.kit.shelves

        def is_at_rest() -> bool:
            is_done = self.background.wait(0)
            return is_done and all(shelf.settled for shelf in shelves) and self.idle()

        while True:  # what comes back may ask for more
            self.until(is_at_rest)
            back: list[None] = []
            self.bridge.post(partial(back.append, None))  # behind all that was posted so far
            self.until(partial(bool, back))
            if is_at_rest():
                return

    def until_over(self) -> None:
        """Wait until no job of the page is at work."""
        self.until(lambda: not self.busy())

    # --- running ------------------------------------------------------------------------------

    def run(self) -> None:
        """Press the button that starts, or adds to the queue while a job is at work."""
        button = self.kit.buttons[0]
        assert not button.busy, "it would stop"
        self.qtbot.mouseClick(button.widget, Qt.MouseButton.LeftButton)

    def stop(self) -> None:
        """Press the button that stops, and wait until the job is over; what waits follows it."""
        button = next(
            candidate for candidate in self.kit.buttons if candidate.busy or candidate.adding
        )
        stop = button.stop if button.adding else button.widget
        stopped = {run.job for run in self.kit.runs if run.job is not None}
        self.qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
        self.until(lambda: not stopped & {run.job for run in self.kit.runs})

    def waiting(self) -> int:
        """Return how many jobs of the page wait behind the one at work."""
        return sum(len(run.waiting) for run in self.kit.runs)

    def busy(self) -> bool:
        """Whether a job of the page is at work."""
        return any(run.busy for run in self.kit.runs)

    def verb(self) -> str:
        """Return the label of the button."""
        return str(self.kit.buttons[0].widget.text())

    def progress(self) -> str:
        """Return the status text of the running job; empty if no row shows one."""
        rows = self.page.findChildren(ProgressRow)
        return next((row.words.text() for row in rows if row.isVisible()), "")

    def share(self) -> float:
        """Return how far the job at work is, from 0 to 1; 0 while no row knows."""
        bars = [row.bar for row in self.page.findChildren(ProgressRow) if row.isVisible()]
        return next((bar.value() / bar.maximum() for bar in bars if bar.maximum()), 0.0)

    def trouble(self) -> str:
        """Return the text of the visible error row, if any."""
        row = self._trouble()
        return row.words.text() if row is not None else ""

    def try_again(self) -> None:
        """Press the button of the row of trouble."""
        row = self._trouble()
        assert row is not None, "there is no trouble"
        self.qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)

    def _trouble(self) -> TroubleRow | None:
        return next((row for row in self.page.findChildren(TroubleRow) if row.isVisible()), None)

    # --- setting ------------------------------------------------------------------------------

    def mode(self) -> str:
        """Return the id of the mode that is on."""
        return self.kit.switches[0].mode.id

    def set_mode(self, mode: str) -> None:
        """Turn a mode on."""
        self.kit.switches[0].choose(mode)

    def write(self, text: str) -> None:
        """Replace the text of the prompt field."""
        self.kit.fields[0].set_text(text)

    # --- results ------------------------------------------------------------------------------

    def results(self) -> list[TaskResult]:
        """Return the results in the strip, from the left."""
        shelf = self.kit.shelves[0]
        results = [shelf.find(id) for id in shelf.widget.ids()]
        return [result for result in results if result is not None]

    def pick_result(self, place: int) -> None:
        """Choose a result of the strip."""
        self.kit.shelves[0].widget.setCurrentRow(place)

    # --- seeing and doing ---------------------------------------------------------------------

    def listen(self) -> list[str]:
        """Return the list that all further notices go to."""
        texts: list[str] = []

        def note(notice: Notice) -> None:
            if notice.level is Level.INFO:
                texts.append(f"{notice.message} {notice.hint}")

        self.studio.notices.on_notice(note)
        return texts

    def offers(self) -> list[Callable[[], None]]:
        """Return the list that the buttons of all further notices go to, such as Undo."""
        offered: list[Callable[[], None]] = []

        def note(notice: Notice) -> None:
            offered.extend(action.run for action in notice.actions)

        self.studio.notices.on_notice(note)
        return offered

    def drop(self, what: QMimeData | Path | Sequence[Path]) -> bool:
        """Drag something over the page, and drop it where the page takes it; return whether."""
        data = what if isinstance(what, QMimeData) else files_as_mime(what)
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        copy, at = Qt.DropAction.CopyAction, QPoint(200, 200)
        enter = QDragEnterEvent(at, copy, data, left, none)
        enter.ignore()
        QApplication.sendEvent(self.page, enter)
        if enter.isAccepted():
            QApplication.sendEvent(self.page, QDropEvent(QPointF(at), copy, data, left, none))
        return bool(enter.isAccepted())

    def paste(self, what: str | QImage | None = None) -> None:
        """Put something on the clipboard, or nothing, and paste it into the page."""
        clipboard = QGuiApplication.clipboard()
        clipboard.clear()
        if isinstance(what, QImage):
            clipboard.setImage(what)
        elif what is not None:
            clipboard.setText(what)
        self.kit.targets[0].paste()

    def pick(self, *paths: Path) -> None:
        """Open files by the dialog that asks for them."""
        self.picked = list(paths)
        self.kit.targets[0].pick()


class _AnsweringUi(WindowUi):
    """Gives the answers of a desk where the window would ask the user for files."""

    def __init__(self, desk: PageDesk) -> None:
        super().__init__(desk.look, desk.window, CatalogueView(desk.studio), lambda: None)
        self._desk = desk

    def pick_files(
        self, title: str, suffixes: Sequence[str] = (), *, many: bool = False
    ) -> list[Path]:
        return self._desk.picked

    def save_file(self, title: str, name: str, suffixes: Sequence[str] = ()) -> Path | None:
        return self._desk.target


def files_as_mime(paths: Path | Sequence[Path]) -> QMimeData:
    """Return files as a file manager drags them."""
    data = QMimeData()
    several = [paths] if isinstance(paths, Path) else paths
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in several])
    return data


class RecordedKit(PageKit):
    """Each list has the parts in the order in which the page made them.

    Attributes:
        runs, buttons, shelves, targets, switches, fields: Run controllers, run buttons, kept
            results, drop targets, modes, prompt fields.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.runs: list[RunController] = []
        self.buttons: list[RunButton] = []
        self.shelves: list[PageResults] = []
        self.targets: list[DropTarget] = []
        self.switches: list[ModeForms] = []
        self.fields: list[PromptField] = []

    def run_controller(self, **parts: Any) -> RunController:
        """Remember it."""
        self.runs.append(super().run_controller(**parts))
        return self.runs[-1]

    def run_button(self, verb: str, icon: str = "play", **more: Any) -> RunButton:
        """Remember it."""
        self.buttons.append(super().run_button(verb, icon, **more))
        return self.buttons[-1]

    def results(self, key: str, **shown: Any) -> PageResults:
        """Remember them."""
        self.shelves.append(super().results(key, **shown))
        return self.shelves[-1]

    def drop_target(self, *where: Any, **accepted: Any) -> DropTarget:
        """Remember it."""
        self.targets.append(super().drop_target(*where, **accepted))
        return self.targets[-1]

    def modes(self, *modes: Any, kind: str = "") -> ModeForms:
        """Remember them."""
        self.switches.append(super().modes(*modes, kind=kind))
        return self.switches[-1]

    def prompt_field(self, name: str, **looks: Any) -> PromptField:
        """Remember it."""
        self.fields.append(super().prompt_field(name, **looks))
        return self.fields[-1]


def _end_views(window: QWidget) -> None:
    """Let views end before their scenes, now and while Python holds both.

    Left to Qt, a scene that Python has made (as pyqtgraph does) is deleted by its view behind
    Python's back, some time later: that ended the whole process.
    """
    for view in window.findChildren(QGraphicsView):
        if shiboken6.isValid(view):  # it may have been inside another one
            scene = view.scene()  # asked for, so that it is known whose it is
            shiboken6.delete(view)
            del scene
