"""A small library, and ways to damage each of its files; what the studio says of each is judged.

Run as a program: it opens one damaged library after another in children that may take no more than
a little memory and time, and prints what became of each, a line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

MEMORY = 1 << 30
SECONDS = 120
"""Until a child is held to be endless: a loaded machine is slow."""


def make(home: Path) -> None:
    """Make a library with all that one has."""
    from studio.api.artifacts import NewArtifact
    from studio.base.paths import StudioPaths
    from studio.library import Library
    from studio.library.rows import MessageState

    with Library.open(StudioPaths(home)) as library:
        record = library.add_record("echo.say", {"text": "words"}, plugin="echo")
        for number in range(3):
            text = f"text {number}"
            new = NewArtifact("text", text.encode() * 50, ".txt", f"Title {number}", text)
            library.add_artifact(new, record=record.id)
        talk = library.conversations.create("A talk")
        asked = library.conversations.add_message(talk.id, "", "user", "question")
        library.conversations.add_message(
            talk.id, asked.id, "assistant", "answer", state=MessageState.COMPLETE
        )
    (home / "settings.json").write_text('{"version": 1, "values": {"a": 1}}\n')


def kinds() -> dict[str, Callable[[Path], None]]:
    """Ways to damage a file, whatever it is."""

    def half(path: Path) -> None:
        os.truncate(path, path.stat().st_size // 2)

    def rubbish(path: Path) -> None:
        path.write_bytes(bytes(range(256)) * 40)

    def flipped(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[0] ^= 0x5A
        path.write_bytes(data)

    def hollow(path: Path) -> None:
        os.truncate(path, 5 << 28)

    def pipe(path: Path) -> None:
        path.unlink()
        os.mkfifo(path)

    def device(path: Path) -> None:
        path.unlink()
        path.symlink_to("/dev/zero")

    def circle(path: Path) -> None:
        path.unlink()
        path.symlink_to(path.name)

    def folder(path: Path) -> None:
        path.unlink()
        path.mkdir()

    return {
        "gone": Path.unlink,
        "empty": lambda path: os.truncate(path, 0),
        **{each.__name__: each for each in (
            half, rubbish, flipped, hollow, pipe, device, circle, folder
        )},
    }  # fmt: skip


def files(home: Path) -> dict[str, Path]:
    """One file of each kind that a library has."""
    library = home / "library"

    def one(pattern: str) -> Path:
        return next(path for path in sorted(library.rglob(pattern)) if path.is_file())

    return {
        "database": library / "library.db",
        "payload": one("*.txt"),
        "description": one("objects/*/*.json"),
        "events": one("records/*.jsonl"),
        "talk": one("conversations/*.jsonl"),
        "lock": library / "lock",
        "ballast": library / "ballast",
    }


COLUMNS = {
    "artifacts": ("meta", "verdict"),
    "records": ("params", "weights", "inputs", "versions"),
    "messages": ("extra",),
}
VERSIONS = {"newer": "user_version = 9999", "not ours": "application_id = 7"}


def cases(home: Path) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Yield names and what does each to a copy of the library."""
    found = files(home)
    for what, path in found.items():
        for how, damage in kinds().items():
            place = path.relative_to(home)

            def damaged(
                copy: Path, damage: Callable[[Path], None] = damage, place: Path = place
            ) -> None:
                damage(copy / place)

            yield f"{what} {how}", damaged

    def column(table: str, name: str) -> Callable[[Path], None]:
        def damage(copy: Path) -> None:
            with sqlite3.connect(copy / "library" / "library.db") as database:
                database.execute(f"UPDATE {table} SET {name} = '{{\"a' WHERE n = 1")
            database.close()

        return damage

    for table, names in COLUMNS.items():
        for name in names:
            yield f"{table}.{name}", column(table, name)
    for word, pragma in VERSIONS.items():

        def marked(copy: Path, pragma: str = pragma) -> None:
            with sqlite3.connect(copy / "library" / "library.db") as database:
                database.execute(f"PRAGMA {pragma}")
            database.close()

        yield word, marked


def told(home: Path) -> dict[str, object]:
    """What `doctor`, `verify`, `list` and the next start say of a library; in this process."""
    from studio.base.paths import StudioPaths
    from studio.cli.doctor.check_result import Level
    from studio.cli.doctor.storage import library as of_library
    from studio.cli.terminal.studio_session import StudioSession
    from studio.library import Library
    from studio.protocol.errors import StudioError

    os.environ["STUDIO_HOME"] = str(home)
    answer: dict[str, object] = {"bugs": []}
    bugs: list[str] = []

    def tried(what: str, do: Callable[[], object]) -> None:
        try:
            answer[what] = do()
        except StudioError as error:
            answer[what] = str(error)
            if error.code == "INTERNAL":
                bugs.append(f"{what}: {error.code} {error}")
        except Exception:  # noqa: BLE001 - what the border of the process would call a bug
            bugs.append(f"{what}: {traceback.format_exc(limit=-3)}")

    def doctor() -> list[str]:
        return [each.message for each in of_library(StudioSession()) if each.level == Level.PROBLEM]

    def verify() -> list[str]:
        with Library.open(StudioPaths(home), read_only=True) as library:
            report = library.verify()
            return [] if report.ok else list(report.sentences())

    def listed() -> int:
        with Library.open(StudioPaths(home), read_only=True) as library:
            found = library.find(limit=10)
            for each in library.conversations.list():
                library.conversations.thread(each.id)
            for record in filter(None, (result.record for result in found)):
                library.records.get(record)
            return len(found)

    def start() -> object:
        with Library.open(StudioPaths(home)) as library:
            return [library.read_only, len(library.find(limit=10)), list(library.news)]

    for what, do in {"doctor": doctor, "verify": verify, "list": listed, "start": start}.items():
        tried(what, do)
    return answer | {"bugs": bugs}


def child(name: str, home: Path) -> None:
    """Ask in a process that is bounded; print a line."""
    pid = os.fork()
    if not pid:
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            line = json.dumps({"name": name, **told(home)})
        except BaseException:  # noqa: BLE001 - whatever it is
            line = json.dumps({"name": name, "bugs": [traceback.format_exc(limit=-3)]})
        os.write(1, line.encode() + b"\n")
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status:
        print(json.dumps({"name": name, "bugs": [f"ended with status {status}"]}), flush=True)


def main() -> None:
    """Damage copies of a library in the folder that is named, and ask of each."""
    work = Path(sys.argv[1])
    whole = work / "whole"
    make(whole)

    child("whole", whole)
    for number, (name, damage) in enumerate(cases(whole)):
        copy = work / str(number)
        shutil.copytree(whole, copy)
        damage(copy)
        child(name, copy)


if __name__ == "__main__":
    main()
