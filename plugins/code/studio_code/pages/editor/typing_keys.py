"""What keys do to the text: indenting, new lines, comments, moving lines. Draws nothing.

Each deed is one step of undo.
"""

from __future__ import annotations

import re

from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument

from studio_code.pages.editor.brackets import PAIRS
from studio_code.pages.languages import Language

_LOOKED_AT = 400
_LEADING = re.compile(r"[ \t]*")


def indent_step(document: QTextDocument, language: Language) -> str:
    """Return one step of indentation, as this text does it."""
    depths: dict[int, int] = {}
    tabs, block = 0, document.firstBlock()
    for _ in range(_LOOKED_AT):
        if not block.isValid():
            break
        text = block.text()
        tabs += text.startswith("\t")
        depth = len(text) - len(text.lstrip(" "))
        if depth and depth < len(text):
            depths[depth] = depths.get(depth, 0) + 1
        block = block.next()
    if tabs > sum(depths.values()):
        return "\t"
    if not depths:
        return "\t" if language.id in ("go", "make") else " " * language.indent
    narrow = sum(count for depth, count in depths.items() if depth % 4)
    return "  " if narrow * 4 > sum(depths.values()) else "    "


def break_line(cursor: QTextCursor, language: Language, step: str) -> None:
    """Begin a new line, as far in as belongs."""
    block = cursor.block()
    before = block.text()[: cursor.positionInBlock()]
    after = block.text()[cursor.positionInBlock() :].strip()
    leading = _leading(before)
    code = before.rstrip()
    opens = code[-1:] in PAIRS or (language.id in ("python", "yaml") and code.endswith(":"))
    cursor.beginEditBlock()
    cursor.insertText("\n" + leading + (step if opens else ""))
    if opens and after and PAIRS.get(code[-1:]) == after[0]:  # {|} gets a line of its own
        at = cursor.position()
        cursor.insertText("\n" + leading)
        cursor.setPosition(at)
    cursor.endEditBlock()


def indent(cursor: QTextCursor, step: str) -> None:
    """Move the selected lines a step in; without a selection go to the next step."""
    if not cursor.hasSelection():
        width = len(step) if step != "\t" else 1
        gap = width - cursor.positionInBlock() % width
        cursor.insertText("\t" if step == "\t" else " " * gap)
        return
    _each_line(cursor, lambda line: line.insertText(step) if line.block().text() else None)


def outdent(cursor: QTextCursor, step: str) -> None:
    """Move the lines a step out."""
    width = max(1, len(step))

    def take(line: QTextCursor) -> None:
        leading = _leading(line.block().text())
        less = 1 if leading.startswith("\t") else min(width, len(leading.split("\t")[0]))
        line.setPosition(line.position() + less, QTextCursor.MoveMode.KeepAnchor)
        line.removeSelectedText()

    _each_line(cursor, take)


def erase_step(cursor: QTextCursor, step: str) -> bool:
    """Delete one step of indentation before the cursor; False where there is none."""
    before = cursor.block().text()[: cursor.positionInBlock()]
    if cursor.hasSelection() or not before or before.strip(" ") or step == "\t":
        return False
    less = len(before) % len(step) or len(step)
    cursor.setPosition(cursor.position() - less, QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()
    return True


def toggle_comment(cursor: QTextCursor, mark: str) -> None:
    """Make the lines comments, or code again if all of them are."""
    if not mark:
        return
    texts = [block.text() for block in _blocks(cursor)]
    written = [text for text in texts if text.strip()] or texts
    all_are = all(text.lstrip().startswith(mark) for text in written) and any(written)
    column = min(len(_leading(text)) for text in written)

    def change(line: QTextCursor) -> None:
        text = line.block().text()
        if all_are:
            at = text.find(mark)
            if at < 0:
                return
            length = len(mark) + (text[at + len(mark) : at + len(mark) + 1] == " ")
            line.setPosition(line.block().position() + at)
            line.setPosition(line.position() + length, QTextCursor.MoveMode.KeepAnchor)
            line.removeSelectedText()
        elif text.strip() or len(texts) == 1:
            line.setPosition(line.block().position() + min(column, len(text)))
            line.insertText(f"{mark} ")

    _each_line(cursor, change)


def move_lines(cursor: QTextCursor, by: int) -> None:
    """Move the selected lines one up or down."""
    blocks = list(_blocks(cursor))
    first, last = blocks[0], blocks[-1]
    beside = first.previous() if by < 0 else last.next()
    if not beside.isValid():
        return
    anchor, position = cursor.anchor(), cursor.position()
    moved = "\n".join(block.text() for block in blocks)
    text, start = beside.text(), min(first.position(), beside.position())
    end = max(last.position() + len16(last), beside.position() + len16(beside))
    edit = QTextCursor(cursor)
    edit.beginEditBlock()
    edit.setPosition(start)
    edit.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    edit.insertText(f"{moved}\n{text}" if by < 0 else f"{text}\n{moved}")
    edit.endEditBlock()
    shift = by * (len(text.encode("utf-16-le")) // 2 + 1)
    cursor.setPosition(anchor + shift)
    cursor.setPosition(position + shift, QTextCursor.MoveMode.KeepAnchor)


def copy_lines(cursor: QTextCursor) -> None:
    """Repeat the selected lines below themselves."""
    blocks = list(_blocks(cursor))
    text = "\n".join(block.text() for block in blocks)
    edit = QTextCursor(cursor)
    edit.setPosition(blocks[-1].position() + len16(blocks[-1]))
    edit.insertText("\n" + text)


def len16(block: QTextBlock) -> int:
    """Return the length of a line as Qt counts it, without its end."""
    return block.length() - 1


def home_column(block: QTextBlock, column: int) -> int:
    """Return where Home leads: to the first letter, and from there to the margin."""
    first = len(_leading(block.text()))
    return 0 if column == first else first


def _leading(text: str) -> str:
    found = _LEADING.match(text)
    return found.group() if found else ""


def _blocks(cursor: QTextCursor) -> list[QTextBlock]:
    document = cursor.document()
    block = document.findBlock(cursor.selectionStart())
    end = cursor.selectionEnd()
    found = [block]
    while (block := block.next()).isValid() and block.position() < end:
        found.append(block)
    return found


def _each_line(cursor: QTextCursor, change) -> None:  # type: ignore[no-untyped-def]
    """Call with a cursor at the start of each line of the selection, as one step of undo."""
    numbers = [block.blockNumber() for block in _blocks(cursor)]
    edit = QTextCursor(cursor.document())
    cursor.beginEditBlock()
    for number in numbers:
        edit.setPosition(cursor.document().findBlockByNumber(number).position())
        change(edit)
    cursor.endEditBlock()
