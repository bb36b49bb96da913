"""Fixtures that tests of plugins share with ours: the window's clothes, and the command line.

Loaded by ``-p studio.testing.fixtures``. It imports Qt and the studio only where one is asked for;
tests draw where nobody looks, unless ``QT_QPA_PLATFORM`` says otherwise.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from studio.desktop.appearance.appearance import Appearance


OFFSCREEN = f"offscreen:configfile={Path(__file__).with_name('screen.json')}"
"""Draws where nobody looks, on a screen of 1920 by 1200; Qt's own has 800 by 800."""


def pytest_configure() -> None:
    """Without a display Qt would abort the whole process."""
    if os.environ.get("QT_QPA_PLATFORM", "offscreen") == "offscreen":
        os.environ["QT_QPA_PLATFORM"] = OFFSCREEN


@pytest.fixture(scope="session")
def dressed(qapp: Any) -> Iterator[Appearance]:
    """The look of all tests: its fonts and icons are read once."""
    from studio.desktop.appearance.appearance import Appearance
    from studio.desktop.appearance.theme import ThemeMode

    look = Appearance.dress(qapp, ThemeMode.DARK)
    look.theme.reduced_motion = True
    yield look
    look.theme.close()


@pytest.fixture
def look(qapp: Any, dressed: Appearance) -> Iterator[Appearance]:
    """The appearance, dark and without animations; restored after each test."""
    from studio.desktop.appearance.theme import ThemeMode

    if qapp.palette().window().color() != dressed.theme.color("bg"):
        dressed.theme.apply()  # a test of the whole application has left its own
    collects = gc.isenabled()
    gc.disable()  # objects of Qt in a cycle must not end in another thread
    yield dressed
    dressed.theme.set_mode(ThemeMode.DARK)
    dressed.theme.reduced_motion = True
    if collects:
        gc.collect()
        gc.enable()


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Run the command line in this process: returns (exit code, stdout, stderr)."""
    from studio.cli.main import main
    from studio.cli.terminal.log import QuietLog

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words, lambda safe_mode, only: 77)
        return (int(code), *capsys.readouterr())

    yield run
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, QuietLog)]:
        root.removeHandler(handler)
        handler.close()


@pytest.fixture
def runtime_within(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let studios of this process have their runtime in it too: the real server over a real link.

    A process of its own takes four processor seconds to import torch, which this one has already.
    """
    from studio.studio import Studio
    from studio.testing.inproc import real_runtime

    monkeypatch.setattr(Studio, "_launch", lambda studio: real_runtime(studio.paths.cache))
