"""Builds a tokenizer from the JSON files of a model folder. Runs no model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from tokenizers import Tokenizer

from studio.protocol.errors import StudioError
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.model_folder import ModelFolder
from studio.runtime.engines.text.formats.strict_json import parse_object, read_bytes
from studio.runtime.engines.text.tokenization.regex_probe import check_patterns
from studio.runtime.engines.text.tokenization.tokenizer import (
    Spelling,
    TextTokenizer,
    Vocabulary,
    built,
    ends_by_name,
    kept,
)

_MAX_TOKENIZER_BYTES = 64 << 20
_MAX_TEMPLATE_BYTES = 1 << 20
_MAX_TOKENS = 2 << 20
_MAX_TOKEN_CHARACTERS = 1 << 16


def tokenizer_from_folder(folder: ModelFolder, rows: int) -> TextTokenizer:
    """Return the tokenizer that the files of ``folder`` describe.

    Args:
        folder: The model.
        rows: How many tokens its embedding has.

    Raises:
        StudioError: There is no tokenizer.json, or it is broken or of another kind.
    """
    if not folder.has("tokenizer.json"):
        raise bad_weights(
            folder.path, "it has no tokenizer.json", "Choose a complete model folder."
        )
    raw = read_bytes(folder.file("tokenizer.json"), _MAX_TOKENIZER_BYTES)
    settings = folder.json_if_any("tokenizer_config.json")
    names = {
        key: text
        for key in ("bos_token", "eos_token", "unk_token", "pad_token")
        if (text := _token_text(settings.get(key)))
    }
    told = settings.get("add_bos_token")
    opens = told if isinstance(told, bool) else None
    ends = _generation_ends(folder)
    facts = (hashlib.sha256(raw).digest(), tuple(names.items()), opens, frozenset(ends), rows)
    return kept.get(facts, lambda: _built(folder, raw, names, opens, ends, rows))


def _built(
    folder: ModelFolder,
    raw: bytes,
    names: Mapping[str, str],
    opens: bool | None,
    ends: set[int],
    rows: int,
) -> TextTokenizer:
    path = folder.path / "tokenizer.json"
    rules = parse_object(raw, path)
    model = rules.get("model")
    if not isinstance(model, dict) or model.get("type", "BPE") != "BPE":
        raise unsupported(folder.path, "its tokenizer is not a byte-pair encoding")
    tokens, special, literal = _tokens(folder, rules, model, rows)
    failed = partial(_broken, folder)
    check_patterns(path, built(lambda: set(_patterns(rules)), failed))
    backend = built(lambda: Tokenizer.from_str(raw.decode("utf-8-sig")), failed)
    ids = {token: index for index, token in tokens.items()}
    named_ends = {ids[names["eos_token"]]} if names.get("eos_token") in ids else set()
    vocabulary = Vocabulary(
        tokens=tokens,
        spelling=_spelling(folder, rules, model),
        special=special,
        literal=literal,
        bos=ids.get(names.get("bos_token", "")),
        ends=ends_by_name(tokens, special, literal) | named_ends | ends,
        add_bos=_opens(rules, names.get("bos_token", "")) if opens is None else opens,
        space_prefix=_has_space_prefix(rules),
        names=names,
    )
    return TextTokenizer(backend, vocabulary)


def template_from_folder(folder: ModelFolder) -> str:
    """Return the chat template's text; empty where there is none."""
    if folder.has("chat_template.jinja"):
        text = read_bytes(folder.file("chat_template.jinja"), _MAX_TEMPLATE_BYTES)
        return text.decode("utf-8", errors="replace")
    template = folder.json_if_any("tokenizer_config.json").get("chat_template")
    if isinstance(template, list):  # several, by name
        named = {t.get("name"): t.get("template") for t in template if isinstance(t, dict)}
        template = named.get("default")
    return template if isinstance(template, str) else ""


def _tokens(
    folder: ModelFolder, rules: Mapping[str, Any], model: Mapping[str, Any], rows: int
) -> tuple[dict[int, str], frozenset[int], frozenset[int]]:
    """Return spellings by id, ids of control tokens, and ids of tokens spelt as they are."""
    vocabulary, added = model.get("vocab"), rules.get("added_tokens") or []
    if not isinstance(vocabulary, dict) or not isinstance(added, list):
        raise _broken(folder, "it has no vocabulary")
    if len(vocabulary) + len(added) > _MAX_TOKENS:
        raise _broken(folder, f"it has more than {_MAX_TOKENS} tokens")
    entries = [(token, index, False, False) for token, index in vocabulary.items()]
    for entry in added:
        if not isinstance(entry, dict):
            raise _broken(folder, "an added token is not an object")
        special = entry.get("special") is True
        entries.append((entry.get("content"), entry.get("id"), special, not special))
    for token, index, _, _ in entries:
        if not isinstance(token, str) or len(token) > _MAX_TOKEN_CHARACTERS:
            raise _broken(folder, f"a token is longer than {_MAX_TOKEN_CHARACTERS} characters")
        if type(index) is not int or not 0 <= index < rows:
            raise _broken(
                folder, f"the token “{shown(token)}” has the id {index!r}; there are {rows}"
            )
    return (
        {index: token for token, index, _, _ in entries},
        frozenset(index for _, index, special, _ in entries if special),
        frozenset(index for _, index, _, literal in entries if literal),
    )


def _spelling(folder: ModelFolder, rules: Mapping[str, Any], model: Mapping[str, Any]) -> Spelling:
    if model.get("byte_fallback") is True:
        return "pieces"
    if any(part.get("type") == "ByteLevel" for part in _parts(rules.get("decoder"))):
        return "bytes"
    raise unsupported(folder.path, "its tokenizer uses an encoding this version does not support")


def _has_space_prefix(rules: Mapping[str, Any]) -> bool:
    """Whether decoding takes one space off the front."""
    return any(
        (part.get("type") == "Strip" and part.get("start") == 1)
        or (part.get("type") == "Metaspace" and part.get("prepend_scheme") != "never")
        for part in _parts(rules.get("decoder"))
    )  # fmt: skip


def _opens(rules: Mapping[str, Any], bos: str) -> bool:
    """Whether a text opens with ``bos`` by the rules."""
    firsts = [
        part["single"][0]
        for part in _parts(rules.get("post_processor"))
        if part.get("type") == "TemplateProcessing" and isinstance(part.get("single"), list)
        if part["single"]
    ]
    return any(first == {"SpecialToken": {"id": bos, "type_id": 0}} for first in firsts)


def _parts(rule: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a rule of the tokenizer and, in order, the rules it is a sequence of."""
    if isinstance(rule, dict):
        yield rule
        for key in ("decoders", "normalizers", "pretokenizers", "processors"):
            for part in rule.get(key) or []:
                yield from _parts(part)


def _patterns(value: Any) -> Iterator[str]:
    """Yield every regular expression in the rules, wherever it stands."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Regex" and isinstance(item, str):
                yield item
            elif key != "vocab":
                yield from _patterns(item)
    elif isinstance(value, list) and not (value and isinstance(value[0], str)):
        for item in value:
            yield from _patterns(item)


def _token_text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def _generation_ends(folder: ModelFolder) -> set[int]:
    """Return the ids that the folder's configuration files name as ends."""
    ends: set[int] = set()
    for name in ("generation_config.json", "config.json"):
        value = folder.json_if_any(name).get("eos_token_id")
        items = value if isinstance(value, list) else [value]
        ends |= {item for item in items if isinstance(item, int) and item >= 0}
    return ends


def _broken(folder: ModelFolder, reason: str) -> StudioError:
    return bad_weights(folder.path / "tokenizer.json", f"the tokenizer is broken: {shown(reason)}")
