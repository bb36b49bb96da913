"""Text generation for tasks: sampling settings, and the interface of a leased text engine.

No torch here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, NotRequired, Protocol, TypedDict, cast

from studio.api.errors import BadInput
from studio.api.params import plain_number
from studio.api.stability import since
from studio.api.worker.constraint import Constraint
from studio.api.worker.tools import Tool, ToolCall


class ChatMessage(TypedDict):
    """One turn of a conversation, as chat templates know it.

    Attributes:
        role: ``tool`` is what a tool returned, in the order of the calls (API 1.1).
        content: What was said.
        calls: What the assistant called (API 1.1).
        pictures: Files that a user's message shows, before its text: PNG, JPEG, WebP, BMP, GIF or
            TIFF; for an engine that ``can_see`` (API 1.1).
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: NotRequired[list[ToolCall]]
    pictures: NotRequired[list[bytes]]


def chat_messages(
    turns: Sequence[Mapping[str, Any]], roles: Sequence[str] = ("system", "user", "assistant")
) -> list[ChatMessage]:
    """Return the turns of a conversation that came as parameters.

    Raises:
        BadInput: One of them has another role, no content, or anything else.
    """
    for number, turn in enumerate(turns, 1):
        allowed = {"role", "content"}
        if "tool" in roles and turn.get("role") == "assistant":
            allowed |= set(turn) & {"calls"}
        is_text = isinstance(turn.get("content"), str)
        if set(turn) != allowed or turn["role"] not in roles or not is_text:
            raise BadInput(
                f"Message {number} is not one of a conversation.",
                f"Give it a role ({', '.join(roles)}) and a content, and nothing else.",
            )
    return [cast(ChatMessage, dict(turn)) for turn in turns]


@dataclass(frozen=True)
class SamplingParams:
    """How the next token is chosen. Neutral values switch a rule off.

    Attributes:
        temperature: Flatness of the distribution; 0 is greedy.
        top_k: Keep the k likeliest tokens; 0 keeps all.
        top_p: Keep the smallest set with this probability; 1 keeps all (nucleus sampling).
        min_p: Drop tokens less likely than this share of the likeliest; 0 keeps all.
        repetition_penalty: Divides the scores of seen tokens; 1 is off (CTRL, arXiv:1909.05858).
        presence_penalty: Subtracted once from the scores of seen tokens.
        frequency_penalty: Subtracted for each time a token was seen.
        seed: Of this text's own generator.
        stop: Strings that end the text; they are not part of it.
        max_tokens: At most this many new tokens.
        constraint: The form that the text must have. It then ends with ``stop`` exactly when it has
            the form; with ``length``, ``context`` or ``stop_string`` it was cut before.
        is_private: What is read and written is remembered in memory only (``ctx.is_private``).
        logprobs: Tell with each token how likely it was, and so many of the likeliest ones; None
            tells nothing (API 1.1).
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repetition_penalty: float = 1.1
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    max_tokens: int = 512
    constraint: Constraint | None = None
    is_private: bool = False
    logprobs: int | None = None

    def __post_init__(self) -> None:
        bounds = {
            "temperature": (0.0, 5.0),
            "top_k": (0, 1_000_000),
            "top_p": (0.0, 1.0),
            "min_p": (0.0, 1.0),
            "repetition_penalty": (0.5, 3.0),
            "presence_penalty": (-2.0, 2.0),
            "frequency_penalty": (-2.0, 2.0),
            "max_tokens": (1, 1_000_000),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not low <= value <= high:
                limits = f"between {plain_number(low)} and {plain_number(high)}"
                raise BadInput(f"{name} must be {limits}; you gave {value}.")


class TokenLogprob(NamedTuple):
    """How likely a token was: by the model alone, before any rule of sampling.

    Attributes:
        spelling: Its bytes, which may be part of a character.
        logprob: Natural logarithm of its probability.
        top: The likeliest tokens at that place, (spelling, logprob), best first.
    """

    spelling: bytes
    logprob: float
    top: tuple[tuple[bytes, float], ...] = ()


@dataclass(frozen=True)
class TextStep:
    """One step of the engine.

    Attributes:
        kind: ``prefill`` while the prompt is read, ``token`` for each new token, ``end`` once.
        done: Prompt tokens read so far (prefill) or new tokens so far.
        total: Prompt tokens in all (prefill) or ``max_tokens``.
        text: New text, maybe empty (a character may need several tokens).
        token: Id of the new token; -1 if none.
        finish_reason: At the end: ``stop`` | ``length`` | ``stop_string`` | ``context``.
        prompt_tokens: At the end.
        first_token_seconds: At the end: from the call to the first token.
        tokens_per_second: At the end: of the new tokens, after the first.
        reduced: What is done with less from here on, as memory ran out, in words; for
            ``ctx.reduced``.
        logprob: Of the new token, where ``SamplingParams.logprobs`` asks for it.
    """

    kind: Literal["prefill", "token", "end"]
    done: int
    total: int
    text: str = ""
    token: int = -1
    finish_reason: str = ""
    prompt_tokens: int = 0
    first_token_seconds: float = 0.0
    tokens_per_second: float = 0.0
    reduced: str = ""
    logprob: TokenLogprob | None = None


@dataclass(frozen=True)
class FittedPrompt:
    """What an engine reads before it writes.

    Attributes:
        ids: Token ids of the rendered messages, or of a text that is gone on with as it is.
        dropped: How many of the oldest messages were left out.
        note: Why the model's own chat template was not used; empty if it was.
    """

    ids: Sequence[int]
    dropped: int = 0
    note: str = ""


class TextEngine(Protocol):
    """A loaded language model.

    One generation at a time a call; nothing is held across a ``yield``.
    """

    context_length: int

    def fit(
        self, messages: Sequence[ChatMessage], reserve: int, tools: Sequence[Tool] = ()
    ) -> FittedPrompt:
        """Render ``messages`` and leave room for ``reserve`` new tokens, dropping the oldest turns.

        A last message of the assistant is continued rather than answered. The model is told of
        ``tools``, which it may call; ``tool_constraint`` holds it to their schemas.

        Raises:
            StudioError: ``CONTEXT_TOO_LONG``: even the last message alone does not fit.
        """
        ...

    def encode(self, text: str) -> list[int]:
        """Return the ids of ``text`` as it is, without a chat template, for :meth:`generate`.

        Raises:
            StudioError: ``CONTEXT_TOO_LONG``: it cannot fit the context.
        """
        ...

    @property
    def can_infill(self) -> bool:
        """Whether the model was trained to fill in the middle of a text (API 1.1)."""
        ...

    @property
    def can_see(self) -> bool:
        """Whether the model reads the pictures of messages, too (API 1.1)."""
        ...

    @since("1.1")
    def infill(self, before: str, after: str, reserve: int) -> FittedPrompt:
        """Return the prompt after which :meth:`generate` writes what belongs between two texts.

        Of texts that are too long the parts nearest to the gap stay.

        Args:
            before: What is before the gap.
            after: What is after it; may be empty.
            reserve: New tokens to leave room for; never more than half of the context.

        Raises:
            StudioError: ``UNSUPPORTED``: the model has no control tokens for it.
        """
        ...

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        """Yield one :class:`TextStep` a model step. Closing the iterator frees the cache."""
        ...

    def generate_many(
        self, ids: Sequence[int], params: Sequence[SamplingParams]
    ) -> Iterator[tuple[int, TextStep]]:
        """Yield (index in ``params``, step) of several texts after one prompt, read once.

        Each text is what :meth:`generate` writes with the same parameters; together they take much
        less time than one after the other. Steps of the prompt come once, with index 0; every text
        has its own ``end``. At most 16 texts. Closing the iterator frees the caches.
        """
        ...

    @since("1.1")
    def score(self, ids: Sequence[int], start: int) -> Iterator[Sequence[float]]:
        """Yield, a model step at a time, how likely the model finds a text that is there already.

        Args:
            ids: Of the whole text.
            start: How many of its tokens are given: at least one.

        Returns:
            For each of ``ids[start:]``, in order, the natural logarithm of its probability after
            all tokens before it: at temperature 1, without any rule of sampling.

        Raises:
            StudioError: It does not fit the context, or has ids that the model does not know.
        """
        ...

    def count(self, text: str) -> int:
        """Return how many tokens ``text`` is."""
        ...

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        """Return the memory that texts take beyond what every lease has; 0 for one of usual length.

        A task that writes such texts leases the weights a second time with so many working bytes,
        inside the first lease: those who come later then wait for what is truly free.

        Args:
            tokens: Of each text, prompt included.
            texts: How many are written at once.
        """
        ...
