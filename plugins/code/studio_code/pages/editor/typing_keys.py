"""What keys do to the text: indenting, new lines, comments, moving lines.

Each deed is one step of undo.
"""

from __future__ import annotations

from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument

from studio_code.pages.editor.brackets import PAIRS
from studio_code.pages.editor.languages import Language

_LOOKED_AT = 400


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

    def put(line: QTextCursor, block: QTextBlock) -> None:
        if block.length() > 1:
            line.setPosition(block.position())
            line.insertText(step)

    _each_line(cursor, put)


def outdent(cursor: QTextCursor, step: str) -> None:
    """Move the lines a step out."""
    width = max(1, len(step))

    def take(line: QTextCursor, block: QTextBlock) -> None:
        text = block.text()[:width]
        less = 1 if text.startswith("\t") else len(text) - len(text.lstrip(" "))
        if less:
            at = block.position()
            line.setPosition(at)
            line.setPosition(at + less, QTextCursor.MoveMode.KeepAnchor)
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
    written = [text for text in texts if text and not text.isspace()] or texts
    all_are = all(text.lstrip().startswith(mark) for text in written) and any(written)
    column = min(len(_leading(text)) for text in written)
    alone, comment = len(texts) == 1, f"{mark} "
    replacements = iter(texts)

    def change(line: QTextCursor, block: QTextBlock) -> None:
        text = next(replacements)
        if all_are:
            at = text.find(mark)
            if at < 0:
                return
            length = len(comment if text.startswith(comment, at) else mark)
            start = block.position() + at
            line.setPosition(start)
            line.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
            line.removeSelectedText()
        elif alone or (text and not text.isspace()):
            line.setPosition(block.position() + min(column, len(text)))
            line.insertText(comment)

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
    return text[: len(text) - len(text.lstrip(" \t"))]


def _blocks(cursor: QTextCursor) -> list[QTextBlock]:
    document = cursor.document()
    start, end = cursor.selectionStart(), cursor.selectionEnd()
    result = [document.findBlock(start)]
    last = document.findBlock(max(start, end - 1)).blockNumber()
    for _ in range(last - result[0].blockNumber()):
        result.append(result[-1].next())
    return result


def _each_line(cursor: QTextCursor, change) -> None:  # type: ignore[no-untyped-def]
    """Call with a cursor to edit with and each line of the selection, as one step of undo.

    Ten thousand lines must not hold up the window: few calls for each of them.
    """
    edit = QTextCursor(cursor.document())
    cursor.beginEditBlock()
    for block in _blocks(cursor):
        change(edit, block)
    cursor.endEditBlock()
