"""Film of the window at work, with the real runtime, for the README. Asserts nothing.

    python -m studio.testing.film FOLDER

Writes ``film.webp`` and a picture of chat, music and molecules. The home is thrown away; the models
are those of the user. Nothing is staged but the prompts, and work that takes longer than
``_LONGEST`` is shown in that time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.app import App

_SIZE, _FRAME = (1280, 800), (960, 600)
_INTERVAL = 0.125
"""Seconds from picture to picture."""
_LONGEST = 2.5
"""Seconds of one piece of work that are shown."""
_RESULT = 1.5
"""Seconds that its result is shown."""
_PATIENCE = 240.0


class _Film:
    """Pictures of the window, one each interval, while something happens in it."""

    def __init__(self, app: App) -> None:
        self._app, self.frames = app, list[Any]()

    def shoot(self, seconds: float) -> None:
        """Take pictures for a while."""
        from PySide6.QtCore import Qt

        for _ in range(round(seconds / _INTERVAL)):
            _wait(lambda: False, _INTERVAL)
            shown = self._app.window.grab().toImage()
            smooth = Qt.TransformationMode.SmoothTransformation
            self.frames.append(shown.scaled(*_FRAME, mode=smooth))

    def shoot_until(self, done: Callable[[], bool]) -> None:
        """Take pictures until something is done, and of its result."""
        first, began = len(self.frames), time.monotonic()
        while not done() and time.monotonic() - began < _PATIENCE:
            self.shoot(_INTERVAL)
        shown = self.frames[first:]
        most = round(_LONGEST / _INTERVAL)
        if len(shown) > most:
            step = len(shown) / most
            self.frames[first:] = [shown[int(number * step)] for number in range(most)]
        self.shoot(_RESULT)

    def type(self, field: Any, text: str) -> None:
        """Type a text into a field, as fast as a person does who knows it."""
        from PySide6.QtTest import QTest

        field.setFocus()
        for start in range(0, len(text), 3):
            QTest.keyClicks(field, text[start : start + 3])
            self.shoot(_INTERVAL)

    def save(self, path: Path) -> None:
        """Write the film as an animated WebP that begins again at its end."""
        from PIL import Image

        pictures = []
        for frame in self.frames:
            straight = frame.convertToFormat(frame.Format.Format_RGB888)
            stride = straight.bytesPerLine()
            raw = bytes(straight.constBits())
            pictures.append(Image.frombuffer("RGB", _FRAME, raw, "raw", "RGB", stride, 1))
        pictures[0].save(
            path,
            save_all=True,
            append_images=pictures[1:],
            duration=round(_INTERVAL * 1000),
            loop=0,
            quality=70,
            method=4,
        )


def main(argv: list[str] | None = None) -> int:
    """Make the film and return the exit code."""
    parser = argparse.ArgumentParser(prog="film", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(argv).folder
    folder.mkdir(parents=True, exist_ok=True)
    from studio.base.paths import StudioPaths

    models = StudioPaths.default().weights_folders()[0]
    with tempfile.TemporaryDirectory(prefix="offline-studio-film-") as home:
        if models.is_dir():
            (Path(home) / "weights").symlink_to(models)
        os.environ.update(STUDIO_HOME=home, QT_QPA_PLATFORM="offscreen")
        return _make(folder)


def _make(folder: Path) -> int:
    from studio.app import App, make_application  # isort: skip  first of all, as the window does

    from studio.desktop.appearance.theme import ThemeMode

    application = make_application()
    application.setCursorFlashTime(0)
    app = App(application)
    app.window.resize(*_SIZE)
    app.look.theme.set_mode(ThemeMode.DARK)
    app.start()
    _wait(lambda: app.session is not None and bool(app.window.pages.current))
    film = _Film(app)
    for name, act in (
        ("chat", _ask),
        ("image", _draw),
        ("music", _compose),
        ("molecules", _generate),
    ):
        act(app, film)
        app.window.grab().save(str(folder / f"{name}-dark.png"))
    app.window.open_page("studio.gallery")
    film.shoot(_RESULT)
    app.quit()
    app.finish()
    film.save(folder / "film.webp")
    print(f"{len(film.frames) * _INTERVAL:.1f} s in {folder / 'film.webp'}")
    return 0


def _ask(app: App, film: _Film) -> None:
    """Begin a conversation on the start page and wait for the reply."""
    film.shoot(0.75)
    home: Any = _widget(app, app.window.pages.current)
    film.type(home.ask, "W")
    chat: Any = _widget(app, "chat.page")
    film.type(chat.composer.field, "rite a Python function that reverses the words of a text.")
    chat.composer.send()
    film.shoot_until(_idle(app))


def _draw(app: App, film: _Film) -> None:
    app.window.open_page("image.page")
    page: Any = _widget(app, "image.page")
    page.composer.prompt.field.set_text("an owl")
    _start(app, film, page)


def _compose(app: App, film: _Film) -> None:
    app.window.open_page("music.page")
    page: Any = _widget(app, "music.page")
    page.prompt_box.set_words("16 bars, calm, D minor, flute")
    _start(app, film, page)


def _generate(app: App, film: _Film) -> None:
    app.window.open_page("molecules.page")
    _start(app, film, _widget(app, "molecules.page"))


def _start(app: App, film: _Film, page: Any) -> None:
    """Press the main button of a page and wait for the result."""
    from PySide6.QtWidgets import QPushButton

    film.shoot(0.75)
    buttons = page.findChildren(QPushButton)
    main = [one for one in buttons if one.isVisible() and one.property("kind") == "primary"]
    main[-1].click()
    film.shoot_until(_idle(app))


def _idle(app: App) -> Callable[[], bool]:
    began = time.monotonic()
    return lambda: time.monotonic() - began > 1.0 and not app.activity.live()


def _widget(app: App, page: str) -> Any:
    shown = app.window.pages.page(page)
    assert shown is not None, page
    return shown.widget


def _wait(until: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    from PySide6.QtTest import QTest

    ends = time.monotonic() + seconds
    while not until() and time.monotonic() < ends:
        QTest.qWait(15)


if __name__ == "__main__":
    sys.exit(main())
