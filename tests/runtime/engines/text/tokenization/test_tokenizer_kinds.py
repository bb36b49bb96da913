"""Tokenizers of GGUF files give the ids of those they come from, which are trained here."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import sentencepiece
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from studio.runtime.engines.text.formats.gguf import read_header
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from studio.runtime.engines.text.tokenization.tokenizer import TextTokenizer
from studio.runtime.engines.text.tokenization.tokenizer_gguf import tokenizer_from_gguf
from tests.runtime.engines.gguf_builder import (
    BOOL,
    F32,
    I32,
    STRING,
    U32,
    Gguf,
    array,
    scalar,
    tensor,
)
from tests.runtime.engines.text.tokenization.test_tokenizer import TEXTS

LINES = [
    line
    for name in ("README.md", "studio/ARCHITECTURE.md")
    for line in (Path(__file__).parents[5] / name).read_text("utf-8").splitlines()
    if line.strip()
]
NORMAL, UNKNOWN, CONTROL, USER, BYTE = 1, 2, 3, 4, 6
RUNS = ["▁▁", "▁▁▁", "▁▁▁▁"]
"""As Gemma has them: spaces that stand together are one token."""


def built(folder: Path, keys: dict[str, bytes], count: int) -> TextTokenizer:
    path = folder / "vocabulary.gguf"
    metadata = [(f"tokenizer.ggml.{key}", value) for key, value in keys.items()]
    path.write_bytes(Gguf(metadata, [tensor("token_embd.weight", (1, count))]).build())
    with MappedFile(path) as file:
        return tokenizer_from_gguf(read_header(file))


# --- SentencePiece -------------------------------------------------------------------------------


def pieces(prefix: bool, symbols: list[str]) -> sentencepiece.SentencePieceProcessor:
    """A small SentencePiece model; ``prefix`` reads a text as if a space stood before it."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=written, vocab_size=800, model_type="bpe",
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
        add_dummy_prefix=prefix, user_defined_symbols=symbols, split_digits=True,
        minloglevel=2, num_threads=1,
    )  # fmt: skip
    return sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())


def pieces_gguf(
    folder: Path, model: sentencepiece.SentencePieceProcessor, prefix: bool, symbols: list[str],
    spaced: bool = False,
) -> TextTokenizer:  # fmt: skip
    """What llama.cpp's converter makes of it; newer ones spell tokens of the user with spaces."""
    tokens, scores, kinds = [], [], []
    for index in range(len(model)):
        token, score = model.id_to_piece(index), model.get_score(index)
        kind = USER if token in symbols else BYTE if model.is_byte(index) else NORMAL
        kind = CONTROL if model.is_control(index) else UNKNOWN if model.is_unknown(index) else kind
        if kind == USER and spaced:
            token, score = token.replace("▁", " "), -1000.0
        tokens.append(token)
        scores.append(score)
        kinds.append(kind)
    keys = {
        "model": scalar(STRING, "llama"),
        "pre": scalar(STRING, "default"),
        "tokens": array(STRING, tokens),
        "token_type": array(I32, kinds),
        "scores": array(F32, scores),
        "bos_token_id": scalar(U32, model.bos_id()),
        "eos_token_id": scalar(U32, model.eos_id()),
        "unknown_token_id": scalar(U32, model.unk_id()),
        "add_space_prefix": scalar(BOOL, prefix),
    }
    return built(folder, keys, len(tokens))


KINDS = {
    "llama": (True, [], False),
    "gemma": (False, ["\n\n", *RUNS, "<tag>"], False),
    "gemma, spelt anew": (False, ["\n\n", *RUNS, "<tag>"], True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_those_of_sentencepiece(tmp_path, kind) -> None:
    prefix, symbols, spaced = KINDS[kind]
    theirs = pieces(prefix, symbols)
    ours = pieces_gguf(tmp_path, theirs, prefix, symbols, spaced)
    texts = [*TEXTS.values(), *LINES[:40], "a  b   c    d\n\n\n\ne <tag> f  <tag>"]
    for text in texts:
        if prefix and text.startswith(" "):
            continue  # transformers, which we follow, puts no second space before it
        expected = theirs.encode(text)
        assert ours.encode(text) == expected, text
        assert ours.decode(expected) == text
    assert ours.encode("hi", bos=True)[0] == theirs.bos_id()


# --- byte-pair encoding, cut as GGUF's rules are named --------------------------------------------

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
RULES = {
    "llama-bpe": (LLAMA3, True),
    "qwen2": (QWEN2, False),
    "tekken": (TEKKEN, True),
    "gpt-4o": (GPT4O, False),
}
"""Expressions as the models' own tokenizer.json has them; whether words are looked up whole."""


@pytest.fixture(scope="module", params=[*RULES, "gpt-2", "smollm"])
def byte_level(request) -> tuple[str, Tokenizer]:
    """A small byte-level tokenizer and what GGUF calls its rule."""
    pre = request.param
    rule, whole = RULES.get(pre, ("", False))
    theirs = Tokenizer(models.BPE(ignore_merges=whole))
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not rule)
    first = pre_tokenizers.Split(Regex(rule), "isolated") if rule else None
    if pre == "smollm":
        first = pre_tokenizers.Digits(individual_digits=True)
    theirs.pre_tokenizer = pre_tokenizers.Sequence([p for p in (first, bytes_only) if p])
    if pre == "qwen2":
        theirs.normalizer = normalizers.NFC()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    theirs.train_from_iterator(
        LINES,
        trainers.BpeTrainer(
            vocab_size=900, initial_alphabet=alphabet, special_tokens=["<s>", "</s>"],
            show_progress=False,
        ),
    )  # fmt: skip
    return pre, theirs


def test_words_are_cut_as_the_rule_of_the_file_says(byte_level, tmp_path) -> None:
    pre, theirs = byte_level
    model = json.loads(theirs.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(pair) for pair in model["merges"]]
    keys = {
        "model": scalar(STRING, "gpt2"),
        "pre": scalar(STRING, pre),
        "tokens": array(STRING, tokens),
        "token_type": array(I32, [CONTROL] * 2 + [NORMAL] * (len(tokens) - 2)),
        "merges": array(STRING, merges),
        "bos_token_id": scalar(U32, 0),
        "eos_token_id": scalar(U32, 1),
    }
    ours = built(tmp_path, keys, len(tokens))
    for text in [*TEXTS.values(), *LINES[:60]]:
        assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids, text
    opened = ours.encode("hi", bos=True)[0] == 0
    assert opened == (pre in ("llama-bpe", "tekken")), "these open a text without being told"
