"""Prompts for filling in the middle: the control tokens of the families that were trained for it.

Sources: *Efficient Training of Language Models to Fill in the Middle* (arXiv:2207.14255), and the
model cards of Qwen2.5-Coder, StarCoder, DeepSeek-Coder, CodeLlama and Codestral.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.tokenization.tokenizer import TextTokenizer


@dataclass(frozen=True)
class _Marks:
    """Control tokens of one family, in the order in which a prompt has them.

    Attributes:
        before: Opens the text before the gap.
        after: Opens, or follows, the text after it.
        middle: Opens the gap; empty where the prompt just ends.
        suffix_first: Whether the text after the gap is read first.
    """

    before: str
    after: str
    middle: str
    suffix_first: bool = False


_FAMILIES = (
    _Marks("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),  # Qwen-Coder, CodeGemma
    _Marks("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder, Granite Code
    _Marks("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),  # SantaCoder
    _Marks("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),  # GLM
    _Marks("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),  # DeepSeek-Coder
    _Marks("▁<PRE>", "▁<SUF>", "▁<MID>"),  # CodeLlama
    _Marks("[PREFIX]", "[SUFFIX]", "", suffix_first=True),  # Codestral
)


def can_infill(tokenizer: TextTokenizer) -> bool:
    """Whether the model has the control tokens of a family."""
    return _marks(tokenizer) is not None


def fill_in_middle_ids(tokenizer: TextTokenizer, before: str, after: str, most: int) -> list[int]:
    """Return the prompt after which the model writes what belongs between two texts.

    What does not fit is left out far from the gap: three parts in four are for what is before it.

    Args:
        tokenizer: Of the model.
        before: The text before the gap.
        after: The text after it.
        most: Tokens that the prompt may have.

    Raises:
        StudioError: ``UNSUPPORTED``: the model has no such tokens.
    """
    if (found := _marks(tokenizer)) is None:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "This model cannot fill in the middle of a text.",
            "Choose a code model trained for it, such as Qwen2.5 Coder.",
        )
    marks, ids = found
    room = max(0, most - 4)  # three marks, and the opening token
    head, tail = _plain(tokenizer, before, tokenizer.encode), _plain(tokenizer, after)
    for_tail = min(len(tail), max(room // 4, room - len(head)))
    tail = tail[:for_tail]
    head = head[max(0, len(head) - (room - len(tail))) :]
    first, second = [ids[marks.before], *head], [ids[marks.after], *tail]
    order = second + first if marks.suffix_first else first + second
    vocabulary = tokenizer.vocabulary
    opening = [vocabulary.bos] if vocabulary.add_bos and vocabulary.bos is not None else []
    return opening + order + ([ids[marks.middle]] if marks.middle else [])


def _marks(tokenizer: TextTokenizer) -> tuple[_Marks, dict[str, int]] | None:
    """Return the first family of which all tokens are there as control tokens, with their ids."""
    vocabulary = tokenizer.vocabulary
    wanted = {name for each in _FAMILIES for name in (each.before, each.after, each.middle)}
    added = vocabulary.special | vocabulary.literal
    ids = {vocabulary.tokens[id]: id for id in added if vocabulary.tokens.get(id) in wanted}
    for marks in _FAMILIES:
        if all(name in ids for name in (marks.before, marks.after, marks.middle) if name):
            return marks, ids
    return None


def _plain(
    tokenizer: TextTokenizer, text: str, first: Callable[[str], list[int]] | None = None
) -> list[int]:
    """Return the ids of a text in which what is spelt like a control token is text as well.

    Args:
        first: Encodes what stands before the first of these; by default as after a gap.
    """
    names = {tokenizer.vocabulary.tokens[id] for id in tokenizer.vocabulary.special}
    there = [re.escape(name) for name in names if name and name in text]
    cuts = [m.start() + 1 for m in re.finditer("|".join(there), text)] if there else []
    pieces = [text[start:stop] for start, stop in pairwise([0, *cuts, len(text)])]
    ids = first(pieces[0]) if first is not None else _after(tokenizer, pieces[0])
    return ids + [id for piece in pieces[1:] for id in _after(tokenizer, piece)]


def _after(tokenizer: TextTokenizer, text: str) -> list[int]:
    """Return the ids of a text that stands after a gap, where no space is put before it."""
    if not tokenizer.vocabulary.space_prefix:
        return tokenizer.encode(text)
    opening, ids = tokenizer.encode("\n"), tokenizer.encode("\n" + text)
    return ids[len(opening) :] if ids[: len(opening)] == opening else tokenizer.encode(text)
