"""Text → token ids by the likeliest pieces (unigram, T. Kudo, 2018), as XLM-R cuts it."""

from __future__ import annotations

import re
from typing import Final

from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace

from studio.runtime.engines.embedding.packed_file import Vocabulary

_SPACES: Final = re.compile(" {2,}")


class UnigramPieces:
    """A tokenizer with the methods of :class:`wordpiece.Pieces`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._frame = vocabulary.opening, vocabulary.closing
        self._replaced = vocabulary.replaced
        self._rules = Tokenizer(Unigram(vocabulary.pieces, vocabulary.unknown, False))
        self._rules.pre_tokenizer = Metaspace(prepend_scheme="always")

    def encode(self, text: str) -> list[int]:
        """Return the ids of ``text`` between the two tokens that frame every text."""
        clean = text.encode("utf-8", "replace").decode().translate(self._replaced)
        ids = self._rules.encode(_SPACES.sub(" ", clean)).ids
        return [self._frame[0], *ids, self._frame[1]]

    def shorten(self, ids: list[int], longest: int) -> list[int]:
        """Return ``ids`` cut to ``longest``, the closing token included."""
        return ids if len(ids) <= longest else [*ids[: longest - 1], self._frame[1]]
