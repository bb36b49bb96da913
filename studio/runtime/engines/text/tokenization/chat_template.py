"""Renders chat templates: the only place that does. They run in a child that can be killed.

Limits: 2 seconds of a processor, 256 MiB, 4 MiB of output. Whatever a template does, the studio
gets a prompt: the template's own or, with a note that says why, one in the built-in format.
"""

from __future__ import annotations

import atexit
import json
import struct
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

import psutil

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.formats.load_errors import shown
from studio.runtime.engines.text.tokenization.isolated_interpreter import (
    bare_environment,
    bare_python,
    homes,
)

SECONDS = 2.0
"""Of a processor: that others keep the machine busy is no fault of the template."""
PATIENCE_SECONDS = 60.0
"""Of the clock, for the child's start and for each answer."""
MEMORY_BYTES = 256 << 20
OUTPUT_CHARACTERS = 4 << 20
MAX_TEMPLATE_CHARACTERS = 1 << 20

_CHILD = Path(__file__).with_name("chat_template_child.py")
_HEADING = struct.Struct("<I")
_LOOK_SECONDS = 0.05
_MAX_ANSWER_BYTES = 8 * OUTPUT_CHARACTERS  # a character may be escaped

Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Rendered:
    """A prompt as text.

    Attributes:
        text: The prompt.
        note: Why the built-in format was used; empty if the model's own template made it.
    """

    text: str
    note: str = ""


class TemplateRefused(StudioError):
    """The template says that it cannot render these messages: they are at fault, not it."""


class _Failed(Exception):
    """The template broke, or was stopped; the words say how."""


class ChatTemplate:
    """The template of one model.

    Attributes:
        source: Its text; empty for none.
        note: Why it is not used any more, once it has failed.
    """

    def __init__(self, source: str, names: Mapping[str, str], *, chatml: bool) -> None:
        """Hold a template without rendering it.

        Args:
            source: Jinja text from the model's file.
            names: Strings it may use: ``bos_token``, ``eos_token``, …
            chatml: Whether the model knows the tokens of the built-in ChatML format.
        """
        self.source = source
        self.note = ""
        self._names = dict(names)
        self._chatml = chatml
        if len(source) > MAX_TEMPLATE_CHARACTERS:
            self.note = "The model's chat template is too long, so the default template is used."

    @property
    def knows_tools(self) -> bool:
        """Whether it tells of tools, and of calls in the form that we read: Hermes' in JSON."""
        knows = all(word in self.source for word in ("tools", "tool_calls", "<tool_call>"))
        return knows and "<function=" not in self.source and not self.note

    def render(
        self,
        messages: Messages,
        *,
        answer: bool = True,
        now: datetime | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> Rendered:
        """Return the prompt for ``messages``.

        Args:
            messages: ``role`` and ``content`` of each turn, oldest first.
            answer: End where the assistant's reply begins.
            now: What the template takes for the present; the clock by default.
            tools: What it tells of, if it :attr:`knows_tools`.

        Raises:
            TemplateRefused: The template refuses such messages.
        """
        if not self.source or self.note:
            return Rendered(built_in(messages, answer, chatml=self._chatml), self.note)
        names: dict[str, Any] = {**self._names, "add_generation_prompt": answer}
        if tools:
            names["tools"] = list(tools)
        try:
            return Rendered(self._render_or_fold(messages, names, now or datetime.now()))
        except _Failed as failure:
            self.note = (
                f"The model's chat template failed ({shown(str(failure))}), so the default "
                "template is used."
            )
            return Rendered(built_in(messages, answer, chatml=self._chatml), self.note)

    def _render_or_fold(self, messages: Messages, names: dict[str, Any], now: datetime) -> str:
        try:
            return _renderer.render(self.source, {**names, "messages": list(messages)}, now)
        except TemplateRefused:
            folded = fold_system(messages)
            if folded is None:
                raise
            # Some templates know no system prompt: the first question carries it then.
            return _renderer.render(self.source, {**names, "messages": folded}, now)


def built_in(messages: Messages, answer: bool, *, chatml: bool) -> str:
    """Return ``messages`` in ChatML, or as plain headed text for models that do not know it."""
    if chatml:
        turns = [f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages]
        return "".join(turns) + ("<|im_start|>assistant\n" if answer else "")
    turns = [f"{m['role'].capitalize()}: {m['content']}\n\n" for m in messages]
    return "".join(turns) + ("Assistant:" if answer else "")


def fold_system(messages: Messages) -> list[Mapping[str, Any]] | None:
    """Return ``messages`` with the system prompt put before the first question, or None."""
    if len(messages) < 2 or messages[0]["role"] != "system" or messages[1]["role"] != "user":
        return None
    told, asked = messages[0]["content"], messages[1]["content"]
    # Models that see have lists of parts in the place of a text.
    question = [*told, *asked] if isinstance(asked, list) else f"{told}\n\n{asked}"
    return [{"role": "user", "content": question}, *messages[2:]]


class _Renderer:
    """One child process for all templates, started when first needed and again after a kill."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def render(self, source: str, names: Mapping[str, Any], now: datetime) -> str:
        order = {
            "template": source,
            "names": names,
            "now": now.isoformat(),
            "output_limit": OUTPUT_CHARACTERS,
        }
        with self._lock:
            answer = self._ask(json.dumps(order).encode())
        if "refusal" in answer:
            raise TemplateRefused(
                ErrorCode.BAD_INPUT,
                f"The model's chat template rejects this conversation: {shown(answer['refusal'])}.",
                "Change the order of the messages, or choose another model.",
            )
        if "text" not in answer:
            raise _Failed(answer.get("error", "no answer"))
        if not str(answer["text"]).strip():
            # What the sandbox keeps from a template is undefined there, and prints as nothing.
            raise _Failed("it returned nothing")
        return str(answer["text"])

    def _ask(self, order: bytes) -> dict[str, Any]:
        """Ask the child; if it has died since the last time, ask a new one once."""
        for _ in range(2):
            self._child = self._child or _Child()
            try:
                return self._child.ask(order)
            except EOFError:
                self.close()
            except _Failed:
                self.close()
                raise
        raise _Failed("its process ended")

    def close(self) -> None:
        """End the child; the next render starts another."""
        if self._child is not None:
            self._child.kill()
            self._child = None


class _Child:
    """A process that renders, and the thread that collects its answers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            bare_python(_CHILD, str(MEMORY_BYTES), str(SECONDS), *homes("jinja2", "markupsafe")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=bare_environment(),
        )
        assert self._process.stdin is not None
        self._orders = self._process.stdin
        self._answers: SimpleQueue[bytes | None] = SimpleQueue()
        threading.Thread(
            target=_collect,
            args=(self._process.stdout, self._answers),
            name="chat template answers",
            daemon=True,
        ).start()
        self._started = False

    def ask(self, order: bytes) -> dict[str, Any]:
        """Return the child's answer.

        Raises:
            EOFError: The child is gone.
            _Failed: It takes too long or too much memory, and must be killed.
        """
        if not self._started:
            self._wait(PATIENCE_SECONDS)
            self._started = True
        try:
            self._orders.write(_HEADING.pack(len(order)) + order)
            self._orders.flush()
        except OSError as error:
            raise EOFError from error
        answer = json.loads(self._wait(SECONDS))
        return answer if isinstance(answer, dict) else {}

    def _wait(self, seconds: float) -> bytes:
        """Return what it says before it has computed for ``seconds`` more."""
        deadline, limit = time.monotonic() + PATIENCE_SECONDS, self._used()[0] + seconds
        while True:
            try:
                answer = self._answers.get(timeout=_LOOK_SECONDS)
            except Empty:
                computed, memory = self._used()
                if computed > limit or time.monotonic() > deadline:
                    raise _Failed(f"it ran longer than {seconds:g} seconds") from None
                if memory > MEMORY_BYTES:
                    raise _Failed("it used too much memory") from None
                continue
            if answer is None:
                raise EOFError
            return answer

    def _used(self) -> tuple[float, int]:
        """Return the child's seconds of a processor, and its resident bytes: for systems whose own
        limit does not hold."""
        try:
            child = psutil.Process(self._process.pid)
            times = child.cpu_times()
            return times.user + times.system, int(child.memory_info().rss)
        except psutil.Error:
            return 0.0, 0

    def kill(self) -> None:
        """End the process and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        try:
            self._orders.close()
        except OSError:
            pass  # an order that was never read


def _collect(stream: IO[bytes], answers: SimpleQueue[bytes | None]) -> None:
    """Pass answers on until the child ends or breaks the format; then say so with None."""
    with stream:
        while len(heading := stream.read(_HEADING.size)) == _HEADING.size:
            (length,) = _HEADING.unpack(heading)
            if length > _MAX_ANSWER_BYTES or len(answer := stream.read(length)) < length:
                break
            answers.put(answer)
    answers.put(None)


_renderer = _Renderer()


@atexit.register
def end_renderer() -> None:
    """End the child process, if there is one; the next render starts another."""
    _renderer.close()
