"""What ChatGPT, Open WebUI and the studio itself export, as conversations of the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from studio.api import BadInput, NewConversation
from studio.api.window.language import tr
from studio_chat.imports import archive
from studio_chat.imports.tree import Node, in_order, moment

MAX_CONVERSATIONS = 100_000
MAX_TITLE = 200
_ROLES = ("user", "assistant")
_PICTURE = "[picture]"

Told = Callable[[int, int], None]
"""Called with conversations done and their total; what it raises ends the import."""


class _Author(msgspec.Struct):
    role: str = ""


class _Content(msgspec.Struct):
    content_type: str = ""
    parts: list[Any] | None = None
    text: str | None = None
    language: str | None = None


class _Said(msgspec.Struct):
    author: _Author | None = None
    content: _Content | None = None
    create_time: Any = None
    metadata: dict[str, Any] | None = None


class _MappedNode(msgspec.Struct):
    message: _Said | None = None
    parent: str | None = None


class _ChatGpt(msgspec.Struct):
    mapping: dict[str, _MappedNode]
    title: str | None = None
    current_node: str | None = None
    create_time: Any = None
    update_time: Any = None


class _WebMessage(msgspec.Struct):
    role: str = ""
    content: Any = ""
    parentId: str | None = None
    timestamp: Any = None
    model: Any = None


class _History(msgspec.Struct):
    messages: dict[str, _WebMessage]
    currentId: str | None = None


class _WebChat(msgspec.Struct):
    history: _History
    system: Any = None


class _OpenWebUi(msgspec.Struct):
    chat: _WebChat
    title: str | None = None
    created_at: Any = None
    updated_at: Any = None


class _OwnMessage(msgspec.Struct):
    id: str
    role: str
    content: str
    parent: str = ""
    created: float = 0.0
    weights: str = ""


class _Own(msgspec.Struct):
    messages: list[_OwnMessage]
    other_branches: list[_OwnMessage] = []
    title: str = ""
    system: str = ""
    created: float = 0.0
    updated: float = 0.0


def read(path: Path, progress: Told = lambda _done, _total: None) -> list[NewConversation]:
    """Return all conversations of an export, those without a message left out.

    Raises:
        BadInput: It is no export that is known, or something in it cannot be used.
    """
    conversations: list[NewConversation] = []
    for document in archive.documents(path, lambda: progress(0, 0)):
        rows = _rows(document, path.name)
        for number, row in enumerate(rows):
            progress(number, len(rows))
            new = _conversation(row, path.name)
            if new.messages:
                conversations.append(new)
        if len(conversations) > MAX_CONVERSATIONS:
            words = tr("{name} has too many conversations.").format(name=path.name)
            raise BadInput(words, tr("Split the file."))
    if not conversations:
        raise _unknown(path.name)
    return conversations


def _rows(document: bytes, name: str) -> Sequence[msgspec.Raw]:
    """Return the conversations of a document, each still as it is written."""
    text = document.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        if text.startswith(b"["):
            return msgspec.json.decode(text, type=list[msgspec.Raw])
        return [msgspec.json.decode(text, type=msgspec.Raw)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadInput(
            tr("{name} is not a whole JSON file.").format(name=name),
            tr("Export your conversations again."),
        ) from error


def _conversation(row: msgspec.Raw, name: str) -> NewConversation:
    for form, convert in _FORMS:
        try:
            return convert(msgspec.json.decode(row, type=form))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            continue  # another form
    raise _unknown(name)


def _unknown(name: str) -> BadInput:
    return BadInput(
        tr("There are no conversations in {name} that the studio can read.").format(name=name),
        tr("Choose an export of ChatGPT, of Open WebUI, or of the studio as JSON."),
    )


def _whole(
    title: str | None, nodes: list[Node], head: str, created: Any, updated: Any, source: str
) -> NewConversation:
    messages, last = in_order(nodes, head)
    return NewConversation(
        title=" ".join((title or "").split())[:MAX_TITLE] or tr("Imported conversation"),
        messages=messages,
        head=last,
        settings={"imported": source},
        created=moment(created) or min((m.created for m in messages if m.created), default=0.0),
        updated=moment(updated) or max((m.created for m in messages), default=0.0),
    )


def _of_chatgpt(whole: _ChatGpt) -> NewConversation:
    nodes = []
    for key, node in whole.mapping.items():
        role, text, message = "", "", node.message
        if message is not None and message.author is not None and message.author.role in _ROLES:
            hidden = (message.metadata or {}).get("is_visually_hidden_from_conversation")
            role, text = ("" if hidden else message.author.role), _text(message.content)
        model = (message.metadata or {}).get("model_slug") if message else None
        extra = _made_by(role, model)
        created = moment(message.create_time) if message else 0.0
        nodes.append(Node(key, node.parent or "", role, text, created, extra))
    head = whole.current_node or ""
    return _whole(whole.title, nodes, head, whole.create_time, whole.update_time, "ChatGPT")


def _text(content: _Content | None) -> str:
    if content is None or content.content_type in ("thoughts", "reasoning_recap"):
        return ""
    if content.content_type == "code":
        language = content.language if content.language not in (None, "unknown") else ""
        return f"```{language}\n{content.text or ''}\n```" if (content.text or "").strip() else ""
    parts = []
    for part in content.parts or ():
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part, dict):
            text = part.get("text")
            parts.append(text if isinstance(text, str) else _PICTURE)
    return "\n\n".join(part for part in parts if part.strip()) or content.text or ""


def _of_open_webui(whole: _OpenWebUi) -> NewConversation:
    history = whole.chat.history
    nodes = [
        Node(
            key,
            message.parentId or "",
            message.role if message.role in _ROLES else "",
            _web_text(message.content),
            moment(message.timestamp),
            _made_by(message.role, message.model),
        )
        for key, message in history.messages.items()
    ]
    head = history.currentId or ""
    new = _whole(whole.title, nodes, head, whole.created_at, whole.updated_at, "Open WebUI")
    system = whole.chat.system
    return replace(new, system=system) if isinstance(system, str) else new


def _web_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text", _PICTURE) for part in parts if isinstance(part, dict)]
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _of_own(whole: _Own) -> NewConversation:
    nodes = [
        Node(m.id, m.parent, m.role, m.content, moment(m.created), _made_by(m.role, m.weights))
        for m in sorted([*whole.messages, *whole.other_branches], key=lambda message: message.id)
        if m.role in (*_ROLES, "tool", "system")
    ]
    head = whole.messages[-1].id if whole.messages else ""
    new = _whole(whole.title, nodes, head, whole.created, whole.updated, "Offline Studio")
    return replace(new, system=whole.system)


def _made_by(role: str, model: Any) -> dict[str, Any]:
    return {"weights": model} if role == "assistant" and isinstance(model, str) and model else {}


_FORMS: list[tuple[Any, Callable[[Any], NewConversation]]] = [
    (_ChatGpt, _of_chatgpt),
    (_OpenWebUi, _of_open_webui),
    (_Own, _of_own),
]
