"""Prompt syntax: ``(word:1.2)`` weighs, ``{a|b}`` and ``__list__`` choose."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

from studio.api import BadInput, read_regular

LOWEST, HIGHEST = -2.0, 4.0
"""Of a weight. What is beyond is none, such as in (16:9)."""
_STEP = 1.1
_DEEPEST = 8
_MOST_CHOICES = 1000
_CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")
_WILDCARD = re.compile(r"__([^\W_]+(?:[-_/][^\W_]+)*)__")
_LONGEST_LIST = 1 << 20  # bytes
_LONGEST_LINE, _LONGEST_PROMPT = 4000, 40_000  # characters
_SIGN = re.compile(r"\\[()]|.", re.DOTALL)
_WEIGHT = re.compile(r": ?([+-]?(?:\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})) ?$")
_LONGEST_WEIGHT = 14


def chosen(prompt: str, seed: int) -> str:
    """Return a prompt with one of each ``{red|green|blue}`` in it: the same for the same seed.

    Choices may stand in choices. What has no ``|`` is left as it is.
    """
    draw = random.Random(seed)  # nothing is secret in it
    left = _MOST_CHOICES
    for _ in range(_DEEPEST):
        prompt, count = _CHOICE.subn(
            lambda match: draw.choice(match[1].split("|")).strip(), prompt, left
        )
        left -= count
        if not count or left <= 0:
            break
    return prompt


def wildcards(prompt: str) -> list[str]:
    """Return the names of the lists that a prompt draws from: ``animal`` of ``an __animal__``."""
    return _WILDCARD.findall(prompt)


def filled(prompt: str, folder: Path, seed: int) -> str:
    """Return a prompt with a line of ``animal.txt`` for each ``__animal__``, the same for a seed.

    Lines may name lists themselves. Those that begin with ``#`` are left out.

    Raises:
        BadInput: There is no such list in the folder, or it is empty, too long, or no text.
    """
    draw = random.Random(f"{seed} wildcards")  # nothing is secret in it
    lists: dict[str, list[str]] = {}

    def line(match: re.Match[str]) -> str:
        name = match[1]
        if name not in lists:
            lists[name] = _lines(folder, name)
        return draw.choice(lists[name])

    left = _MOST_CHOICES
    for _ in range(_DEEPEST):
        prompt, count = _WILDCARD.subn(line, prompt, left)
        if len(prompt) > _LONGEST_PROMPT:
            raise BadInput(
                "The prompt becomes too long with the lines of the wildcards.",
                "Use shorter lists, or lists that do not name themselves.",
            )
        left -= count
        if not count or left <= 0:
            break
    return prompt


def _lines(folder: Path, name: str) -> list[str]:
    file = folder / f"{name}.txt"
    try:
        data = read_regular(file)
        lines = [line.strip() for line in data[:_LONGEST_LIST].decode("utf-8-sig").splitlines()]
    except OSError as error:
        there = sorted(entry.stem for entry in folder.glob("*.txt"))[:20]
        raise BadInput(
            f"The list “{name}.txt” cannot be read in the folder of wildcards.",
            f"There are: {', '.join(there)}." if there else "The folder has no text files.",
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}.txt is not a text in UTF-8.", "Save it as plain text.") from error
    if len(data) > _LONGEST_LIST:
        raise BadInput(f"{name}.txt is larger than 1 MiB.", "A list has one choice per line.")
    lines = [line for line in lines if line and not line.startswith("#")]
    if max(map(len, lines), default=0) > _LONGEST_LINE:
        raise BadInput(
            f"{name}.txt has a line of more than {_LONGEST_LINE:,} characters.", "Cut it."
        )
    if not lines:
        raise BadInput(f"{name}.txt has no lines to choose from.", "Write one choice per line.")
    return lines


def weighed(prompt: str) -> list[tuple[str, float]]:
    """Return a prompt in pieces, each with how much it counts: joined, they are the plain prompt.

    ``an (old:1.3) boat`` is ``an ``, ``old`` with 1.3, `` boat``. Weights within weights multiply;
    a parenthesis without a weight is one, and so is ``\\(``.
    """
    frames: list[list[tuple[str, float]]] = [[]]
    for sign in _SIGN.findall(prompt):
        if sign == "(":
            frames.append([])
        elif sign == ")" and len(frames) > 1:
            inside = frames.pop()
            frames[-1] += _closed(inside)
        else:
            frames[-1].append((sign[1:] if len(sign) == 2 else sign, 1.0))
    for inside in frames[1:]:  # never closed
        frames[0] += [("(", 1.0), *inside]
    return [
        ("".join(text for text, _ in pieces), min(HIGHEST, max(LOWEST, weight)))
        for weight, pieces in itertools.groupby(frames[0], key=lambda piece: piece[1])
    ]


def explicit(prompt: str, *, square: bool = False) -> str:
    """Return a prompt of another program with all its weights in numbers: ``(old)`` is 1.1 there.

    Args:
        square: Whether ``[old]`` weakens, as it does in AUTOMATIC1111's web UI. What its brackets
            mean beside that, ``[a:b:0.5]`` and ``[a|b]``, is left as it is.
    """
    closing = {"(": ")", "[": "]"} if square else {"(": ")"}
    frames: list[tuple[str, list[tuple[str, float]]]] = [("", [])]
    for sign in _SIGN.findall(prompt):
        opened, inside = frames[-1]
        if sign in closing:
            frames.append((sign, []))
        elif opened and sign == closing[opened]:
            frames.pop()
            frames[-1][1].extend(_strengthened(opened, inside))
        else:
            inside.append((sign, 1.0))
    for opened, inside in frames[1:]:
        frames[0][1].extend([("\\(" if opened == "(" else opened, 1.0), *inside])
    return "".join(
        text if weight == 1 else f"({text}:{round(weight, 3):g})"
        for weight, pieces in itertools.groupby(frames[0][1], key=lambda piece: piece[1])
        for text in ["".join(words for words, _ in pieces)]
    )


def _strengthened(opened: str, inside: list[tuple[str, float]]) -> list[tuple[str, float]]:
    if opened == "[":
        if any(text in (":", "|") for text, _ in inside):
            return [("[", 1.0), *inside, ("]", 1.0)]
        return [(text, weight / _STEP) for text, weight in inside]
    piece = _closed(inside)
    if len(piece) == len(inside) + 2:  # it ends with no weight
        return [(text, weight * _STEP) for text, weight in inside]
    return piece


def _closed(inside: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return what stood in parentheses: weighed, where it ends with a weight."""
    end = "".join(text for text, _ in inside[-_LONGEST_WEIGHT:])
    match = _WEIGHT.search(end)
    if match is None or not LOWEST <= float(match[1]) <= HIGHEST:
        return [("(", 1.0), *inside, (")", 1.0)]
    words = inside[: len(inside) - (len(end) - match.start())]
    return [(text, weight * float(match[1])) for text, weight in words]
