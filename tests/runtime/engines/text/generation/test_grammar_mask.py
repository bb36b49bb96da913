"""Texts that must have a form have it, whatever the model would rather say; bad forms are refused.

The models are random, so nothing but the constraint gives their texts a form.
"""

from __future__ import annotations

import gc
import json
import re
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import torch

from benchmarks.structured import random_schema
from studio.api import BadInput, Constraint
from studio.api.worker.text import SamplingParams, TextStep
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.generation import grammar_mask
from studio.runtime.engines.text.generation.grammar_mask import ConstrainedText
from studio.runtime.engines.text.generation.sampler import Sampler
from studio.runtime.engines.text.tokenization.tokenizer import ALPHABET, TextTokenizer, Vocabulary
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

PROMPT = [5, 6, 7, 8]
WILD = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}
RECORD = Constraint.json(
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string", "maxLength": 4}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> TextEngine:
    model = tiny_models.reference("qwen2", num_attention_heads=6, head_dim=32)
    return TextEngine.load(tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny")))


def asked(constraint: Constraint | None, seed: int = 0, **settings) -> SamplingParams:
    return SamplingParams(
        **{**WILD, "max_tokens": 200, **settings}, seed=seed, constraint=constraint
    )


def written(engine: TextEngine, params: SamplingParams) -> tuple[str, TextStep]:
    steps = list(engine.generate(PROMPT, params))
    return "".join(step.text for step in steps), steps[-1]


def test_random_schemas_are_kept_by_a_model_that_knows_nothing(tiny) -> None:
    cut = 0
    for seed in range(12):
        schema = random_schema(seed)
        text, end = written(tiny, asked(Constraint.json(schema), seed))
        if end.finish_reason != "stop":
            assert end.finish_reason in ("length", "context"), "a text that is cut says so"
            cut += 1
            continue
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.validate(json.loads(text), schema, format_checker=checker)
    assert cut <= 3, "most are short"


def test_without_a_form_the_same_model_writes_no_json(tiny) -> None:
    text, _ = written(tiny, asked(None, max_tokens=30))
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


@pytest.mark.parametrize(
    ("constraint", "pattern"),
    [
        (Constraint("regex", "[a-f]{2,5}(-[0-9]+)?!"), "[a-f]{2,5}(-[0-9]+)?!"),
        (Constraint("regex", " é{3}"), " é{3}"),
        (Constraint("grammar", 'start: "yes" | sum\nsum: NUM ("+" NUM){1,3}\nNUM: /[1-9]/'),
         r"yes|[1-9](\+[1-9]){1,3}"),
        (Constraint.json({"enum": ["<|im_end|>", "中"]}), r'"(<\|im_end\|>|中)"'),
        (Constraint.json({"const": None}), "null"),
    ],
)  # fmt: skip
def test_expressions_and_grammars_are_kept_to_the_letter(tiny, constraint, pattern) -> None:
    texts = set()
    for seed in range(4):
        text, end = written(tiny, asked(constraint, seed))
        assert end.finish_reason == "stop"
        assert re.fullmatch(pattern, text)
        texts.add(text)
    assert texts


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.0}, {"temperature": 5.0}, {"top_k": 1}, {"top_p": 0.1}, {"min_p": 1.0},
        {"repetition_penalty": 3.0, "presence_penalty": 2.0, "frequency_penalty": 2.0},
    ],
)  # fmt: skip
def test_a_form_is_kept_under_every_rule_of_choice(tiny, settings) -> None:
    text, end = written(tiny, asked(RECORD, max_tokens=120, **settings))
    if end.finish_reason == "stop":
        assert set(json.loads(text)) == {"a", "b"}
    else:  # the likeliest digit may be so for ever
        assert re.fullmatch(r'\{"a": ?-?\d+(,.*)?', text)


def test_the_same_seed_gives_the_same_text_and_many_are_what_each_is_alone(tiny) -> None:
    params = [asked(RECORD, seed) for seed in range(4)] + [asked(None, 9, max_tokens=20)]
    together = ["" for _ in params]
    for index, step in tiny.generate_many(PROMPT, params):
        together[index] += step.text
    assert together == [written(tiny, each)[0] for each in params]
    assert len(set(together)) > 3


def test_a_text_that_is_cut_or_stopped_says_so(tiny) -> None:
    long = Constraint.json({"type": "string", "minLength": 100})
    text, end = written(tiny, asked(long, max_tokens=10))
    assert (end.finish_reason, end.done) == ("length", 10)
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    text, end = written(tiny, asked(Constraint("regex", "abcdef"), stop=("cd",)))
    assert (text, end.finish_reason) == ("ab", "stop_string")
    text, end = written(tiny, asked(Constraint("regex", "abc"), max_tokens=3))
    assert (text, end.finish_reason) == ("abc", "stop"), "complete with its last token is complete"


# --- token by token ---------------------------------------------------------------------------


def tokenizer(*, ends: frozenset[int], words: tuple[str, ...] = ()) -> TextTokenizer:
    """Bytes and ``words`` behind two control tokens; text is encoded byte by byte."""
    tokens = dict(enumerate(["<end>", "<stop>", *ALPHABET, *words]))
    return TextTokenizer(
        _backend(tokens), Vocabulary(tokens, "bytes", frozenset({0, 1}), ends=ends)
    )


def _backend(tokens: dict[int, str]) -> Any:
    """What stands for the tokenizer library."""
    ids = {ALPHABET[token]: index for index, token in tokens.items() if token in ALPHABET}

    class Backend:
        def no_truncation(self) -> None: ...

        def no_padding(self) -> None: ...

        def encode(self, text: str, add_special_tokens: bool) -> Any:
            return SimpleNamespace(ids=[ids[b] for b in text.encode() if b in ids])

    return Backend()


def spelt(pieces: TextTokenizer, ids: torch.Tensor) -> Iterator[str]:
    return (pieces.token_bytes(int(i)).decode() or f"<{int(i)}>" for i in ids)


def test_the_end_is_allowed_exactly_where_the_text_may_end() -> None:
    pieces = tokenizer(ends=frozenset({0, 1}))
    text = ConstrainedText(Constraint("regex", "a{2,3}"), pieces)
    a = next(i for i, spelling in pieces.vocabulary.tokens.items() if spelling == "a")
    found = []
    for _ in range(3):
        found.append(sorted(spelt(pieces, text.allowed(1000))))
        assert not text.is_complete
        text.take(a)
    assert found == [["a"], ["a"], ["<0>", "<1>", "a"]]
    assert text.is_complete


def test_a_vocabulary_without_an_end_ends_where_nothing_can_follow() -> None:
    pieces = tokenizer(ends=frozenset())
    sampler = Sampler(asked(Constraint("regex", "(ab){2}")), tokenizer=pieces)
    written = b""
    while not sampler.is_complete:
        written += pieces.token_bytes(sampler.pick(torch.zeros(300)))
    assert written == b"abab"


def test_scores_of_tokens_that_are_forbidden_count_for_nothing() -> None:
    pieces = tokenizer(ends=frozenset({0}), words=("yes", "no"))
    scores = torch.full((300,), 50.0)
    scores[258:] = torch.tensor([2.0, 1.0] + [50.0] * 40)
    sampler = Sampler(asked(Constraint("regex", "yes|no"), temperature=0.0), tokenizer=pieces)
    assert sampler.pick(scores) in (258, *_ids_of(pieces, "y", "n"))
    broken = Sampler(asked(Constraint("regex", "yes|no")), tokenizer=pieces)
    with pytest.raises(StudioError, match="invalid numbers"):
        broken.pick(torch.full((300,), float("nan")))


def _ids_of(pieces: TextTokenizer, *spellings: str) -> list[int]:
    return [i for i, spelling in pieces.vocabulary.tokens.items() if spelling in spellings]


def test_what_a_vocabulary_cannot_spell_is_a_sentence() -> None:
    pieces = tokenizer(ends=frozenset({0}))
    text = ConstrainedText(Constraint("regex", "[ab]c"), pieces)
    with pytest.raises(StudioError) as caught:
        text.allowed(40)  # a model that scores only the first forty tokens
    assert caught.value.code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize("form", ["yes", "[xy]es"])
def test_a_form_with_a_letter_that_the_vocabulary_lacks_is_a_sentence(form) -> None:
    tokens = dict(enumerate(["<end>", "y", "e"]))
    pieces = TextTokenizer(_backend(tokens), Vocabulary(tokens, "bytes", ends=frozenset({0})))
    sampler = Sampler(asked(Constraint("regex", form)), tokenizer=pieces)
    with pytest.raises(StudioError, match="cannot continue to match") as caught:
        [sampler.pick(torch.zeros(3)) for _ in range(3)]
    assert caught.value.code is ErrorCode.UNSUPPORTED


def test_what_is_kept_of_a_vocabulary_goes_with_its_model() -> None:
    pieces = tokenizer(ends=frozenset({0}))
    text = ConstrainedText(Constraint("regex", "ab|ac"), pieces)
    text.allowed(300)
    gone = weakref.ref(pieces)
    del pieces, text
    gc.collect()
    assert gone() is None


# --- refused ----------------------------------------------------------------------------------

REFUSED = {
    "not": ('{"not": {"type": "string"}}', "not"),
    "uniqueItems": ('{"type": "array", "uniqueItems": true}', "uniqueItems"),
    "format": ('{"type": "string", "format": "iri"}', "iri"),
    "reference loop": (
        '{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}',
        "no text can match",
    ),
    "needs itself": (
        json.dumps({"$ref": "#/$defs/a", "$defs": {"a": {
            "type": "object", "properties": {"x": {"$ref": "#/$defs/a"}}, "required": ["x"]}}}),
        "no text can match",
    ),
    "circle": ('{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}', "no text can match"),
    "type": ('{"type": "strin"}', "strin"),
    "number": ('{"minimum": 1e999}', "[Oo]ut of range"),
    "character": (r'{"const": "\ud800"}', "surrogate|hex escape"),
    "nothing": ('{"anyOf": [false]}', "false"),
    "empty range": ('{"type": "integer", "minimum": 5, "maximum": 3}', "minimum"),
    "pattern": ('{"type": "string", "pattern": "(a"}', "unclosed"),
    "missing": ('{"$ref": "#/$defs/a"}', "does not exist"),
    "too large": (json.dumps({"allOf": [{"anyOf": [
        {"properties": {f"a{i}": {"type": "integer"}}}, {"properties": {f"b{i}": {"type": "null"}}}
    ]} for i in range(20)]}), "too large"),
}  # fmt: skip


def test_keywords_that_ask_for_nothing_refuse_nothing() -> None:
    secret = {"type": "string", "format": "password"}
    record = {"type": "array", "uniqueItems": False, "items": {"properties": {"format": secret}}}
    grammar_mask.check(Constraint.json(record))
    form = Constraint.json({"const": {"format": "moon"}})  # where they are data
    text, letters = ConstrainedText(form, tokenizer(ends=frozenset({0}))), list(ALPHABET)
    for letter in '{"format":"moon"}':
        text.take(letters.index(letter) + 2)
        text.allowed(300)
    assert text.is_complete


@pytest.mark.parametrize("name", REFUSED)
def test_schemas_that_cannot_be_enforced_are_refused_by_name(name) -> None:
    text, words = REFUSED[name]
    with pytest.raises(BadInput, match=words):
        grammar_mask.check(Constraint("json_schema", text))


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("regex", "(a", "unclosed group"), ("regex", "(?=a)b", "look-around"),
        ("regex", r"(a)\1", "backreferences"), ("regex", "(" * 8_000, "cannot be used"),
        ("grammar", 'start: "a', "lexer error"), ("grammar", "start: b", "unknown name"),
        ("grammar", 'b: "a"', "no start rule"), ("grammar", 'root ::= "a"', "Expected"),
        ("grammar", "start: " + "(" * 20_000 + '"a"' + ")" * 20_000, "nested"),
        ("regex", r"(((\w)*((?i)k|b)|([a-z](?i)k){2,2}))?x((((é|\w)|(\p{L}|a)))*){8,10}",
         "complex"),
        ("grammar", "start: A0\n" + "".join(f"A{i}: A{i+1} A{i+1}\n" for i in range(40))
         + 'A40: "x"', "too big"),
    ],
)  # fmt: skip
def test_expressions_and_grammars_that_are_broken_are_refused(kind, text, words) -> None:
    with pytest.raises(BadInput, match=words):
        grammar_mask.check(Constraint(kind, text))


def test_a_bad_form_is_refused_before_the_prompt_is_read(tiny) -> None:
    steps = tiny.generate(PROMPT, asked(Constraint("regex", "(a")))
    with pytest.raises(BadInput, match="unclosed"):
        next(steps)


HOSTILE = {
    "nested repeats": Constraint("regex", "((((a{99}){99}){99}){99}){99}"),
    "doubling": Constraint("regex", "(a|b)*a(a|b){300}"),
    "many stars": Constraint("regex", ".*" * 2_000 + "x"),
    "classic": Constraint("regex", "(a+)+$".rstrip("$") + "b"),
    "long list": Constraint.json({"type": "array", "items": {}, "minItems": 100_000_000}),
    "patterns of patterns": Constraint.json(
        {"allOf": [{"type": "string", "pattern": f"^(a|b)*a(a|b){{{i}}}$"} for i in range(9, 25)]}
    ),
    "never": Constraint("regex", r"[^\x00-\U0010FFFF]"),
    "rules in a circle": Constraint("grammar", "start: a\na: b\nb: a"),
    "ambiguous": Constraint("grammar", 'start: start start | "a" | '),
    "doubling rules": Constraint("grammar", "start: r0\n" + "".join(
        f"r{i}: r{i + 1} r{i + 1}\n" for i in range(40)) + 'r40: "x"'),
    "nothing repeated": Constraint("regex", "((((a*)?){60,99}){949,1000}|(b?)){9}"),
    "panics": Constraint("grammar", r"start: A? B\nA: /(((\w)*((?i)k|b)|([a-z](?i)k){2,2}))?/"
                         r"\nB: /((((é|\w)|(\p{L}|a)))*){8,10}/".replace(r"\n", "\n")),
    "very many words": Constraint("grammar", "start: " + " | ".join(
        f'"{i}"' for i in range(7_000))),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_forms_end_in_text_or_in_a_sentence(tiny, name) -> None:
    told = ""
    try:
        grammar_mask.check(HOSTILE[name])
        told = written(tiny, asked(HOSTILE[name], max_tokens=8))[1].finish_reason
    except StudioError as error:
        told = error.message
    assert re.fullmatch(r"stop|length|The .* (cannot be used: .+|cannot continue .+)\.", told)


@pytest.mark.slow
def test_the_starter_model_keeps_to_its_forms(engine) -> None:
    for seed in range(3):
        schema = random_schema(seed)
        ids = engine.encode("An example of a record, in JSON:\n")
        steps = list(engine.generate(ids, asked(Constraint.json(schema), seed, max_tokens=400)))
        assert steps[-1].finish_reason == "stop"
        jsonschema.validate(json.loads("".join(step.text for step in steps)), schema)
