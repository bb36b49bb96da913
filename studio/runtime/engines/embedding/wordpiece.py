"""Text → token ids with the rules of BERT: words, then the longest pieces known. Runs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

OPENING, CLOSING, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
LONGEST_WORD = 100
"""Longer words are one unknown token: the rule of the original, and a bound on the search."""


class Pieces:
    """A tokenizer.

    Args:
        vocabulary: Spellings, in the order of their ids; unique.
        is_uncased: Whether case and accents do not count.

    Raises:
        ValueError: A token is missing that every text needs, or is there twice.
    """

    def __init__(self, vocabulary: Sequence[str], *, is_uncased: bool = True) -> None:
        ids: Mapping[str, int] = {token: index for index, token in enumerate(vocabulary)}
        if len(ids) != len(vocabulary):
            raise ValueError("its vocabulary has a token twice")
        if missing := [token for token in (OPENING, CLOSING, UNKNOWN) if token not in ids]:
            raise ValueError(f"its vocabulary lacks {', '.join(missing)}")
        self._opening, self._closing = ids[OPENING], ids[CLOSING]
        self._rules = Tokenizer(
            WordPiece(dict(ids), unk_token=UNKNOWN, max_input_chars_per_word=LONGEST_WORD)
        )
        self._rules.normalizer = BertNormalizer(lowercase=is_uncased)
        self._rules.pre_tokenizer = BertPreTokenizer()

    def encode(self, text: str) -> list[int]:
        """Return the ids of ``text`` between the two tokens that frame every text."""
        # A lone surrogate is no text to the library; it becomes what an unknown character does.
        clean = text.encode("utf-8", "replace").decode()
        return [self._opening, *self._rules.encode(clean).ids, self._closing]

    def shorten(self, ids: list[int], longest: int) -> list[int]:
        """Return ``ids`` cut to ``longest``, the closing token included."""
        return ids if len(ids) <= longest else [*ids[: longest - 1], self._closing]
