"""Runs several versions of code on the same input and writes down what each gives. Trusts nobody.

Each version lives in a process of its own, which tells through a pipe; this one never imports any.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NoReturn

MOST_TEXT = 600
MOST_ITEMS = 2000
_DEEPEST = 12
_TAKES_LONG = "!timeout"


class TooSlow(BaseException):
    """A probe took longer than it may; no ``except Exception`` of a version catches it."""


def main() -> None:
    """Run each version on all probes that standard input holds, until the time is used up."""
    wish = json.load(sys.stdin)
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.getcwd())
    versions = wish["versions"]
    until = time.monotonic() + wish["seconds"]
    lines = []
    for number, version in enumerate(versions):
        share = (until - time.monotonic()) / (len(versions) - number)
        spelling = _tried(version, wish, max(share, 0.5))
        lines.append(json.dumps({"event": "outcomes", "number": number, "names": spelling}) + "\n")
    with open(wish["results"], "w", encoding="utf-8") as file:
        file.writelines(lines)


def _tried(version: Mapping[str, Any], wish: Mapping[str, Any], seconds: float) -> list[str]:
    """Return the outcome of each probe that a version reached."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_a_version(version, wish, seconds, writing)
    os.close(writing)
    with open(reading, encoding="utf-8", errors="replace") as file:
        spelling = [line.rstrip("\n") for line in file]
    os.waitpid(child, 0)
    return spelling[: wish["count"]]


def _be_a_version(
    version: Mapping[str, Any], wish: Mapping[str, Any], seconds: float, writing: int
) -> NoReturn:
    try:
        os.setpgid(0, 0)
        until = time.monotonic() + seconds
        signal.signal(signal.SIGALRM, _ring)
        with open(writing, "w", encoding="utf-8") as file:
            signal.setitimer(signal.ITIMER_REAL, wish["each"])
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                module = importlib.import_module(version["module"])
                for name, own in version["called"].items():
                    setattr(module, name, getattr(module, own))
                sys.modules["version"] = module
                probes = importlib.import_module(wish["probes"])
            for number in range(wish["count"]):
                if time.monotonic() > until:
                    break
                spelling = outcome(getattr(probes, f"probe_{number}"), wish["each"])
                file.write(spelling.replace("\n", " ") + "\n")
                file.flush()
    finally:
        os._exit(0)


def outcome(probe: Callable[[], object], seconds: float) -> str:
    """Return the value of a probe as text, or ``!`` and the error."""
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()):
            value = probe()
            spelling = spelled(value)
        if value is None and printed.getvalue():
            spelling = f"printed {printed.getvalue()[:MOST_TEXT]!r}"
    except TooSlow:
        return _TAKES_LONG
    except BaseException as error:  # noqa: BLE001  whatever it raises is what it gives
        return f"!{type(error).__name__}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return spelling if len(spelling) <= MOST_TEXT else f"{spelling[:MOST_TEXT]} {hash_of(spelling)}"


def spelled(value: object, depth: int = 0) -> str:
    """Return a canonical text of a value: equal values match despite order or precision."""
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, bool | str | bytes) or value is None:
        return repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.9g}"
    if isinstance(value, list | tuple):
        marks = "[]" if isinstance(value, list) else "()"
        return marks[0] + ", ".join(spelled(item, depth + 1) for item in value) + marks[1]
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(spelled(item, depth + 1) for item in value)) + "}"
    if isinstance(value, Mapping):
        pairs = (f"{spelled(k, depth + 1)}: {spelled(v, depth + 1)}" for k, v in value.items())
        return "{" + ", ".join(sorted(pairs)) + "}"
    if isinstance(value, Iterator):
        return spelled([item for item, _ in zip(value, range(MOST_ITEMS), strict=False)], depth + 1)
    inside = getattr(value, "__dict__", None)
    if inside is not None and not callable(value):
        return f"{type(value).__name__} {spelled(inside, depth + 1)}"
    return type(value).__name__


def hash_of(text: str) -> int:
    """Return a number for a long text that is the same in each process."""
    number = 0
    for sign in text:
        number = (number * 31 + ord(sign)) % (1 << 61)
    return number


def _ring(number: int, frame: object) -> None:
    raise TooSlow


if __name__ == "__main__":
    main()
