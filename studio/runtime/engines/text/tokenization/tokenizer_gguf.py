"""Builds a tokenizer from GGUF metadata: byte-level BPE and SentencePiece. Runs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

from studio.protocol.errors import StudioError
from studio.runtime.engines.text.formats.gguf import GgufHeader, Strings
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.tokenization.tokenizer import (
    BYTE_PIECE,
    TextTokenizer,
    Vocabulary,
    built,
    ends_by_name,
    kept,
)

_NORMAL, _UNKNOWN, _CONTROL, _USER, _BYTE = 1, 2, 3, 4, 6
_MAX_TOKEN_BYTES = 1 << 16

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CAPITALS, _SMALL = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEKKEN_SPLIT = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_CAPITALS}*{_SMALL}+|[^\r\n\p{{L}}\p{{N}}]?{_CAPITALS}+{_SMALL}*"
    rf"|\p{{N}}{_REST}"
)
_ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
GPT4O_SPLIT = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_CAPITALS}*{_SMALL}+{_ENDING}"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_CAPITALS}+{_SMALL}*{_ENDING}|\p{{N}}{{1,3}}{_REST}"
)
_SINGLE_DIGITS = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone"})
_GPT2 = frozenset({"", "default", "gpt-2", "mpt", "olmo", "jais", "phi-2", "exaone4"})
_SPLITS: Mapping[str, str] = {
    "llama3": LLAMA3_SPLIT,
    "llama-v3": LLAMA3_SPLIT,
    "llama-bpe": LLAMA3_SPLIT,
    "dbrx": LLAMA3_SPLIT,
    "smaug-bpe": LLAMA3_SPLIT,
    "pixtral": LLAMA3_SPLIT,
    "falcon3": LLAMA3_SPLIT,
    "qwen2": QWEN2_SPLIT,
    "deepseek-r1-qwen": QWEN2_SPLIT,
    "megrez": QWEN2_SPLIT,
    "tekken": TEKKEN_SPLIT,
    "gpt-4o": GPT4O_SPLIT,
    "llama4": GPT4O_SPLIT,
}
_WHOLE_WORDS = frozenset({"llama3", "llama-v3", "llama-bpe", "pixtral", "falcon3", "tekken"})
"""These look a word up whole before they build it from merges, and open a text with a token even
where the file does not say so."""


def tokenizer_from_gguf(header: GgufHeader) -> TextTokenizer:
    """Return the tokenizer that the metadata of ``header`` describes.

    Raises:
        StudioError: It is of a kind this engine does not know, or broken.
    """
    keys = {
        key.removeprefix("tokenizer.ggml."): value
        for key, value in header.metadata.items()
        if key.startswith("tokenizer.ggml.")
    }
    rows = header.tensors["token_embd.weight"].shape[0]
    return kept.get((rows, *keys.items()), lambda: _built(header, keys, rows))


def _built(header: GgufHeader, keys: Mapping[str, Any], rows: int) -> TextTokenizer:
    tokens = _tokens(header, keys, rows)
    kinds = _kinds(header, keys, len(tokens))
    model = keys.get("model")
    if model == "gpt2":
        backend = _byte_level(header, keys, tokens)
    elif model == "llama":
        backend = _pieces(header, keys, tokens, kinds)
    else:
        raise unsupported(header.path, f"its tokenizer type is “{shown(str(model))}”")
    marked = {index: kind for index, kind in enumerate(kinds) if kind != _NORMAL}
    _add_whole_tokens(backend, tokens, marked)
    return TextTokenizer(backend, _vocabulary(header, keys, tokens, marked))


def _tokens(header: GgufHeader, keys: Mapping[str, Any], rows: int) -> Sequence[str]:
    tokens = _strings(header, keys, "tokens")
    if not tokens:
        raise bad_weights(header.path, "tokenizer.ggml.tokens is an empty list")
    if len(tokens) > rows:
        raise bad_weights(header.path, f"it has {len(tokens)} tokens, but embeddings for {rows}")
    if max(map(len, tokens)) > _MAX_TOKEN_BYTES:
        raise bad_weights(header.path, f"a token is longer than {_MAX_TOKEN_BYTES} characters")
    return tokens


def _kinds(header: GgufHeader, keys: Mapping[str, Any], count: int) -> Sequence[int]:
    kinds = keys.get("token_type", (_NORMAL,) * count)
    if not isinstance(kinds, tuple) or len(kinds) != count:
        raise bad_weights(header.path, "tokenizer.ggml.token_type does not match the tokens")
    return kinds


def _byte_level(header: GgufHeader, keys: Mapping[str, Any], tokens: Sequence[str]) -> Tokenizer:
    pre = str(keys.get("pre", ""))
    words = _pre_tokenizer(header, pre)
    vocabulary = _ids(tokens)
    merges = _merges(header, keys)
    backend = built(
        lambda: Tokenizer(
            models.BPE(vocab=vocabulary, merges=merges, ignore_merges=pre in _WHOLE_WORDS)
        ),
        lambda reason: _broken(header, reason),
    )
    backend.pre_tokenizer = words
    if _SPLITS.get(pre) is QWEN2_SPLIT:
        backend.normalizer = normalizers.NFC()
    return backend


def _pre_tokenizer(header: GgufHeader, pre: str) -> pre_tokenizers.PreTokenizer:
    """Return what cuts text into words, by the name that GGUF gives the rule."""
    if pre in _GPT2:
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if pre in _SINGLE_DIGITS:
        digits = pre_tokenizers.Digits(individual_digits=True)
        return pre_tokenizers.Sequence(
            [digits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
        )
    if pre in _SPLITS:
        split = pre_tokenizers.Split(Regex(_SPLITS[pre]), behavior="isolated")
        return pre_tokenizers.Sequence(
            [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
    raise unsupported(header.path, f"its pre-tokenizer is “{shown(pre)}”")


def _pieces(
    header: GgufHeader, keys: Mapping[str, Any], tokens: Sequence[str], kinds: Sequence[int]
) -> Tokenizer:
    if "merges" in keys:
        merges = _merges(header, keys)
    else:
        merges = _merges_from_scores(tokens, kinds, _scores(header, keys, len(tokens)))
    unknown = keys.get("unknown_token_id")
    known = isinstance(unknown, int) and 0 <= unknown < len(tokens)
    backend = built(
        lambda: Tokenizer(
            models.BPE(
                vocab=_ids(tokens),
                merges=merges,
                unk_token=tokens[unknown] if known and isinstance(unknown, int) else None,
                fuse_unk=True,
                byte_fallback=True,
            )
        ),
        lambda reason: _broken(header, reason),
    )
    scheme = "first" if keys.get("add_space_prefix", True) else "never"
    backend.pre_tokenizer = pre_tokenizers.Metaspace(
        replacement="▁", prepend_scheme=scheme, split=False
    )
    return backend


def _merges_from_scores(
    tokens: Sequence[str], kinds: Sequence[int], scores: Sequence[float]
) -> list[tuple[str, str]]:
    """Return the merges that SentencePiece's scores imply: the best-scored result comes first.

    Tokens of the user count as well: Gemma's runs of spaces are such.
    """
    usable = [i for i, kind in enumerate(kinds) if kind in (_NORMAL, _USER)]
    # Of equal ones the longer first: runs of spaces grow to the longest that there is.
    usable.sort(key=lambda index: (-scores[index], -len(tokens[index])))
    pieces = {tokens[index] for index in usable}
    merges = []
    for index in usable:
        token = tokens[index]
        for cut in range(len(token) - 1, 0, -1):
            left = token[:cut]
            if left in pieces and (right := token[cut:]) in pieces:
                merges.append((left, right))
    return merges


def _scores(header: GgufHeader, keys: Mapping[str, Any], count: int) -> Sequence[float]:
    scores = keys.get("scores")
    numbers = isinstance(scores, tuple) and all(isinstance(s, int | float) for s in scores)
    if not numbers or not isinstance(scores, tuple) or len(scores) != count:
        raise bad_weights(header.path, "tokenizer.ggml.scores does not match the tokens")
    return scores


def _strings(header: GgufHeader, keys: Mapping[str, Any], name: str) -> list[str]:
    values = keys.get(name)
    if not isinstance(values, Strings):
        raise bad_weights(header.path, f"tokenizer.ggml.{name} is missing or not a list of strings")
    return list(values)


def _merges(header: GgufHeader, keys: Mapping[str, Any]) -> list[tuple[str, str]]:
    merges = _strings(header, keys, "merges")
    pairs = [
        (left, right)
        for merge in merges
        for left, _, right in (merge.partition(" "),)
        if left and right and " " not in right
    ]
    if len(pairs) < len(merges):
        bad = next(m for m in merges if m.count(" ") != 1 or m.strip(" ") != m)
        raise bad_weights(header.path, f"the merge “{shown(bad)}” does not have two parts")
    return pairs


def _ids(tokens: Sequence[str]) -> dict[str, int]:
    """Return ids by spelling; where a spelling comes twice, the first one counts."""
    return dict(zip(reversed(tokens), range(len(tokens) - 1, -1, -1), strict=True))


def _broken(header: GgufHeader, reason: str) -> StudioError:
    return bad_weights(header.path, f"its tokenizer is broken ({shown(reason)})")


def _add_whole_tokens(backend: Tokenizer, tokens: Sequence[str], marked: Mapping[int, int]) -> None:
    """Tell the library which tokens are found in text as a whole, before any rule cuts it."""
    for kind, special in ((_CONTROL, True), (_USER, False)):
        whole = [
            AddedToken(tokens[index], normalized=False, special=special)
            for index, marked_as in marked.items()
            if marked_as == kind and tokens[index]
        ]
        (backend.add_special_tokens if special else backend.add_tokens)(whole)


def _vocabulary(
    header: GgufHeader, keys: Mapping[str, Any], tokens: Sequence[str], marked: Mapping[int, int]
) -> Vocabulary:
    pieces = keys.get("model") == "llama"
    for token in (tokens[i] for i, kind in marked.items() if kind == _BYTE):
        if not BYTE_PIECE.fullmatch(token):
            raise bad_weights(
                header.path, f"the token “{shown(token)}” is marked as a byte but is not one"
            )
    special = frozenset(i for i, kind in marked.items() if kind in (_CONTROL, _UNKNOWN))
    bos = _token_id(keys, "bos_token_id", len(tokens))
    named = {_token_id(keys, f"{name}_token_id", len(tokens)) for name in ("eos", "eot", "eom")}
    literal = frozenset(i for i, kind in marked.items() if kind == _USER)
    by_name = ends_by_name(tokens, special, literal)
    return Vocabulary(
        tokens=dict(enumerate(tokens)),
        spelling="pieces" if pieces else "bytes",
        special=special,
        literal=literal,
        bos=bos,
        ends=frozenset({token for token in named if token is not None} | by_name),
        add_bos=bool(keys.get("add_bos_token", pieces or keys.get("pre") in _WHOLE_WORDS)),
        space_prefix=pieces and bool(keys.get("add_space_prefix", True)),
        names={
            f"{name}_token": tokens[index]
            for name, key in (
                ("bos", "bos"),
                ("eos", "eos"),
                ("unk", "unknown"),
                ("pad", "padding"),
            )
            if (index := _token_id(keys, f"{key}_token_id", len(tokens))) is not None
        },
    )


def _token_id(keys: Mapping[str, Any], name: str, count: int) -> int | None:
    value = keys.get(name)
    return value if isinstance(value, int) and 0 <= value < count else None
