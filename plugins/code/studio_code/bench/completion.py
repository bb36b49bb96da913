"""The bench ``code-completion``: holes in real files, filled, beside going on from the left alone.

The files are Python of the packages that are installed here, chosen by a seed. In each a hole is
made: the rest of a line, or up to three lines. What counts are the characters that a person would
accept before the first that is wrong. Both columns are greedy, by the same weights.

STUDIO_BENCH_COMPLETION_COUNT is how many holes (200), …_SEED chooses them (1), …_WEIGHTS names the
weights, …_LEFT=0 leaves the plain continuation out.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from studio.api import BenchContext
from studio_code.execution.python_runner import syntax_error

_SMALLEST, _LARGEST = 2_000, 60_000
_MOST_LINES, _LONGEST = 3, 160
_OF_ONE_PACKAGE: Final = 3


@dataclass(frozen=True)
class Hole:
    """A file without a piece of it."""

    name: str
    before: str
    missing: str
    after: str


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Fill the holes; return how much of what was missing came, both ways."""
    weights = _setting("WEIGHTS", "") or ctx.weights_for("text", "code")
    found = holes(int(_setting("COUNT", "200")), int(_setting("SEED", "1")))
    ways = ("filled", "left only") if _setting("LEFT", "1") != "0" else ("filled",)
    accepted: dict[str, list[int]] = {way: [] for way in ways}
    first: list[float] = []
    for number, hole in enumerate(found, 1):
        for way in ways:
            wish = {"weights": weights, "lines": _MOST_LINES, "left_only": way != "filled"}
            sides = {"before": hole.before, "after": hole.after}
            made = ctx.run("code.complete", wish, sides)
            accepted[way].append(agreed(str(made["text"]), hole.missing))
            if way == "filled":
                first.append(float(made["first_token_seconds"]))
        if number % 10 == 0 or number == len(found):
            told = ", ".join(f"{way} {sum(accepted[way])}" for way in ways)
            ctx.say(f"{number} of {len(found)} holes: {told} characters accepted")
    return _figures(found, accepted, first, weights)


def agreed(text: str, missing: str) -> int:
    """Return how many characters of what is missing a text begins with."""
    text, missing = text.rstrip(), missing.rstrip()
    return next(
        (n for n, (one, other) in enumerate(zip(text, missing, strict=False)) if one != other),
        min(len(text), len(missing)),
    )


def holes(count: int, seed: int) -> list[Hole]:
    """Return holes in files of the packages that are installed; the same for the same seed."""
    draw = random.Random(seed)
    files = _files()
    draw.shuffle(files)
    found: list[Hole] = []
    for path in files:
        if len(found) == count:
            break
        text = path.read_text(encoding="utf-8", errors="ignore")
        hole = None if syntax_error(text) else _hole(text, str(path.name), draw)
        if hole is not None:
            found.append(hole)
    return found


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


def _hole(text: str, name: str, draw: random.Random) -> Hole | None:
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
    return Hole(name, text[:start], missing, text[end:]) if missing.strip() else None


def _figures(
    found: Sequence[Hole], accepted: Mapping[str, list[int]], first: list[float], weights: str
) -> dict[str, Any]:
    whole = sum(len(hole.missing.rstrip()) for hole in found)
    told: dict[str, Any] = {}
    for way, counts in accepted.items():
        right = sum(n == len(h.missing.rstrip()) for n, h in zip(counts, found, strict=True))
        told[f"{way}: characters accepted"] = f"{sum(counts)} of {whole}"
        told[f"{way}: whole holes"] = f"{right} of {len(found)}"
    both = [sum(counts) for counts in accepted.values()]
    ratio = round(both[0] / max(1, both[-1]), 2) if len(both) > 1 else round(both[0] / whole, 3)
    return {
        "ratio": ratio,
        **told,
        "first token, median": f"{statistics.median(first):.2f} s" if first else "none",
        "weights": weights,
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}",
    }


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"STUDIO_BENCH_COMPLETION_{name}", default)
