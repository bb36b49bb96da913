"""Text to token ids and back, on the ``tokenizers`` library. Knows no file and no template."""

from __future__ import annotations

import codecs
import re
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from tokenizers import Tokenizer

Spelling = Literal["bytes", "pieces"]
"""How a vocabulary spells text: GPT-2's printable alphabet of bytes, or SentencePiece's pieces."""

END_OF_TURN = frozenset(
    {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|endoftext|>", "<|end|>", "<end_of_turn>", "</s>"}
)
"""Control tokens that end a reply, whatever else the file names as its end."""

END_OF_GAP = frozenset(
    {"<|fim_pad|>", "<fim_pad>", "<|file_sep|>", "<file_sep>", "<|repo_name|>", "▁<EOT>"}
)
"""Added tokens that end what fills a gap: another file would follow. Some files call them text."""

MOST_KEPT = 320_000
"""Tokens of all tokenizers that are kept for a next load: two common ones, some 130 MB."""

_SURROGATE = re.compile("[\ud800-\udfff]")
BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_Built = TypeVar("_Built")


@dataclass(frozen=True)
class Vocabulary:
    """What a model's file says about its tokens.

    Attributes:
        tokens: Spelling of each id.
        spelling: How to read a spelling.
        special: Ids that steer the model and are no text.
        literal: Ids of added tokens that are text, spelt as they are (in pieces, “▁” is a space).
        bos: Id that opens a text, where there is one.
        ends: Ids that end a reply.
        add_bos: Whether a text without a template opens with ``bos``.
        space_prefix: Whether a text is read as if a space stood before it.
        names: Strings for the template: ``bos_token``, ``eos_token``, …
    """

    tokens: Mapping[int, str]
    spelling: Spelling
    special: frozenset[int] = frozenset()
    literal: frozenset[int] = frozenset()
    bos: int | None = None
    ends: frozenset[int] = frozenset()
    add_bos: bool = False
    space_prefix: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


class TextTokenizer:
    """A tokenizer with the vocabulary of one model.

    Attributes:
        vocabulary: Its tokens.
    """

    def __init__(self, backend: Tokenizer, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._backend = backend
        self._backend.no_truncation()
        self._backend.no_padding()

    def __len__(self) -> int:
        return len(self.vocabulary.tokens)

    def encode(self, text: str, *, bos: bool = False) -> list[int]:
        """Return the ids of ``text``; control tokens in it, like ``<|im_end|>``, are read as such.

        Args:
            text: Any text; halves of surrogate pairs become U+FFFD.
            bos: Open with the model's opening token, if it uses one.
        """
        ids: list[int] = self._backend.encode(
            _SURROGATE.sub("\ufffd", text), add_special_tokens=False
        ).ids
        start = self.vocabulary.bos
        if bos and self.vocabulary.add_bos and start is not None and ids[:1] != [start]:
            ids.insert(0, start)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ``ids``; broken characters become U+FFFD."""
        stream = StreamDecoder(self)
        return "".join([*(stream.push(token) for token in ids), stream.flush()])

    def token_bytes(self, token: int) -> bytes:
        """Return what ``token`` adds to a text; nothing for control tokens and unknown ids."""
        vocabulary = self.vocabulary
        spelt = vocabulary.tokens.get(token, "")
        if token in vocabulary.special:
            return b""
        if vocabulary.spelling == "bytes":
            is_literal = token in vocabulary.literal
            return spelt.encode(errors="replace") if is_literal else _from_alphabet(spelt)
        if match := BYTE_PIECE.fullmatch(spelt):
            return bytes([int(match[1], 16)])
        return spelt.replace("▁", " ").encode(errors="replace")


class StreamDecoder:
    """Turns tokens into text one by one and never lets half a character out."""

    def __init__(self, tokenizer: TextTokenizer, *, continues: bool = False) -> None:
        """Start a text.

        Args:
            tokenizer: Of the model.
            continues: Keep a leading space: the text goes on right after a word.
        """
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._at_start = tokenizer.vocabulary.space_prefix and not continues

    def push(self, token: int) -> str:
        """Return the characters that ``token`` completes; often none."""
        raw = self._tokenizer.token_bytes(token)
        if self._at_start and raw:
            self._at_start = False
            raw = raw.removeprefix(b" ")
        return self._decoder.decode(raw)

    def flush(self) -> str:
        """Return U+FFFD for a character that was never completed, else nothing."""
        return self._decoder.decode(b"", final=True)


class KeptTokenizers:
    """The tokenizers last built: to build one takes longer than to map a gigabyte of weights.

    Any thread may ask. A loaded model counts its own among the memory that it takes; one that is
    kept for a next load is memory of this process that the pool finds in use.

    Args:
        most: Tokens of all together; those not asked for longest go first.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[Hashable, TextTokenizer] = {}

    def get(self, facts: Hashable, build: Callable[[], TextTokenizer]) -> TextTokenizer:
        """Return the tokenizer of ``facts``, all that it depends on, with ``build`` if need be."""
        with self._lock:
            found = self._kept.pop(facts, None)
        if found is None:
            found = build()
        with self._lock:
            self._kept[facts] = found
            while sum(map(len, self._kept.values())) > self._most:
                del self._kept[next(iter(self._kept))]
        return found


def ends_by_name(
    tokens: Mapping[int, str] | Sequence[str], special: frozenset[int], literal: frozenset[int]
) -> frozenset[int]:
    """Return the ids of added tokens whose spelling says that they end a text."""
    gaps = {id for id in special | literal if tokens[id] in END_OF_GAP}
    return frozenset(gaps | {id for id in special if tokens[id] in END_OF_TURN})


kept = KeptTokenizers()
"""Of this process."""


def _alphabet() -> dict[str, int]:
    """GPT-2's alphabet: a printable character for each byte, itself where it is printable."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    letters = [(chr(byte), byte) for byte in printable]
    return dict(letters + [(chr(256 + index), byte) for index, byte in enumerate(others)])


ALPHABET: Mapping[str, int] = _alphabet()


def _from_alphabet(spelt: str) -> bytes:
    try:
        return bytes(ALPHABET[letter] for letter in spelt)
    except KeyError:
        return spelt.encode(errors="replace")


def built(build: Callable[[], _Built], failed: Callable[[str], Exception]) -> _Built:
    """Call ``build``; raise what ``failed`` makes of the reason if the library refuses.

    The library is Rust: what it did not foresee arrives as a ``PanicException``, which is no
    ``Exception``.
    """
    try:
        return build()
    except Exception as error:
        raise failed(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise failed(str(error)) from error
