"""A loaded sentence encoder. Bounds each step, so that whoever leases it can be stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import torch
from tokenizers import Tokenizer
from tokenizers.models import Unigram, WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Metaspace
from torch import Tensor

from studio.runtime.engines.embedding.encoder import Encoder
from studio.runtime.engines.embedding.model_file import Description
from studio.runtime.engines.embedding.packed_file import PREFIXES, Header, Vocabulary

OPENING, CLOSING, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
LONGEST_WORD = 100
"""Longer words are one unknown token: the rule of the original, and a bound on the search."""


class Pieces:
    """A tokenizer of the kind WordPiece.

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


_SPACES: Final = re.compile(" {2,}")


class UnigramPieces:
    """A tokenizer of the kind unigram (T. Kudo, 2018), as XLM-R cuts words; used as ``Pieces``."""

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


STEP_TOKENS = 1024
"""Tokens of a step, padding included."""

CHARACTERS_PER_TOKEN = 128
"""Text behind this many characters for each token that counts is not even cut into tokens."""


class EmbeddingEngine:
    """Turns texts into vectors; what :class:`studio.api.worker.embedding.EmbeddingEngine` promises.

    Attributes:
        title: Name of the encoder.
        width: Numbers of a vector.
        longest: Tokens of a text that count.
        fingerprint: Tells these weights from others.
        prefixes: What the encoder was trained to find before a question, and before a passage that
            may answer it; empty for most.
    """

    def __init__(self, about: Description | Header, encoder: Encoder) -> None:
        self.title = about.title
        self.width = about.config.width
        self.longest = about.longest
        self.prefixes = ("", "")
        self._pieces: Pieces | UnigramPieces
        if isinstance(about, Header):
            self._pieces, self.prefixes = UnigramPieces(about.vocabulary), PREFIXES
        else:
            self._pieces = Pieces(about.vocabulary, is_uncased=about.is_uncased)
        self._encoder: Encoder | None = encoder
        self.fingerprint = _fingerprint(about, encoder)

    def count(self, text: str) -> int:
        """Return how many tokens ``text`` is; more than ``longest`` for one that is cut."""
        return len(self._ids(text))

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[tuple[int, ...], Tensor]]:
        """Yield (indices in ``texts``, their vectors) a step; each index comes once.

        Vectors are float32 (n, width) on the processor, of length 1. They do not depend on what
        else is in the step, but for rounding.
        """
        ids = [self._pieces.shorten(self._ids(text), self.longest) for text in texts]
        for step in steps([len(each) for each in ids]):
            yield step, self._vectors([ids[index] for index in step])

    def move(self, device: str) -> None:
        """Move the weights to ``device``."""
        assert self._encoder is not None, "an engine that was unloaded is not moved"
        self._encoder.to(device)

    def close(self) -> None:
        """Let go of the weights."""
        self._encoder = None

    def _ids(self, text: str) -> list[int]:
        return self._pieces.encode(text[: self.longest * CHARACTERS_PER_TOKEN])

    @torch.inference_mode()
    def _vectors(self, ids: Sequence[Sequence[int]]) -> Tensor:
        assert self._encoder is not None, "an engine is used while it is leased"
        device = self._encoder.embeddings.position_embeddings.weight.device
        lengths = [len(each) for each in ids]
        padded = torch.zeros(len(ids), max(lengths), dtype=torch.long)
        for row, each in zip(padded, ids, strict=True):
            row[: len(each)] = torch.tensor(each)
        vectors = self._encoder(padded.to(device), torch.tensor(lengths, device=device))
        return vectors.float().cpu()  # type: ignore[no-any-return]


def _fingerprint(about: Description | Header, encoder: Encoder) -> str:
    # The tensors of a packed file tell it from others; its vocabulary is long.
    said = about.config if isinstance(about, Header) else about
    digest = hashlib.blake2b(msgspec.json.encode(said), digest_size=16)
    for value in encoder.parameters():
        digest.update(value.detach().flatten()[:4096].cpu().numpy().tobytes())
    return digest.hexdigest()


def steps(lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the indices of texts that are computed together: alike in length, few tokens."""
    together: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        if together and (len(together) + 1) * lengths[index] > STEP_TOKENS:
            yield tuple(together)
            together = []
        together.append(index)
    if together:
        yield tuple(together)
