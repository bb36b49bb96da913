"""A conversation as a text of its own: Markdown and HTML for people, JSON for programs."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

from studio.library.rows import Conversation, Message
from studio.protocol.regular_file import read_regular

SUFFIXES = (".md", ".html", ".json")
_WHO = {"user": "You", "assistant": "Assistant", "system": "System prompt", "tool": "Tool"}
_PICTURES = {
    "png": "png",
    "gif": "gif",
    "webp": "webp",
    "bmp": "bmp",
    "jpg": "jpeg",
    "jpeg": "jpeg",
}
"""Ending of a file that a page can show → kind of its picture."""
_MOST_PICTURE_BYTES = 16 << 20
_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #1c1f26; background: #fff;
  max-width: 46rem; margin: 2.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2.who { font-size: .85rem; color: #5b6270; margin: 2rem 0 .3rem; }
pre { background: #f3f4f7; padding: .8rem 1rem; border-radius: 8px; overflow-x: auto; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
table { border-collapse: collapse; } th, td { border: 1px solid #d5d8df; padding: .3rem .6rem; }
img { max-width: 100%; }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid #d5d8df; }
.user { background: #eef0fb; padding: .1rem 1rem; border-radius: 10px; white-space: pre-wrap; }
@media (prefers-color-scheme: dark) { body { color: #e6e8ee; background: #14161c; }
  pre { background: #1e212a; } .user { background: #23263a; } }
"""
_PAGE = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
img-src data:">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{turns}
</body>
</html>
"""


def transcript(
    conversation: Conversation,
    thread: Sequence[Message],
    suffix: str,
    everything: Sequence[Message] = (),
) -> str:
    """Return the shown branch of a conversation as ``.json``, ``.html``, else Markdown.

    Args:
        everything: All messages of all branches, for JSON.
    """
    match suffix.lower():
        case ".json":
            return _json(conversation, thread, everything)
        case ".html":
            return _html(conversation, thread)
        case _:
            return _markdown(conversation, thread)


def _turns(conversation: Conversation, thread: Sequence[Message]) -> list[tuple[str, str]]:
    turns = [("system", conversation.system)] if conversation.system.strip() else []
    for message in thread:
        parts = (_tools_and_pictures(message), message.content.strip())
        turns.append((message.role, "\n\n".join(filter(None, parts))))
    return turns


def _tools_and_pictures(message: Message) -> str:
    """Return a message's tool calls and images as Markdown; empty for most."""
    extra = message.extra
    pictures = [f"![{Path(path).name}](<{path}>)" for path in _texts(extra.get("pictures"))]
    calls = [_call(call) for call in _rows(extra.get("calls"))]
    return "\n\n".join([*pictures, *calls])


def _call(call: Mapping[str, Any]) -> str:
    arguments = json.dumps(call.get("arguments") or {}, ensure_ascii=False)
    head = f"> **{call.get('title') or call.get('name')}** ({call.get('state')}) `{arguments}`"
    links = [
        f"> - {row.get('word')}: {row.get('title')} ({row.get('kind')}, {row.get('id')})"
        for row in _rows(call.get("results"))
    ]
    lines = [f"> {line}".rstrip() for line in str(call.get("told") or "").splitlines()]
    return "\n>\n".join(filter(None, (head, "\n".join(lines), "\n".join(links))))


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _markdown(conversation: Conversation, thread: Sequence[Message]) -> str:
    turns = _turns(conversation, thread)
    parts = [f"## {_WHO.get(role, role)}\n\n{content.strip()}\n" for role, content in turns]
    return "\n".join([f"# {conversation.title or 'Conversation'}\n", *parts])


def _html(conversation: Conversation, thread: Sequence[Message]) -> str:
    """Return a page that holds all it needs and may load nothing."""
    from markdown_it import MarkdownIt  # heavy

    # Neither tags of the text nor pictures, which would be fetched from elsewhere.
    read = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    read.disable("image")
    parts = []
    if conversation.system.strip():
        parts.append(_html_turn("system", escape(conversation.system)))
    for message in thread:
        pictures = [_html_picture(Path(path)) for path in _texts(message.extra.get("pictures"))]
        calls = "\n\n".join(map(_call, _rows(message.extra.get("calls"))))
        content = message.content.strip()
        words = read.render(content) if message.role == "assistant" else escape(content)
        parts.append(_html_turn(message.role, "".join([*pictures, read.render(calls), words])))
    title = escape(conversation.title or "Conversation")
    return _PAGE.format(title=title, style=_STYLE, turns="\n".join(parts))


def _html_turn(role: str, body: str) -> str:
    head = f'<h2 class="who">{escape(_WHO.get(role, role))}</h2>'
    return f'{head}\n<div class="{escape(role)}">{body}</div>'


def _html_picture(path: Path) -> str:
    """Return a picture as part of the page, or its name where it cannot be read."""
    kind = _PICTURES.get(path.suffix.lower().lstrip("."))
    if kind is not None:
        with suppress(OSError):
            data = b64encode(read_regular(path, _MOST_PICTURE_BYTES)).decode()
            return f'<p><img alt="{escape(path.name)}" src="data:image/{kind};base64,{data}"></p>'
    return f"<p>[{escape(path.name)}]</p>"


def _json(
    conversation: Conversation, thread: Sequence[Message], everything: Sequence[Message]
) -> str:
    shown = {message.id for message in thread}
    data = {
        "title": conversation.title,
        "system": conversation.system,
        "settings": conversation.settings,
        "created": conversation.created,
        "updated": conversation.updated,
        "messages": [_told(message) for message in thread],
        "other_branches": [_told(message) for message in everything if message.id not in shown],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _told(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "parent": message.parent,
        "role": message.role,
        "content": message.content,
        "created": message.created,
        "weights": message.extra.get("weights", ""),
        **{name: message.extra[name] for name in ("calls", "pictures") if message.extra.get(name)},
    }
