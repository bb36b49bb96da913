"""The program that faults are done to: saves a bit of everything and says what it was promised.

Run as ``python saver.py FOLDER PROMISES [die]``; with ``die`` the first refusal is its end. Each
line of the second file was written after a method of the library had returned. A method that raised
``StudioError`` promised nothing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from studio.api.artifacts import NewArtifact
from studio.library import Library
from studio.protocol.errors import StudioError


class Saver:
    """Works through the scenario; ``said`` is the file of promises."""

    def __init__(self, library: Library, said: int, die: bool) -> None:
        self._library = library
        self._said = said
        self._die = die

    def run(self) -> None:
        """Save, change, talk, delete; go on after every refusal."""
        library, c = self._library, self._library.conversations
        record = self._try("record", lambda: library.add_record("a.b", {"prompt": "fox"}).id)
        image = self._try(
            "artifact",
            lambda: (
                library.add_artifact(
                    NewArtifact("image", b"pixels" * 50, suffix=".png", preview=b"small"),
                    record=record or "",
                ).id
            ),
        )
        text = self._try(
            "artifact", lambda: library.add_artifact(NewArtifact("text", b"t", suffix=".txt")).id
        )
        if image:
            self._try("starred", lambda: library.star(image), image)
        talk = self._try("conversation", lambda: c.create("Talk").id)
        if talk:
            self._talk(talk)
        if text and self._try("binned", lambda: library.bin(text) or text):
            self._try("erased", library.empty_bin, text)
        self._try("job", lambda: library.jobs.journal_start("job", "a.b").id)

    def _talk(self, talk: str) -> None:
        c = self._library.conversations
        asked = self._try("message", lambda: c.add_message(talk, None, "user", "hello").id)
        journal = None
        try:
            journal = c.begin_reply(talk, asked)
        except StudioError as error:
            self._refused("begin_reply", error)
        if journal:
            journal.append("part of ")
            journal.append("a reply")
            self._try("reply", lambda: c.finish_reply(journal).id)

    def _try(self, what: str, do: Callable[[], Any], subject: str = "") -> Any:
        try:
            result = do()
        except StudioError as error:
            self._refused(what, error)
            return None
        self._say(what, subject or result)
        return result

    def _refused(self, what: str, error: StudioError) -> None:
        self._say("refused", f"{what}: {error.code}: {error.details}")
        if self._die:
            os.kill(os.getpid(), signal.SIGKILL)

    def _say(self, what: str, subject: Any) -> None:
        with suppress(OSError):  # a fault may hit this write too; then nothing was promised
            os.write(self._said, json.dumps([what, subject]).encode() + b"\n")


def main(folder: Path, said: Path, *, die: bool) -> int:
    """Open the library and run; 3 when it cannot even be opened, with the sentence on stderr."""
    promises = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        library = Library.open(folder)
    except StudioError as error:
        sys.stderr.write(f"refused: {error}\n")
        return 3
    if library.read_only:
        sys.stderr.write(f"read-only: {library.health.message}\n")
    Saver(library, promises, die).run()
    library.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), die="die" in sys.argv[3:]))
