"""Whose code was it? Finds the plugin at fault by the files on a stack. Runs none of its code."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import studio

_STUDIO = os.path.realpath(Path(studio.__file__).parent)
_CRASHED_THREAD = re.compile(r"^Current thread .*$", re.MULTILINE)
_REPORTED_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+|\?\?\?) in (?P<name>.+)$')


@dataclass(frozen=True)
class Culprit:
    """The plugin at fault, and the frame that shows it.

    Attributes:
        plugin: Its id.
        where: The frame in words: ``on_click in page.py, line 12``.
    """

    plugin: str
    where: str


class Blame:
    """Reads stacks. A fault is laid at the plugin whose frame comes first below the studio's own.

    Frames of libraries count for nobody. Where a plugin called the studio and the studio called
    another plugin, it is the other's; where a plugin called the studio and the studio fell, it is
    the caller's: what it handed over is the likelier cause.
    """

    def __init__(self, folders: Mapping[Path, str]) -> None:
        """``folders``: where code of a plugin lies → its id."""
        self._folders = {f"{os.path.realpath(at)}{os.sep}": id for at, id in folders.items()}

    def plugins(self) -> set[str]:
        """Return the ids of all whose code is known."""
        return set(self._folders.values())

    def of_file(self, path: str) -> str:
        """Return the id of the plugin that a file of code is of; empty for none."""
        return self._owner(os.path.realpath(path))

    def of_error(self, error: BaseException) -> Culprit | None:
        """Return who raised ``error``; None if no plugin had a part in it."""
        return self.of_stack(traceback.extract_tb(error.__traceback__))

    def of_stack(self, stack: Iterable[traceback.FrameSummary]) -> Culprit | None:
        """Return whose turn it was in a stack, outermost frame first."""
        culprit, below_studio = None, True
        for frame in stack:
            path = os.path.realpath(frame.filename)
            plugin = self._owner(path)
            if plugin and below_studio:
                at = f", line {frame.lineno}" if frame.lineno else ""
                culprit = Culprit(plugin, f"{frame.name} in {os.path.basename(path)}{at}")
            if plugin:
                below_studio = False
            elif path.startswith(f"{_STUDIO}{os.sep}"):
                below_studio = True
        return culprit

    def of_report(self, report: str) -> Culprit | None:
        """Return whose turn it was in the thread that crashed, by a report of faulthandler."""
        crashed = _CRASHED_THREAD.search(report)
        if crashed is None:
            return None
        frames = []
        for line in report[crashed.end() + 1 :].splitlines():
            match = _REPORTED_FRAME.match(line)
            if match is None:
                break  # the next thread begins
            number = int(match["line"]) if match["line"].isdigit() else None
            frames.append(traceback.FrameSummary(match["file"], number, match["name"]))
        return self.of_stack(reversed(frames))

    def _owner(self, path: str) -> str:
        # The longest: a plugin may lie in a folder that another one was found in.
        inside = [folder for folder in self._folders if path.startswith(folder)]
        return self._folders[max(inside, key=len)] if inside else ""
