"""The chapters of an EPUB book, in the order in which they are read.

Format: EPUB 3.3: ``META-INF/container.xml`` names the package, whose spine lists the chapters.
"""

from __future__ import annotations

from posixpath import dirname
from urllib.parse import unquote

from studio_chat.documents import web
from studio_chat.documents.parts import Attributes, Parts, resolved, walk

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"


def read(parts: Parts) -> tuple[list[str], list[str]]:
    """Return the text and the title of each chapter; a chapter without text is left out.

    Raises:
        PermissionError: Its chapters are encrypted.
        KeyError, ValueError, SyntaxError: It is damaged.
    """
    locked = set(_named(parts, ENCRYPTION, "CipherReference", "URI"))
    texts: list[str] = []
    titles: list[str] = []
    for name in _spine(parts):
        if name in locked:
            raise PermissionError(name)
        title, text = web.read(parts.read(name).decode("utf-8-sig"))
        if text:
            texts.append(text)
            titles.append(title[:80])
    return texts, titles


def _spine(parts: Parts) -> list[str]:
    package = next(iter(_named(parts, CONTAINER, "rootfile", "full-path")))
    members: dict[str, str] = {}
    order: list[str] = []

    def begin(tag: str, given: Attributes) -> None:
        if tag == "item" and "html" in given.get("media-type", ""):
            href = unquote(given.get("href", ""))
            members[given.get("id", "")] = resolved(dirname(package), href)
        elif tag == "itemref":
            order.append(given.get("idref", ""))

    walk(parts.read(package), begin)
    return list(dict.fromkeys(members[key] for key in order if key in members))


def _named(parts: Parts, member: str, element: str, attribute: str) -> list[str]:
    matches: list[str] = []

    def begin(tag: str, given: Attributes) -> None:
        if tag == element and attribute in given:
            matches.append(resolved("", unquote(given[attribute])))

    if member in parts.names:
        walk(parts.read(member), begin)
    return matches
