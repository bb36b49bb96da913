"""Extract code from a model's answer: the fenced block, or nothing. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from studio_code.execution.python_runner import syntax_error
from studio_code.languages import Language

_FENCE = re.compile(r"^[ \t]*(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$")


_CUT_LINES = 80
"""The statement that was cut off is not longer; else nothing is kept."""


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        info: What stands behind the opening fence.
        before: The line before the opening fence that is not empty.
        closed: Whether the closing fence is there.
    """

    info: str
    text: str
    before: str = ""
    closed: bool = True

    @property
    def word(self) -> str:
        """The language it claims, in lower case."""
        return re.split(r"[\s:{,]", self.info.strip().lower(), maxsplit=1)[0]


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of ``text`` in order; the last may lack its closing fence."""
    result: list[Block] = []
    inside: list[str] | None = None
    ticks = info = before = last = ""
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if inside is None:
            if fence:
                inside, ticks, info, before = [], fence["ticks"], fence["info"], last
            elif line.strip():
                last = line.strip()
        elif fence and fence["ticks"].startswith(ticks) and not fence["info"].strip():
            result.append(Block(info, "\n".join(inside), before))
            inside, last = None, ""
        else:
            inside.append(line)
    if inside is not None:
        result.append(Block(info, "\n".join(inside), before, closed=False))
    return result


def code_of(text: str, language: Language) -> str:
    """Return the code in an answer, with one newline at its end; empty if there is none.

    The block of the right language is taken, of several the longest. Without a block the answer is
    code only if it is Python without a fault that defines or does something: prose is refused.
    """
    filled = [block for block in blocks(text) if block.text.strip()]
    fitting = [block for block in filled if block.word in language.fences] or [
        block for block in filled if not block.word
    ]
    if fitting or filled:
        return tidy(max(fitting or filled, key=lambda block: len(block.text)).text)
    bare = text.strip()
    if language.id == "python" and _looks_like_python(bare):
        return tidy(bare)
    return ""


def tidy(code: str) -> str:
    """Return code without empty lines around it, with one newline at its end."""
    lines = [line.rstrip() for line in code.replace("\r\n", "\n").split("\n")]
    text = "\n".join(lines).strip("\n")
    return f"{text}\n" if text.strip() else ""


def whole_part(code: str) -> str:
    """Return the longest beginning of Python code that has no fault: an answer may be cut off."""
    lines = code.split("\n")
    for count in range(len(lines), max(0, len(lines) - _CUT_LINES), -1):
        begun = lines[count] if count < len(lines) else ""
        if begun.startswith((" ", "\t", ")", "]", "}")):
            continue  # the statement goes on
        text = "\n".join(lines[:count])
        if not syntax_error(text):
            return tidy(text)
    return ""


def _looks_like_python(text: str) -> bool:
    is_code = re.search(r"^(?:def|class|import|from|async def|@|[A-Za-z_]\w* *=)", text, re.M)
    return bool(is_code) and not syntax_error(text)
