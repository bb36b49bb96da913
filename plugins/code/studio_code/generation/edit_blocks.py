"""Changes to files in the answer of a model: whole files, parts of files, search and replace. Pure.

What is clearly meant is applied; what is not is told with the reason, never guessed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from studio_code import languages
from studio_code.execution.python_runner import parsed, syntax_error
from studio_code.generation.answers import Block, blocks

_SEARCH: Final = re.compile(r"<{5,9} ?SEARCH")
_MIDDLE: Final = re.compile(r"={5,9}[ \t]*")
_END: Final = re.compile(r">{5,9} ?(?:REPLACE)?")
_LEFT_OUT: Final = re.compile(
    r"\s*(?:(?:#|//|/\*|--|<!--)\s*)?(?:\.\.\.|…)\s*"
    r"(?:[\w' ]*(?:code|rest|remain|same|unchanged|exist)[\w' ]*)?(?:\.\.\.|…)?\s*(?:\*/|-->)?\s*$|"
    r"\s*(?:#|//)\s*(?:the )?(?:rest|remaining|other|existing)\b"
    r".*(?:code|same|unchanged|function|here)",
    re.IGNORECASE,
)
"""A line ``...``, ``# ... rest of the code``, ``# the rest stays the same``."""
_LONGEST: Final = 300
"""Characters of a line, or of what stands before a block, that are looked through."""


@dataclass
class Edits:
    """What an answer changes.

    Attributes:
        texts: Path → the whole new text.
        refused: What could not be applied: path (maybe empty) and why.
    """

    texts: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)


def edits_in(answer: str, files: Mapping[str, str], open_path: str = "") -> Edits:
    """Return the changes that ``answer`` proposes to ``files`` (path → text).

    Args:
        open_path: The file that is meant where none is named.
    """
    edits = Edits()
    for block in blocks(answer):
        if _searches(block.text):
            path = _named(block, files) or (open_path if open_path in files else "")
            _replace(edits, path, block.text, files)
        elif block.text.strip():
            _take(edits, block, files, open_path)
    bare = _without_blocks(answer)
    if _searches(bare):
        _replace(edits, open_path if open_path in files else "", bare, files)
    for path in [path for path, text in edits.texts.items() if text == files[path]]:
        del edits.texts[path]
    return edits


# --- which file is meant ----------------------------------------------------------------------


def _named(block: Block, files: Mapping[str, str]) -> str:
    """Return the file that a block names: on its fence, the line before, or its first line."""
    first = block.text.lstrip().split("\n", 1)[0]
    comment = first if first.startswith(("#", "//", "/*", "--", "<!--")) else ""
    for place in (block.info, block.before, comment):
        for word in re.findall(r"[\w./\\-]+\.\w+", place[:_LONGEST]):
            if path := _known(word.replace("\\", "/").removeprefix("./"), files):
                return path
    return ""


def _known(word: str, files: Mapping[str, str]) -> str:
    if word in files:
        return word
    same = [path for path in files if PurePosixPath(path).name == PurePosixPath(word).name]
    return same[0] if len(same) == 1 else ""


def _unknown(block: Block) -> str:
    """Return a path that a block names on its fence or right above, of a file that is not open."""
    for place in (block.info, block.before):
        if match := re.fullmatch(
            r"[#*` ]*(?:\w+:)?([\w./-]+\.\w{1,4})[*`: ]*", place.strip()[:_LONGEST]
        ):
            return match[1]
    return ""


# --- whole files and parts of them ------------------------------------------------------------


def _take(edits: Edits, block: Block, files: Mapping[str, str], open_path: str) -> None:
    path = _named(block, files)
    if not path:
        if named := _unknown(block):
            edits.refused.append((named, "it is not among the open files"))
            return
        path = open_path if _is_of(block, open_path, files) else ""
    if not path:
        return  # an example or a command: no file is meant
    if not block.closed:
        edits.refused.append((path, "the reply was cut off"))
        return
    text = _body(block, path)
    old = edits.texts.get(path, files[path])
    if path.endswith(".py"):
        _take_python(edits, path, old, text)
    elif leaves_out(text) or len(text) < len(old) // 3:
        edits.refused.append((path, "parts of the file are missing"))
    else:
        edits.texts[path] = _like(text, old)


def _is_of(block: Block, path: str, files: Mapping[str, str]) -> bool:
    """Whether a block without a name changes the open file: it defines something of it anew."""
    if path not in files or block.word not in languages.of_path(path).fences:
        return False
    if path.endswith(".py"):
        return bool(_definitions(block.text).keys() & _definitions(files[path]).keys())
    return len(block.text) > len(files[path]) // 2


def _body(block: Block, path: str) -> str:
    """Return the text of a block without a first line that only names the file."""
    first, _, rest = block.text.partition("\n")
    is_name = (
        first.lstrip("#/*- ").rstrip("*/ ").removeprefix("file:").removeprefix("File:").strip()
    )
    return rest if is_name in (path, PurePosixPath(path).name) else block.text


def _take_python(edits: Edits, path: str, old: str, text: str) -> None:
    left_out = leaves_out(text)
    if wrong := syntax_error(text):
        edits.refused.append((path, f"there is a syntax error in {wrong}"))
    elif syntax_error(old):
        edits.texts[path] = _like(text, old)  # what is broken can only be taken whole
    elif not left_out and _definitions(old).keys() <= _definitions(text).keys():
        edits.texts[path] = _like(text, old)
    elif merged := _merged(old, text):
        edits.texts[path] = _like(merged, old)
    else:
        edits.refused.append((path, "parts of the file are missing"))


def _definitions(text: str) -> dict[str, ast.stmt]:
    tree = parsed(text)
    return {
        node.name: node
        for node in (tree.body if tree else ())
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def _merged(old: str, part: str) -> str:
    """Return ``old`` with the definitions of ``part`` in the place of those of the same name.

    Empty where that would not do: nothing is of the same name, or the part leaves out its insides.
    """
    there, new = _definitions(old), _definitions(part)
    if not there.keys() & new.keys():
        return ""
    lines, added = old.split("\n"), part.split("\n")
    texts = {name: added[_start(node) - 1 : node.end_lineno] for name, node in new.items()}
    if any(leaves_out("\n".join(text)) for text in texts.values()):
        return ""
    for name in sorted(there.keys() & new.keys(), key=lambda n: -there[n].lineno):
        lines[_start(there[name]) - 1 : there[name].end_lineno] = texts[name]
    fresh = [text for name, text in texts.items() if name not in there]
    tail = "".join("\n\n\n" + "\n".join(text) for text in fresh)
    merged = with_imports("\n".join(lines).rstrip("\n") + tail + "\n", part)
    return "" if syntax_error(merged) else merged


def _start(node: ast.stmt) -> int:
    above = [int(decorator.lineno) for decorator in getattr(node, "decorator_list", ())]
    return min([node.lineno, *above])


def with_imports(text: str, part: str) -> str:
    """Add the imports of ``part`` that ``text`` lacks, after its own or at its beginning."""
    tree, other = parsed(text), parsed(part)
    if tree is None or other is None:
        return text
    have = {
        ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    }
    wanted = [
        ast.unparse(node)
        for node in other.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and ast.unparse(node) not in have
        and getattr(node, "module", "") != "__future__"  # it can stand at the beginning alone
    ]
    if not wanted:
        return text
    lines = text.split("\n")
    last = 0
    for number, node in enumerate(tree.body):
        is_text = (
            number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        )
        if isinstance(node, ast.Import | ast.ImportFrom) or is_text:
            last = node.end_lineno or last
    lines[last:last] = wanted
    return "\n".join(lines)


# --- search and replace -----------------------------------------------------------------------


def _replace(edits: Edits, path: str, text: str, files: Mapping[str, str]) -> None:
    for old, new in _searches(text):
        target = path or _only_with(old, edits, files)
        if not target:
            edits.refused.append(("", "no file was named"))
            continue
        now = edits.texts.get(target, files[target])
        changed = _replaced(now, old, new)
        if changed is None:
            edits.refused.append((target, f"this text was not found in it: {old.strip()[:60]!r}"))
        elif target.endswith(".py") and not syntax_error(now) and (wrong := syntax_error(changed)):
            edits.refused.append((target, f"it would cause a syntax error in {wrong}"))
        else:
            edits.texts[target] = changed


def _searches(text: str) -> list[tuple[str, str]]:
    """Return the search text and its replacement for each complete block."""
    pairs: list[tuple[str, str]] = []
    old: list[str] | None = None
    new: list[str] | None = None
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        if old is None:
            old = [] if _SEARCH.match(line) else None
        elif new is None:
            if _MIDDLE.fullmatch(line.rstrip("\n")):
                new = []
            else:
                old.append(line)
        elif _END.match(line):
            pairs.append(("".join(old), "".join(new)))
            old = new = None
        else:
            new.append(line)
    return pairs


def leaves_out(text: str) -> bool:
    """Return whether a line says that something is left out here."""
    return any(len(line) <= _LONGEST and _LEFT_OUT.match(line) for line in text.split("\n"))


def _only_with(old: str, edits: Edits, files: Mapping[str, str]) -> str:
    having = [
        path for path, text in files.items() if old.strip() and old in edits.texts.get(path, text)
    ]
    return having[0] if len(having) == 1 else ""


def _replaced(text: str, old: str, new: str) -> str | None:
    """Replace the one place; lines may differ in the spaces at their ends and in their indent."""
    if "\r\n" in text:
        changed = _replaced(text.replace("\r\n", "\n"), old, new)
        return None if changed is None else changed.replace("\n", "\r\n")
    if not old.strip():
        return text + new if not text.strip() else None
    lines, wanted = text.split("\n"), old.rstrip("\n").split("\n")
    size = len(wanted)
    for clean in (str.rstrip, str.strip):
        target = [clean(line) for line in wanted]
        having = [clean(line) for line in lines]
        places = [
            at
            for at in range(len(lines) - size + 1)
            if having[at] == target[0] and having[at : at + size] == target
        ]
        if len(places) == 1:
            at = places[0]
            lines[at : at + size] = _reindented(new.rstrip("\n"), wanted[0], lines[at])
            return "\n".join(lines)
    return text.replace(old, new) if text.count(old) == 1 else None


def _reindented(new: str, wanted: str, there: str) -> list[str]:
    """Return the new lines moved as far as the old ones stood from where they were looked for."""
    margin = len(there) - len(there.lstrip()) - (len(wanted) - len(wanted.lstrip()))
    if margin >= 0:
        return [" " * margin + line if line.strip() else line for line in new.split("\n")]
    return [line[-margin:] if not line[:-margin].strip() else line for line in new.split("\n")]


def _without_blocks(answer: str) -> str:
    for block in blocks(answer):
        answer = answer.replace(block.text, "") if block.text else answer
    return answer


def _like(text: str, old: str) -> str:
    """Return ``text`` with the line ends of ``old`` and one of them at its end."""
    plain = text.replace("\r\n", "\n").rstrip("\n") + "\n"
    return plain.replace("\n", "\r\n") if "\r\n" in old else plain
