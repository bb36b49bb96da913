"""Hostile files, and each command that opens what its user names; in bounded children.

Run as a program it prints what became of each, a line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

MEMORY = 1 << 30
SECONDS = 120
"""Until a child is held to be endless: a loaded machine is slow."""
DEPTH = 100_000


def kinds() -> dict[str, Callable[[Path], object]]:
    """What lies where a file is expected."""

    def hollow(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(5 << 28)

    return {
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
        "circle": lambda path: path.symlink_to(path.name),
        "nowhere": lambda path: path.symlink_to("not-there"),
        "folder": Path.mkdir,
        "hollow": hollow,
        "empty": Path.touch,
        "zeros": lambda path: path.write_bytes(bytes(1 << 16)),
        "rubbish": lambda path: path.write_bytes(bytes(range(256)) * 40),
        "utf-16": lambda path: path.write_bytes("name = 1".encode("utf-16")),
        "deep json": lambda path: path.write_text('{"a": ' + "[" * DEPTH + "]" * DEPTH + "}"),
        "deep toml": lambda path: path.write_text("a = " + "[" * DEPTH + "]" * DEPTH),
        "long cell": lambda path: path.write_text("a,b\n" + "x" * 200_000 + ",1\n"),
        "control": lambda path: path.write_bytes(b"\x1b]0;x\x07\x1b[2J\xe2\x80\xae,\r\n" * 50),
    }


COMMANDS: dict[str, tuple[str, Callable[[str], list[str]]]] = {
    "workflow": (".toml", lambda path: ["workflow", "check", path]),
    "gguf": (".gguf", lambda path: ["models", "add", path]),
    "safetensors": (".safetensors", lambda path: ["models", "add", path]),
    "verify": (".png", lambda path: ["verify", path]),
    "side file": (".json", lambda path: ["verify", path]),
    "restore": ("", lambda path: ["library", "restore", path, "--yes"]),
    "wheel": (".whl", lambda path: ["plugins", "check", path]),
    "bundle": (".studio", lambda path: ["plugins", "install", path, "--yes"]),
    "deny list": (".toml", lambda path: ["plugins", "deny", "--list", path]),
    "deny wheel": (".whl", lambda path: ["plugins", "deny", path]),
}
"""What it is for → suffix, and the command line."""


def names() -> Iterator[tuple[str, str]]:
    """Yield each command with each kind of file."""
    for command in COMMANDS:
        for kind in kinds():
            yield command, kind


def child(command: str, kind: str, work: Path) -> None:
    """Run one command in a process that is bounded; print a line."""
    suffix, line = COMMANDS[command]
    path = work / f"{command} {kind}{suffix}"
    kinds()[kind](path)
    pid = os.fork()
    if not pid:
        quiet = os.open(work / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        out = os.dup(1)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        from studio.cli import main as entry

        codes: list[str] = []
        tell = entry._tell
        entry._tell = lambda error, session: codes.append(str(error.code)) or tell(error, session)  # type: ignore[func-returns-value]
        try:
            code = int(entry.main(line(str(path)), lambda *_: 0))
        except SystemExit as ended:
            code = int(ended.code or 0)
        told = {"command": command, "kind": kind, "code": code, "errors": codes}
        os.write(out, json.dumps(told).encode() + b"\n")
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status:
        told = {"command": command, "kind": kind, "status": status}
        print(json.dumps(told), flush=True)


def main() -> None:
    """Try each in the folder that is named."""
    work = Path(sys.argv[1])
    os.environ["STUDIO_HOME"] = str(work / "home")
    os.chdir(work)
    import studio.cli.main
    import studio.studio  # noqa: F401  once, not in each child

    for command, kind in names():
        child(command, kind, work)


if __name__ == "__main__":
    main()
