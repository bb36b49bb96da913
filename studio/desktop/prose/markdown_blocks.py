"""Markdown as a flat list of blocks, parsed while it is still being written.

No Qt, nothing is fetched.

Nested structure becomes depth: an item of a list inside a quote is a paragraph with ``quote=1``,
``indent=1`` and a ``marker``. That is what a text view can draw, and it lets a code block inside a
list be a widget like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

BlockKind = Literal["paragraph", "heading", "code", "table", "rule", "formula"]
FormulaKind = Literal["", "inline", "display"]

LINK_SCHEMES = ("http://", "https://")
LINE_BREAK = "\u2028"
MAX_DEPTH = 8
"""Deeper lists and quotes are drawn at this depth: a text may nest without end, a column may
not.
"""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style.

    Attributes:
        raised: 1 for superscript, -1 for subscript.
        href: An address that may be shown, never fetched.
        formula: How ``text``, TeX with its marks, is to be set.
    """

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    marked: bool = False
    raised: int = 0
    href: str = ""
    formula: FormulaKind = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One thing below another.

    Attributes:
        level: Of a heading, 1–6.
        indent: How many lists it is in.
        quote: How many quotes it is in.
        marker: Before the first paragraph of a list item: ``•``, ``3.``, ``☐``, ``☑``; of a
            footnote, its label.
        text, language: Of code.
        rows: Of a table, the head first; each cell is spans.
        aligns: Of a table: ``left``, ``center``, ``right`` or empty for each column.
        closed: Whether the fence of a code block was closed.
    """

    kind: BlockKind
    spans: Spans = ()
    level: int = 0
    indent: int = 0
    quote: int = 0
    marker: str = ""
    text: str = ""
    language: str = ""
    rows: tuple[tuple[Spans, ...], ...] = ()
    aligns: tuple[str, ...] = ()
    closed: bool = True


def parse(source: str) -> list[Block]:
    """Return the blocks of a finished text."""
    return _Flattener().run(_parser().parse(source))


def plain(blocks: Sequence[Block]) -> str:
    """Return the text of ``blocks`` without marks: items on their lines, cells between tabs."""
    parts: list[str] = []
    for above, block in zip((None, *blocks), blocks, strict=False):
        if above is not None:
            in_list = block.marker and (above.marker or above.indent)
            parts.append("\n" if in_list else "\n\n")
        parts.append(_plain(block))
    return "".join(parts)


def _plain(block: Block) -> str:
    if block.kind == "code":
        return block.text
    if block.kind == "table":
        return "\n".join("\t".join(_words(cell) for cell in row) for row in block.rows)
    indent = "  " * (block.indent - 1 if block.marker else block.indent)
    return indent + f"{block.marker} {_words(block.spans)}".strip()


def _words(spans: Spans) -> str:
    return "".join(span.text for span in spans).replace(LINE_BREAK, "\n")


@dataclass
class _Fence:
    """An open code fence at the left margin, read line by line, not parsed again and again."""

    closing: re.Pattern[str]
    block: Block
    lines: list[str] = field(default_factory=list)


class MarkdownStream:
    """A text that grows. Only its last block is parsed again when it does.

    Attributes:
        blocks: All blocks so far.
        settled: How many of them, from the first, can no longer change.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.settled = 0
        self._tail = ""
        self._fence: _Fence | None = None

    def append(self, text: str) -> None:
        """Add text at the end."""
        self._tail += text
        while True:
            if self._fence is None:
                self._parse_tail()
            if self._fence is None or not self._read_fence():
                return

    def finish(self) -> None:
        """End the stream: close open blocks as they are."""
        if self._fence is None:
            self.settled = len(self.blocks)

    def _parse_tail(self) -> None:
        del self.blocks[self.settled :]
        tokens = _parser().parse(self._tail)
        cut = _last_start(tokens)
        if cut.line:
            head, self._tail = _split_lines(self._tail, cut.line)
            settled = _Flattener().run(_parser().parse(head))
            self.blocks += settled
            self.settled += len(settled)
            tokens = _parser().parse(self._tail)
        fence = _open_fence(tokens, self._tail)
        if fence is not None:
            self._fence = fence
            self._tail = self._tail.split("\n", 1)[1]
        else:
            self.blocks += _Flattener().run(tokens)

    def _read_fence(self) -> bool:
        """Take lines into the open fence; return whether it was closed."""
        fence = self._fence
        assert fence is not None
        lines = self._tail.split("\n")
        for number, line in enumerate(lines[:-1]):
            if fence.closing.fullmatch(line):
                self._tail = "\n".join(lines[number + 1 :])
                self._show_fence(closed=True)
                self._fence = None
                self.settled = len(self.blocks)
                return True
            fence.lines.append(line)
        self._tail = lines[-1]
        self._show_fence(closed=False)
        return False

    def _show_fence(self, *, closed: bool) -> None:
        fence = self._fence
        assert fence is not None
        lines = list(fence.lines)
        # A last line of ` or ~ may be the closing fence that is still being written.
        if not closed and self._tail and not set(self._tail.strip()) <= {"`", "~"}:
            lines.append(self._tail)
        old = fence.block
        self.blocks[self.settled :] = [
            Block("code", text="\n".join(lines), language=old.language, closed=closed)
        ]


# --- where a tail may be cut --------------------------------------------------------------------


@dataclass(frozen=True)
class _Cut:
    line: int = 0


def _last_start(tokens: list[Token]) -> _Cut:
    """Return the line where the last block begins that more text could still change.

    That is the last block at the top level or, in a list, its last item: a list may be long.
    """
    line = 0
    for token in tokens:
        if token.map and (
            token.level == 0 or (token.level == 1 and token.type == "list_item_open")
        ):
            line = token.map[0]
    return _Cut(line)


def _split_lines(text: str, line: int) -> tuple[str, str]:
    at = 0
    for _ in range(line):
        at = text.index("\n", at) + 1
    return text[:at], text[at:]


_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*([^\n]*)")


def _open_fence(tokens: list[Token], tail: str) -> _Fence | None:
    """Return the fence that ``tail`` begins with, if its first line is complete."""
    if not tokens or tokens[0].type != "fence" or "\n" not in tail or len(tokens) > 1:
        return None
    match = _FENCE.match(tail)
    if match is None or match[1]:
        return None  # an indented fence takes its indent from each line: left to the parser
    mark = match[2]
    closing = re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
    return _Fence(closing, Block("code", language=_language(match[3]), closed=False))


# --- tokens to blocks ---------------------------------------------------------------------------


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 100})
    parser.enable(["table", "strikethrough"])
    # Raw HTML is shown as it is written, and a character reference cannot hide an address.
    parser.disable(["html_block", "html_inline"])
    parser.validateLink = _is_link  # type: ignore[method-assign]
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.inline.ruler.before("link", "footnote", _footnote_mark)
    parser.inline.ruler.before("autolink", "tag", _tag)
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "formula", _formula_block, interrupts)
    parser.block.ruler.before("reference", "footnote", _footnote, interrupts)
    return parser


_FORMULA = re.compile(
    r"\\\((?P<inline>(?:(?!\n\n).)+?)\\\)|\\\[(?:(?!\n\n).)+?\\\]|\$\$(?:(?!\n\n).)+?\$\$"
    r"|(?<![\w$])\$(?=[^\s$])(?!\d[\d.,]*\s+[^\W\d_]{2})(?P<dollar>(?:\\.|[^\\\n$])*?)(?<=\S)\$(?![\w$])",
    re.DOTALL,
)
"""TeX between its marks; of dollars, not the signs of prices."""
_UNFINISHED = re.compile(r"(?:\\[(\[]|\$\$).*?(?:\\[A-Za-z]|[\^_{])", re.DOTALL)


def _formula(state: StateInline, silent: bool) -> bool:
    """Take a formula as it is written: its backslashes, ``_`` and ``*`` are no marks.

    One whose end is still being written stays text to the end of its paragraph.
    """
    if state.src[state.pos] not in "\\$":
        return False
    match = _FORMULA.match(state.src, state.pos, state.posMax)
    if match is None and not _UNFINISHED.match(state.src, state.pos, state.posMax):
        return False
    text = match[0] if match else state.src[state.pos : state.posMax]
    if not silent:
        token = state.push("formula" if match else "text", "", 0)
        token.content = text.replace("\n", LINE_BREAK)
        inline = match and (match["inline"] or match["dollar"])
        token.info = "inline" if inline else "display"
    state.pos += len(text)
    return True


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take a formula on lines of its own, which may look like a list, a heading or a quote."""
    if state.is_code_block(start):
        return False
    begin = state.bMarks[start] + state.tShift[start]
    if state.src[begin : begin + 1] not in ("\\", "$"):
        return False
    mark = _FORMULA_OPEN.match(state.src, begin, state.eMarks[start])
    if mark is None:
        return False
    closing = {"\\[": "\\]", "$$": "$$"}.get(mark[0]) or mark[0].replace("begin", "end")
    line, after, closed = start, mark.end(), False
    while line < end and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent:
        at = state.src.find(closing, after, state.eMarks[line])
        line += 1
        if at >= 0:
            closed = True
            if state.src[at + len(closing) : state.eMarks[line - 1]].strip(" \t.,;"):
                return False  # text follows: the formula is part of a paragraph
            break
        after = state.bMarks[line] if line < end else 0
    if silent:
        return True
    token = state.push("formula", "", 0)
    token.content = state.getLines(start, line, state.blkIndent, False).strip()
    token.info = "display" if closed else ""
    token.map = [start, line]
    state.line = line
    return True


_FORMULA_OPEN = re.compile(
    r"\\\[|\$\$|\\begin\{(?:align|alignat|eqnarray|equation|gather|multline)\*?\}"
)
_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,40})\]")


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take a footnote: its label and the lines to the next one."""
    if state.is_code_block(start):
        return False
    begin = state.bMarks[start] + state.tShift[start]
    label = _FOOTNOTE.match(state.src, begin, state.eMarks[start])
    if label is None or state.src[label.end() : label.end() + 1] != ":":
        return False
    if silent:
        return True
    line = start + 1
    while line < end and not state.isEmpty(line):
        if _FOOTNOTE.match(state.src, state.bMarks[line] + state.tShift[line]):
            break
        line += 1
    text = state.getLines(start, line, state.blkIndent, False).strip()
    state.push("footnote_open", "", 1).info = label[1]
    state.tokens[-1].map = [start, line]
    inline = state.push("inline", "", 0)
    inline.content, inline.children = text[label.end() - begin + 1 :].strip(), []
    inline.map = [start, line]
    state.push("footnote_close", "", -1)
    state.line = line
    return True


def _footnote_mark(state: StateInline, silent: bool) -> bool:
    """Take the label of a footnote in running text."""
    match = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if match is None or state.src[match.end() : match.end() + 1] == "(":
        return False
    if not silent:
        state.push("footnote_mark", "", 0).content = match[1]
    state.pos = match.end()
    return True


_TAG = re.compile(
    r"<(?P<tag>sub|sup|mark)>(?P<in>(?:(?!\n\n).)+?)</(?P=tag)>|==(?=\S)(?P<marked>[^\n]+?)(?<=\S)=="
    r"|<br ?/?>",
    re.DOTALL | re.IGNORECASE,
)


def _tag(state: StateInline, silent: bool) -> bool:
    """Take subscripts, superscripts, marked text and breaks: the tags that texts use."""
    if state.src[state.pos] not in "<=":
        return False
    match = _TAG.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    group = "in" if match["in"] else "marked"
    if not silent and match[group] is None:
        state.push("hardbreak", "br", 0)
    elif not silent:
        name, end = (match["tag"] or "mark").lower(), state.posMax
        state.push(f"{name}_open", name, 1)
        state.pos, state.posMax = match.span(group)
        state.md.inline.tokenize(state)
        state.push(f"{name}_close", name, -1)
        state.posMax = end
    state.pos = match.end()
    return True


def _is_link(url: str) -> bool:
    return url.lower().startswith(LINK_SCHEMES)


class _Flattener:
    """Turns the tokens of one parse into blocks."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._indent = self._quote = 0
        self._marker = ""
        self._heading = 0
        self._rows: list[list[Spans]] = []
        self._aligns: list[str] = []
        self._in_table = False

    def run(self, tokens: list[Token]) -> list[Block]:
        for token in tokens:
            handler = getattr(self, f"_on_{token.type}", None)
            if handler is not None:
                handler(token)
        return self.blocks

    def _add(self, kind: BlockKind, **fields: Any) -> None:
        marker, self._marker = self._marker, ""
        self.blocks.append(
            Block(
                kind,
                indent=min(self._indent, MAX_DEPTH),
                quote=min(self._quote, MAX_DEPTH),
                marker=marker,
                **fields,
            )
        )

    def _on_inline(self, token: Token) -> None:
        spans = _spans(token.children or [])
        if self._in_table:
            self._rows[-1].append(spans)
        elif self._heading:
            self._add("heading", spans=spans, level=self._heading)
        else:
            self._add_paragraph(self._task(spans))

    def _add_paragraph(self, spans: Spans) -> None:
        """Add running text; formulas to be displayed stand alone."""
        for formula, run in groupby(spans, key=lambda span: span.formula == "display"):
            for part in [(span,) for span in run] if formula else [_trimmed(tuple(run))]:
                if part:
                    self._add("formula" if formula else "paragraph", spans=part)
        if not spans:
            self._add("paragraph")

    def _on_formula(self, token: Token) -> None:
        text = token.content.replace("\n", LINE_BREAK)
        self._add_paragraph((Span(text, formula="display" if token.info else ""),))

    def _on_footnote_open(self, token: Token) -> None:
        self._indent += 1
        self._marker = token.info

    def _on_footnote_close(self, token: Token) -> None:
        self._indent -= 1

    def _task(self, spans: Spans) -> Spans:
        """Take ``[ ]`` or ``[x]`` off the start of a list item and make it the marker."""
        if not self._marker or not spans or spans[0] != Span(spans[0].text):
            return spans
        text = spans[0].text
        box = {"[ ] ": "☐", "[x] ": "☑", "[X] ": "☑"}.get(text[:4])
        if box is None:
            return spans
        self._marker = box
        return (Span(text[4:]), *spans[1:])

    def _on_heading_open(self, token: Token) -> None:
        self._heading = int(token.tag[1])

    def _on_heading_close(self, token: Token) -> None:
        self._heading = 0

    def _on_hr(self, token: Token) -> None:
        self._add("rule")

    def _on_fence(self, token: Token) -> None:
        closed = token.map is None or token.map[1] - token.map[0] > token.content.count("\n") + 1
        self._add(
            "code",
            text=token.content.removesuffix("\n"),
            language=_language(token.info),
            closed=closed,
        )

    def _on_code_block(self, token: Token) -> None:
        self._add("code", text=token.content.removesuffix("\n"))

    def _on_blockquote_open(self, token: Token) -> None:
        self._quote += 1

    def _on_blockquote_close(self, token: Token) -> None:
        self._quote -= 1

    def _on_bullet_list_open(self, token: Token) -> None:
        self._indent += 1

    _on_ordered_list_open = _on_bullet_list_open

    def _on_bullet_list_close(self, token: Token) -> None:
        self._indent -= 1

    _on_ordered_list_close = _on_bullet_list_close

    def _on_list_item_open(self, token: Token) -> None:
        self._marker = f"{token.info}." if token.info else "•"

    def _on_list_item_close(self, token: Token) -> None:
        if self._marker:  # an item without anything in it
            self._add("paragraph")

    def _on_table_open(self, token: Token) -> None:
        self._in_table, self._rows, self._aligns = True, [], []

    def _on_tr_open(self, token: Token) -> None:
        self._rows.append([])

    def _on_th_open(self, token: Token) -> None:
        style = str(token.attrGet("style") or "")
        self._aligns.append(style.removeprefix("text-align:"))

    def _on_table_close(self, token: Token) -> None:
        self._in_table = False
        self._add("table", rows=tuple(tuple(row) for row in self._rows), aligns=tuple(self._aligns))


def _language(info: str) -> str:
    words = info.split()
    return words[0].strip("{}.").lower()[:40] if words else ""


def _spans(children: list[Token]) -> Spans:
    """Return the runs of an inline token; neighbours of one style are joined."""
    style: dict[str, Any] = {}
    runs: list[Span] = []

    def add(text: str, **more: Any) -> None:
        run = Span(text, **{**style, **more})
        if runs and same_style(runs[-1], run):
            run = replace(run, text=runs.pop().text + text)
        if text:
            runs.append(run)

    for child in children:
        match child.type:
            case "text" | "html_inline":
                add(child.content)
            case "code_inline":
                add(child.content, code=True)
            case "softbreak" | "hardbreak":  # models mean the line breaks they write
                add(LINE_BREAK)
            case "strong_open" | "strong_close":
                style["bold"] = child.nesting > 0
            case "em_open" | "em_close":
                style["italic"] = child.nesting > 0
            case "s_open" | "s_close":
                style["strike"] = child.nesting > 0
            case "sub_open" | "sub_close":
                style["raised"] = -max(child.nesting, 0)
            case "sup_open" | "sup_close":
                style["raised"] = max(child.nesting, 0)
            case "mark_open" | "mark_close":
                style["marked"] = child.nesting > 0
            case "formula":
                add(child.content, formula=child.info)
            case "footnote_mark":
                add(child.content, raised=1)
            case "link_open":
                style["href"] = str(child.attrGet("href") or "")
            case "link_close":
                style["href"] = ""
            case "image":  # never loaded: what it says of itself, as a link
                add(child.content or "image", href=str(child.attrGet("src") or ""))
    return tuple(runs)


def same_style(a: Span, b: Span) -> bool:
    """Whether two runs are one; a formula stays alone."""
    return not a.formula and not b.formula and replace(a, text="") == replace(b, text="")


def _trimmed(spans: Spans) -> Spans:
    """Return ``spans`` without blanks and breaks at both ends."""
    parts = list(spans)
    while parts and not (text := parts[0].text.lstrip(f" {LINE_BREAK}")):
        del parts[0]
    if parts:
        parts[0] = replace(parts[0], text=text)
    while parts and not (text := parts[-1].text.rstrip(f" {LINE_BREAK}")):
        del parts[-1]
    if parts:
        parts[-1] = replace(parts[-1], text=text)
    return tuple(parts)
