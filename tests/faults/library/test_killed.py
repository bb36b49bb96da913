"""Killed without warning: a reply keeps its text, and the next studio asks no question."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.library import Library, MessageState
from studio.testing.guards import THOROUGH

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL is for POSIX"),
]


STREAM = """
import sys, time
from pathlib import Path
from studio.library import Library
library = Library.open(Path(sys.argv[1]))
c = library.conversations
talk = c.create("Talk")
reply = c.begin_reply(talk.id, c.add_message(talk.id, None, "user", "count").id)
print(talk.id, flush=True)
number = 0
while True:
    reply.append(f"{number} ")
    print(number, time.monotonic(), flush=True)
    number += 1
    time.sleep(0.0005)
"""

MOVE = """
import sys
from pathlib import Path
from studio.api.artifacts import NewArtifact
from studio.library import Library
home = Path(sys.argv[1])
library = Library.open(home / "library")
number = 0
while True:
    film = home / f"film-{number}"
    film.write_bytes(b"%d " % number * 50_000)
    saved = library.add_artifact(NewArtifact("video", film, ".webm", str(number)), move=True)
    print(number, saved.id, flush=True)
    number += 1
"""

HOLD = """
import sys
from pathlib import Path
from studio.api.artifacts import NewArtifact
from studio.library import Library
library = Library.open(Path(sys.argv[1]))
library.add_artifact(NewArtifact("text", b"x", ".txt", "of the first"))
print("holding" if not library.read_only else "reading", flush=True)
sys.stdin.read()
"""


@contextmanager
def running(script: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a script on a library, and make sure that it ends."""
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def line(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    ready, _, _ = select.select([child.stdout], [], [], 60)
    assert ready, "the child said nothing"
    return child.stdout.readline().decode().strip()


def test_a_kill_during_a_reply_loses_at_most_a_second_of_it(tmp_path: Path) -> None:
    chance = random.Random(20)
    for attempt in range(6 if THOROUGH else 3):
        folder = tmp_path / str(attempt)
        with running(STREAM, folder) as child:
            talk = line(child)
            enough = chance.randrange(1, 200)
            while int(line(child).split()[0]) < enough:
                pass
            killed = time.monotonic()
            child.send_signal(signal.SIGKILL)
            rest, _ = child.communicate()
        said = [row.split() for row in rest.decode().splitlines() if row.count(" ") == 1]
        owed = [int(number) for number, when in said if float(when) < killed - 1.0]
        with Library.open(folder) as library:
            *_, message = library.conversations.thread(talk)
            assert message.state is MessageState.INTERRUPTED
            kept = [int(word) for word in message.content.split()]
            assert kept == list(range(len(kept)))  # from the beginning, without a gap
            assert len(kept) > max([enough, *owed])
            assert library.news
            assert library.verify().ok


def test_a_kill_while_files_are_moved_loses_none_that_was_saved(tmp_path: Path) -> None:
    chance = random.Random(21)
    for attempt in range(5 if THOROUGH else 3):
        home = tmp_path / str(attempt)
        home.mkdir()
        with running(MOVE, home) as child:
            saved = [line(child).split() for _ in range(chance.randrange(1, 6))]
            last = int(saved[-1][0])
            # Any later one: the very next may have come and gone between two looks.
            while not any(int(film.name[5:]) > last for film in home.glob("film-*")):
                assert child.poll() is None, "the child ended by itself"
            child.send_signal(signal.SIGKILL)
            rest, _ = child.communicate()
        saved += [row.split() for row in rest.decode().splitlines() if row.count(" ") == 1]
        with Library.open(home / "library") as library:
            for number, id in saved:
                payload = library.payload_path(id).read_bytes()
                assert payload == f"{number} ".encode() * 50_000
            assert library.verify().ok
            assert not list((home / "library" / "incoming").glob("*.part"))


def test_the_writer_is_told_and_its_death_frees_the_library(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    with running(HOLD, folder) as first:
        assert line(first) == "holding"
        with Library.open(folder) as second:
            assert second.read_only
            assert second.health.writer == first.pid
            assert second.count("first") == 1
        first.send_signal(signal.SIGKILL)
        first.wait()
        with Library.open(folder) as third:
            assert not third.read_only
            assert third.news == []
            third.add_artifact(NewArtifact("text", b"y", suffix=".txt"))


def test_a_child_of_the_writer_does_not_keep_the_library_locked(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    grandchild = "import subprocess\nprint(subprocess.Popen(['sleep', '600'], stdout=-3).pid)\n"
    with running(HOLD.replace("print(", grandchild + "print(", 1), folder) as first:
        survivor = int(line(first))
        try:
            assert line(first) == "holding"
            first.send_signal(signal.SIGKILL)
            first.wait()
            os.kill(survivor, 0)  # it is alive
            with Library.open(folder) as second:
                assert not second.read_only
        finally:
            os.kill(survivor, signal.SIGKILL)
