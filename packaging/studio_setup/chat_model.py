"""The chat model of `make run`: the best that runs well on this computer, downloaded once.

`studio models get best` chooses and downloads it, and continues an interrupted download. The window
offers it to whoever skips it here: STUDIO_STARTER=small in the environment, or the key S.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from studio_setup.console import Console, SetupError, Stopped
from studio_setup.project import Project
from studio_setup.stamps import write_whole

KEY = "s"
LATER = "the window offers it"


def is_settled(project: Project) -> bool:
    """Whether it was downloaded, found unnecessary, or skipped."""
    return os.environ.get("STUDIO_STARTER") == "small" or _note(project).exists()


def ensure(console: Console, project: Project) -> str:
    """Downloads it unless that is settled. Returns one line about the outcome.

    A failure keeps nobody from the window: the next `make run` tries again.
    """
    if is_settled(project):
        return f"skipped; {LATER}"
    command = project.command("studio", "models", "get", "best", "--progress")
    try:
        with _key_pressed() as pressed:
            if pressed is not _never:
                console.say(f"      Up to 1.1 GB, once. Press {KEY.upper()} to skip; {LATER}.")
            tail = console.run(command, "The chat model could not be downloaded", stop=pressed)
    except Stopped:
        outcome = f"skipped; {LATER}"
    except SetupError as error:
        console.say(f"      {error}")
        return f"missing: the small one answers; {LATER}"
    else:
        outcome = tail[-1] if tail else "done"
    project.state.mkdir(parents=True, exist_ok=True)
    write_whole(_note(project), outcome)
    return outcome


def _note(project: Project) -> Path:
    return project.state / "chat-model"


def _never() -> bool:
    return False


@contextlib.contextmanager
def _key_pressed() -> Iterator[Callable[[], bool]]:
    """Yields what tells whether the key was pressed; `_never` where no terminal listens."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        yield _never
    elif sys.platform == "win32":
        import msvcrt

        yield lambda: msvcrt.kbhit() and msvcrt.getwch().lower() == KEY
    else:
        import termios
        import tty

        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        tty.setcbreak(terminal)
        try:
            yield lambda: _read(terminal).lower() == KEY
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _read(terminal: int) -> str:
    """The key that was pressed since the last look; empty for none."""
    ready, _, _ = select.select([terminal], [], [], 0)
    return os.read(terminal, 1).decode("ascii", "replace") if ready else ""
