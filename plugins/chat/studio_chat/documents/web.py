"""Extract the visible text of an HTML page. Headings get the ``#`` of Markdown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr")
_UNSEEN = re.compile("script|style|template|noscript|svg|object|iframe|select|datalist")
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|d[dlt]|div|figcaption|figure|footer|form|h[1-6]|header|"
    "li|main|nav|ol|p|pre|section|table|tr|ul"
)
_CLOSED_BY_THE_NEXT = frozenset({"p", "dt", "dd"})
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MOST_COMMENTS = 2_000
"""With more they are taken out first: Python's parser looks for the end of each to the end of the
page, where it has none. With fewer it knows better what is none, as in a script."""
_TYPED_SPACE = "\xa0"
"""What indents code, until the other spaces are cut."""
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)


def charset(data: bytes) -> str:
    """Return the encoding that a page says it has; empty if it says none."""
    match = _CHARSET.search(data[:4096])
    return match[1].decode("ascii") if match else ""


def read(text: str) -> tuple[str, str]:
    """Return the title and the text of a page; the title is its first heading if it has one."""
    page = _Page()
    page.feed(_without_comments(text) if text.count("<!--") > _MOST_COMMENTS else text)
    page.close()
    lines = [line.strip(" ") for line in "".join(page.found).split("\n")]
    visible = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    heading = next((line.lstrip("# ") for line in lines if re.match(r"#+ .", line)), "")
    visible = visible.replace(_TYPED_SPACE, " ")
    return heading or _SPACE.sub(" ", "".join(page.title)).strip(), visible


def _without_comments(text: str) -> str:
    """Remove the comments of a page; an unterminated one extends to the end."""
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        parts.append(text[at:start])
        end = text.find("-->", start + 4)
        if end < 0:
            return "".join(parts)
        at = end + 3
    return "".join(parts) + text[at:]


def _is_hidden(tag: str, attributes: dict[str, str | None]) -> bool:
    return (
        bool(_UNSEEN.fullmatch(tag))
        or "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(_HIDING.search(attributes.get("style") or ""))
    )


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.title: list[str] = []
        self._hiding = ""  # the tag within which nothing is seen
        self._deep = 0
        self._in_title = False
        self._as_typed = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hiding and not (tag == self._hiding and tag in _CLOSED_BY_THE_NEXT):
            self._deep += tag == self._hiding
            return
        self._hiding = ""
        if _VOID.fullmatch(tag):
            self.found.append("\n" if tag in {"br", "hr"} else "")
        elif _is_hidden(tag, dict(attrs)):
            self._hiding, self._deep = tag, 1
        elif _BLOCK.fullmatch(tag):
            self._as_typed += tag == "pre"
            level = int(tag[1]) if re.fullmatch(r"h[1-6]", tag) else 0
            self.found.append("\n" * (1 + bool(level)) + "#" * level + " " * bool(level))
        elif tag in {"td", "th"}:
            self.found.append(" ")
        self._in_title = tag == "title"

    def handle_endtag(self, tag: str) -> None:
        if self._hiding:
            self._deep -= tag == self._hiding
            self._hiding = self._hiding if self._deep else ""
            return
        self._in_title = False
        if _BLOCK.fullmatch(tag):
            self._as_typed = max(0, self._as_typed - (tag == "pre"))
            self.found.append("\n")
        elif tag in {"td", "th"}:
            self.found.append(" |")

    def handle_data(self, data: str) -> None:
        if self._hiding:
            return
        into = self.title if self._in_title else self.found
        typed = data.replace(" ", _TYPED_SPACE)
        into.append(typed if self._as_typed else _SPACE.sub(" ", data))
