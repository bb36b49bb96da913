"""The bench ``code-completion``: holes in real files, filled, beside the left side alone.

The files are Python of the packages that are installed here, chosen by a seed. In each a hole is
made: the rest of a line, or up to three lines. What counts are the characters that a person would
accept before the first that is wrong. Both columns are greedy, by the same weights.

STUDIO_BENCH_COMPLETION_COUNT is how many holes (200), …_SEED chooses them (1), …_WEIGHTS names the
weights, …_LEFT=0 leaves the plain continuation out, …_SECONDS begins no hole after so long, and
…_LOG names a file (JSON lines) with which a run goes on where it was ended.
"""

from __future__ import annotations

import hashlib
import os
import platform
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from benchmarks.code.run_log import Line, RunLog
from studio.api import BenchContext, StudioError
from studio.api.worker.bench import AT_ONCE, Wish
from studio_code.execution.python_runner import syntax_error

_SMALLEST, _LARGEST = 2_000, 60_000
_MOST_LINES, _LONGEST = 3, 160
_OF_ONE_PACKAGE: Final = 3
_ALONE: Final = 10
"""Holes that are filled one after the other: the wait for their first token is a user's."""


@dataclass(frozen=True)
class Hole:
    """A file without a piece of it; ``id`` is the file and the place."""

    id: str
    before: str
    missing: str
    after: str


class Filled(Line, frozen=True):
    """What came of one hole: characters that are accepted, by way, of how many.

    Attributes:
        first_token_seconds: 0 where other holes were filled at the same time.
    """

    accepted: dict[str, int]
    missing: int
    first_token_seconds: float


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Fill the holes; return how much of what was missing came, both ways."""
    weights = _setting("WEIGHTS", "") or ctx.weights_for("text", "code")
    found = holes(int(_setting("COUNT", "200")), int(_setting("SEED", "1")))
    ways = ("filled", "left only") if _setting("LEFT", "1") != "0" else ("filled",)
    setting = f"{weights}, {', '.join(ways)}"
    log = RunLog(Path(_setting("LOG", "") or ctx.scratch / "holes.jsonl"), Filled, setting)
    until = time.monotonic() + float(_setting("SECONDS", "inf"))
    for some, at_once in ((found[:_ALONE], 1), (found[_ALONE:], AT_ONCE)):
        left = (hole for hole in some if hole.id not in log.done and time.monotonic() < until)
        for hole, made in _made(ctx, left, ways, weights, at_once):
            log.add(_filled(hole, made, setting, timed=at_once == 1))
            if len(log.done) % 10 == 0 or len(log.done) == len(found):
                told = ", ".join(f"{way} {_sum(list(log.done.values()), way)}" for way in ways)
                ctx.say(f"{len(log.done)} of {len(found)} holes: {told} characters accepted")
    lines = [log.done[hole.id] for hole in found if hole.id in log.done]
    return _figures(lines, ways, f"{len(lines)} of {len(found)}", weights)


def _made(
    ctx: BenchContext, holes: Iterable[Hole], ways: Sequence[str], weights: str, at_once: int
) -> Iterator[tuple[Hole, Mapping[str, Mapping[str, Any]]]]:
    """Yield each hole with what came of it, by way; so many are filled at once."""
    asked: list[tuple[Hole, str]] = []

    def wishes() -> Iterator[Wish]:
        for hole in holes:
            # What follows the last line that is missing counts for nothing: it is not waited for.
            lines = hole.missing.count("\n") + 1
            for way in ways:
                asked.append((hole, way))
                wish = {"weights": weights, "lines": lines, "left_only": way != "filled"}
                yield wish, {"before": hole.before, "after": hole.after}

    made: dict[Hole, dict[str, Mapping[str, Any]]] = {}
    for place, one in ctx.run_all("code.complete", wishes(), at_once):
        if isinstance(one, StudioError):
            raise one
        hole, way = asked[place]
        made.setdefault(hole, {})[way] = one
        if len(made[hole]) == len(ways):
            yield hole, made.pop(hole)


def _filled(
    hole: Hole, made: Mapping[str, Mapping[str, Any]], setting: str, *, timed: bool
) -> Filled:
    accepted = {way: agreed(str(one["text"]), hole.missing) for way, one in made.items()}
    first = float(made["filled"]["first_token_seconds"]) if timed else 0.0
    return Filled(hole.id, setting, accepted, len(hole.missing.rstrip()), first)


def agreed(text: str, missing: str) -> int:
    """Return how many characters of what is missing a text begins with."""
    text, missing = text.rstrip(), missing.rstrip()
    return next(
        (n for n, (one, other) in enumerate(zip(text, missing, strict=False)) if one != other),
        min(len(text), len(missing)),
    )


def holes(count: int, seed: int) -> list[Hole]:
    """Return holes in files of the packages that are installed; the same for the same seed.

    Each file has a draw of its own: a package more or less changes few of the holes.
    """
    found: list[Hole] = []
    for path in sorted(_files(), key=lambda path: _drawn(path, seed)):
        if len(found) == count:
            break
        text = path.read_text(encoding="utf-8", errors="ignore")
        draw = random.Random(_drawn(path, seed))
        hole = None if syntax_error(text) else _hole(text, path, draw)
        if hole is not None:
            found.append(hole)
    return found


def _drawn(path: Path, seed: int) -> str:
    return hashlib.sha256(f"{seed} {_name(path)}".encode()).hexdigest()


def _name(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _files() -> list[Path]:
    """Return some files of each package; tests and what was generated are left out."""
    found: list[Path] = []
    for each in sorted(distributions(), key=lambda each: each.name.lower()):
        mine = [
            Path(str(each.locate_file(file)))
            for file in sorted(each.files or ())
            if file.suffix == ".py" and not {"test", "tests", "_vendor"} & set(file.parts)
        ]
        fitting = [p for p in mine if p.is_file() and _SMALLEST < p.stat().st_size < _LARGEST]
        step = max(1, len(fitting) // _OF_ONE_PACKAGE)
        found += fitting[::step][:_OF_ONE_PACKAGE]
    return found


def _hole(text: str, path: Path, draw: random.Random) -> Hole | None:
    """Make one hole in the second half of a file, in code, not in a comment or a blank."""
    lines = text.split("\n")
    fitting = [
        number
        for number, line in enumerate(lines[len(lines) // 3 : -_MOST_LINES], len(lines) // 3)
        if 8 <= len(line.strip()) <= _LONGEST and line.lstrip()[0] not in "#\"'"
    ]
    if not fitting:
        return None
    number = draw.choice(fitting)
    line = lines[number]
    inside = len(line) - len(line.lstrip())
    column = draw.randint(inside, inside + len(line.strip()) // 2)
    last = number + draw.choice((0, 0, 1, _MOST_LINES - 1))
    start = sum(len(each) + 1 for each in lines[:number]) + column
    end = sum(len(each) + 1 for each in lines[:last]) + len(lines[last])
    missing = text[start:end]
    return (
        Hole(f"{_name(path)}:{start}", text[:start], missing, text[end:])
        if missing.strip()
        else None
    )


def _figures(
    lines: Sequence[Filled], ways: Sequence[str], done: str, weights: str
) -> dict[str, Any]:
    whole = sum(line.missing for line in lines)
    told: dict[str, Any] = {}
    for way in ways:
        right = sum(line.accepted[way] == line.missing for line in lines)
        told[f"{way}: characters accepted"] = f"{_sum(lines, way)} of {whole}"
        told[f"{way}: whole holes"] = f"{right} of {len(lines)}"
    beside = _sum(lines, ways[-1]) if len(ways) > 1 else whole
    waits = [line.first_token_seconds for line in lines if line.first_token_seconds]
    return {
        "ratio": round(_sum(lines, ways[0]) / max(1, beside), 3),
        "holes": done,
        **told,
        "first token, median": f"{statistics.median(waits):.2f} s" if waits else "not measured",
        "weights": weights,
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}",
    }


def _sum(lines: Sequence[Filled], way: str) -> int:
    return sum(line.accepted[way] for line in lines)


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"STUDIO_BENCH_COMPLETION_{name}", default)
