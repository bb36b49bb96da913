"""What other programs ask of a reply beyond its text: several, with tools, with likelihoods.

Everything is told on channels: ``""`` and ``answer 2`` are texts, ``call 1 2 NAME`` the arguments
of the second call of the first reply, ``logprobs 1`` has a line of JSON for each token.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from studio.api import BadInput, Constraint, Inputs, TextStep
from studio.api.worker.tools import CallReader, Tool, tool_constraint

MOST = 16
"""Replies at once: as many as an engine writes together."""
MOST_LOGPROBS = 20
AUTO, NONE, REQUIRED = "auto", "none", "required"
SOME_WORDS: Final = Constraint("regex", r"\S[\s\S]*")
"""The form of a reply that may be anything but empty."""


class Offer(msgspec.Struct):
    """The input ``tools``.

    Attributes:
        tools: What may be called.
        choice: ``auto``, ``none``, ``required``, or the name of the one that must be called.
        parallel: Whether there may be several calls.
    """

    tools: list[Tool]
    choice: str = AUTO
    parallel: bool = True

    def usable(self) -> list[Tool]:
        """Return the tools offered to the model.

        Raises:
            BadInput: The one that must be called is not among them.
        """
        if self.choice == NONE:
            return []
        if self.choice in (AUTO, REQUIRED):
            return self.tools
        named = [tool for tool in self.tools if tool["name"] == self.choice]
        if not named:
            raise BadInput(f"There is no tool “{self.choice}” to be called.", "Name one of them.")
        return named


@dataclass
class Choices:
    """Number of replies, and their requested details.

    Attributes:
        count: Of replies.
        logprobs: Number of likeliest tokens to report per position; None for none at all.
        tools: Tools that may be called.
        must: Whether a call is required.
        parallel: Whether there may be several calls.
        answered: Calls, as text, whose results end the conversation. Small models repeat them
            instead of answering; such calls are left out.
    """

    count: int = 1
    logprobs: int | None = None
    tools: list[Tool] = field(default_factory=list)
    must: bool = False
    parallel: bool = True
    answered: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._readers = [
            CallReader([tool["name"] for tool in self.tools]) for _ in range(self.count)
        ]
        self._held: list[dict[int, str]] = [{} for _ in range(self.count)]
        self._told = [0] * self.count
        self._said = False

    @classmethod
    def asked(cls, inputs: Inputs) -> Choices:
        """Parse the inputs ``choices``, ``logprobs`` and ``tools``.

        Raises:
            BadInput: They are malformed, or ask for too much.
        """
        count = inputs.json("choices", int, 1)
        logprobs = inputs.json("logprobs", int, -1)
        offer = inputs.json("tools", Offer, Offer([]))
        tools = offer.usable()
        if not 1 <= count <= MOST:
            raise BadInput(f"{count} replies cannot be written at once.", f"Ask for 1 to {MOST}.")
        if logprobs > MOST_LOGPROBS:
            raise BadInput(
                f"{logprobs} tokens a place are too many.", f"Ask for 0 to {MOST_LOGPROBS}."
            )
        return cls(
            count,
            logprobs if logprobs >= 0 else None,
            tools,
            offer.choice not in (AUTO, NONE),
            offer.parallel,
            _answered(inputs) if tools and offer.choice == AUTO else frozenset(),
        )

    def constraint(self, answer: Constraint | None) -> Constraint | None:
        """Return the form of a reply, given that of one without a call.

        Raises:
            BadInput: A tool has a schema that cannot be used, or a form cannot be had beside tools.
        """
        if not self.tools:
            return answer
        if answer is not None and answer.kind != "json_schema":
            raise BadInput(
                f"A {answer.name} cannot be combined with tools.", "Use a JSON schema, or no tools."
            )
        form = "" if answer is None else answer.text
        return tool_constraint(self.tools, must=self.must, parallel=self.parallel, answer=form)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is asked for but a text."""
        return self.count == 1 and self.logprobs is None and not self.tools

    def route(self, number: int, step: TextStep) -> Iterator[tuple[str, str]]:
        """Yield (channel, text) of a step of the reply ``number``."""
        if step.logprob is not None:
            spelling, logprob, top = step.logprob
            row = [
                _packed(spelling),
                logprob,
                [[_packed(alternative), value] for alternative, value in top],
            ]
            yield f"logprobs {number + 1}", msgspec.json.encode(row).decode() + "\n"
        channel = f"answer {number + 1}" if number else ""
        if not self.tools:
            yield channel, step.text
            return
        reader = self._readers[number]
        parts = list(reader.push(step.text))
        if step.kind == "end":
            parts += reader.flush()
        for call, name, text in self._fresh(number, parts, is_over=step.kind == "end"):
            self._said = self._said or bool(call) or bool(text.strip())
            yield f"call {number + 1} {call} {name}" if call else channel, text

    def _fresh(
        self, number: int, parts: Iterable[tuple[int, str]], *, is_over: bool
    ) -> Iterator[tuple[int, str, str]]:
        """Yield call, name and text; where calls may be left out, each once it is whole."""
        names, held = self._readers[number].names, self._held[number]
        for call, text in parts:
            if not call or not self.answered:
                yield call, names[call - 1] if call else "", text
            else:
                held[call] = held.get(call, "") + text
        for call in [index for index in held if is_over or index < len(names)]:
            text, name = held.pop(call), names[call - 1]
            if _key(name, text) not in self.answered:
                self._told[number] += 1
                yield self._told[number], name, text

    @property
    def are_empty(self) -> bool:
        """Whether results were handed in and nothing came but calls that have been answered."""
        return bool(self.answered) and not self._said


def _answered(inputs: Inputs) -> frozenset[str]:
    """Return the calls of which the last messages are the results."""
    messages = inputs.json("messages", list[dict[str, Any]], [])
    if not messages or messages[-1].get("role") != "tool":
        return frozenset()
    return frozenset(_key(call["name"], call["arguments"]) for call in _calls(messages))


def _calls(messages: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the calls since the user spoke last."""
    for turn in reversed(messages):
        if turn.get("role") == "user":
            return
        yield from turn.get("calls") or ()


def _key(name: str, arguments: Any) -> str:
    if isinstance(arguments, str):
        try:
            arguments = msgspec.json.decode(arguments)
        except msgspec.DecodeError:
            return ""  # cut off: like no other
    return msgspec.json.encode([name, arguments], order="deterministic").decode()


def _packed(spelling: bytes) -> str:
    return base64.b64encode(spelling).decode()
