"""What clients send to ``/v1/responses``, as a request for chat. Keeps nothing.

Format: OpenAI's API reference, ``responses``. Texts and functions; what changes the answer and is
not to be had is refused.
"""

from __future__ import annotations

from typing import Any

import msgspec

from studio.serving.errors import Refusal
from studio.serving.requests import ChatRequest, ContentPart, JsonSchema, Message, ResponseFormat
from studio.serving.tools import CalledFunction, CallRow, ToolChoice, ToolRow

_TEXTS = ("input_text", "output_text", "text")


class Item(msgspec.Struct, kw_only=True):
    """A part of the input: a message, a call, or the result of a call."""

    type: str = "message"
    role: str = ""
    content: str | list[ContentPart] | None = None
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str | list[ContentPart] | None = None


class TextForm(msgspec.Struct, kw_only=True):
    """The form of the answer: its fields are those of chat, but not within each other."""

    type: str = "text"
    schema: dict[str, Any] | None = None


class TextWish(msgspec.Struct, kw_only=True):
    """Options for the answer's text."""

    format: TextForm | None = None


class ResponseRequest(msgspec.Struct, kw_only=True):
    """``POST /v1/responses``."""

    model: str = ""
    input: str | list[Item] = ""
    instructions: str | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    stream: bool | None = None
    background: bool | None = None
    conversation: Any = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    text: TextWish | None = None
    tools: list[ToolRow] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    metadata: dict[str, Any] | None = None

    def messages(self) -> list[Message]:
        """Return the new messages of the conversation.

        Raises:
            Refusal: The request is not supported.
        """
        if self.background or self.conversation is not None:
            name = "background" if self.background else "conversation"
            error = f"“{name}” is not supported here: use stream, or previous_response_id."
            raise Refusal(400, error, "unsupported")
        if isinstance(self.input, str):
            return [Message("user", self.input)]
        messages: list[Message] = []
        for item in self.input:
            _add(item, messages)
        return messages

    def chat(self, messages: list[Message]) -> ChatRequest:
        """Return the request for chat that has the same answer.

        Args:
            messages: The whole conversation, without the instructions.
        """
        leading = [Message("system", self.instructions)] if self.instructions else []
        form = self.text.format if self.text else None
        schema = JsonSchema(form.schema) if form and form.type == "json_schema" else None
        return ChatRequest(
            model=self.model,
            messages=[*leading, *messages],
            stream=self.stream,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_output_tokens,
            response_format=ResponseFormat(form.type, schema) if form else None,
            tools=self.tools,
            tool_choice=self.tool_choice,
            parallel_tool_calls=self.parallel_tool_calls,
        )


def _add(item: Item, messages: list[Message]) -> None:
    """Add an item to the conversation; calls of one turn belong to one message."""
    match item.type:
        case "message":
            messages.append(Message(item.role, _parts(item.content)))
        case "function_call":
            call = CallRow(id=item.call_id, function=CalledFunction(item.name, item.arguments))
            if not messages or messages[-1].role != "assistant":
                messages.append(Message("assistant", None))
            messages[-1].tool_calls = [*(messages[-1].tool_calls or ()), call]
        case "function_call_output":
            messages.append(Message("tool", _parts(item.output), None, item.call_id))
        case "reasoning":  # of another model: nothing to go on with
            pass
        case _:
            error = (
                f"Input of type “{item.type[:60]}” is not supported: messages and functions are."
            )
            raise Refusal(400, error, "unsupported")


def _parts(content: str | list[ContentPart] | None) -> str | list[ContentPart] | None:
    """Return content with the names that its parts have in chat."""
    if not isinstance(content, list):
        return content
    names = {**dict.fromkeys(_TEXTS, "text"), "input_image": "image_url"}
    return [ContentPart(names.get(p.type, p.type), p.text, p.image_url) for p in content]
