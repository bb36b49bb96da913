"""Which tokens may come next in a text that must have a form. Chooses none of them.

The forms are compiled and followed by llguidance, which has no use for backtracking: a step costs
some 50 µs, and fuel bounds what a hostile form may take of time and memory. The library is imported
with this module, so only where a constraint is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer
from numpy.typing import NDArray

from studio.api.errors import BadInput
from studio.api.worker.constraint import DATA, NAMED, Constraint, Form
from studio.api.worker.tools import EMPTY
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.formats.load_errors import shown
from studio.runtime.engines.text.tokenization.tokenizer import TextTokenizer, built

MOST_CALLS = 16
"""Of one text."""


def tool_grammar(asked: Mapping[str, Any], spacing: Mapping[str, Any]) -> str:
    """Return the rules in Lark's syntax.

    Args:
        asked: ``tools``, ``must``, ``parallel`` and ``answer`` of ``tool_constraint``; each tool
            has ``parameters`` that ask for nothing beyond what the library knows.
        spacing: How JSON is spaced, as the library names it.
    """
    more = f"more{{0,{MOST_CALLS - 1}}}" if asked["parallel"] else ""
    rules = ["%llguidance {}"]
    if asked["must"]:
        rules.append(f'start: "<tool_call>" body {more}')
    elif asked["answer"]:
        form = _json(json.loads(asked["answer"]), spacing, is_lenient=False)
        rules.append(f'start: {form} | "<tool_call>" body {more}')
    else:
        rules += [f"start: TEXT | head body {more}", 'head[lazy]: TEXT "<tool_call>"']
        rules.append(r"TEXT: /(.|\n)*/")
    rules += [r'body: "\n" call "\n</tool_call>"', r'more: "\n<tool_call>" body']
    rules.append("call: " + " | ".join(f"call_{at}" for at in range(len(asked["tools"]))))
    for at, tool in enumerate(asked["tools"]):
        opening = json.dumps(f'{{"name": {json.dumps(tool["name"])}, "arguments": ')
        schema = _json(tool["parameters"], spacing, is_lenient=not tool.get("strict"))
        rules.append(f'call_{at}: {opening} {schema} "}}"')
    return "\n".join(rules)


def _json(schema: Mapping[str, Any], spacing: Mapping[str, Any], *, is_lenient: bool) -> str:
    own = {**schema, "x-guidance": {**spacing, "lenient": is_lenient}}
    return f"%json {json.dumps(own, allow_nan=False)}"


_LIMITS = LLParserLimits(
    max_grammar_size=100_000,
    max_lexer_states=50_000,  # of 1 to 2 kB
    step_lexer_fuel=200_000,  # some 15 ms
    step_max_items=50_000,  # some 3 ms
    verbose_errors=False,
)

# Compact but for a space where people write one: without a bound a text of blanks has the form.
_SPACING: Any = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}

_FORMATS = frozenset((
    "date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname",
    "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template",
    "json-pointer", "relative-json-pointer", "regex",
))  # fmt: skip
"""Those of JSON Schema, draft 2020-12, section 7.3 of its validation. Others, like ``password``,
are remarks: they say nothing of a text."""

_GRAMMARS: Mapping[Form, Callable[[str], str]] = {
    "json_schema": lambda text: LLMatcher.grammar_from_json_schema(
        json.dumps(_meant(json.loads(text)), allow_nan=False), overrides=_SPACING
    ),
    "regex": LLMatcher.grammar_from_regex,
    "grammar": LLMatcher.grammar_from_lark,
    "tool_calls": lambda text: LLMatcher.grammar_from_lark(
        tool_grammar(_with_meant(json.loads(text)), _SPACING)
    ),
}

_vocabularies: WeakKeyDictionary[TextTokenizer, LLTokenizer] = WeakKeyDictionary()


def check(constraint: Constraint) -> None:
    """Compile ``constraint`` for no model in particular, and throw the result away.

    Raises:
        BadInput: It is no such form, cannot be enforced, is too large, or no text has it.
    """
    if constraint.kind == "tool_calls":
        for tool in json.loads(constraint.text)["tools"]:
            _check_possible(tool)
    grammar = _grammar(constraint)
    is_bad, told = built(
        lambda: LLMatcher.validate_grammar_with_warnings(grammar, limits=_LIMITS),
        lambda reason: _refused(constraint, reason),
    )
    if is_bad:
        raise _refused(constraint, told[0])
    matcher = LLMatcher(_bytes(), grammar, log_level=0, limits=_LIMITS)
    matcher.compute_bitmask()
    if matcher.is_error():
        raise _refused(constraint, matcher.get_error())


def _check_possible(tool: dict[str, Any]) -> None:
    """Refuse a tool that can be called with nothing: its schema goes in a circle, or is at odds.

    Raises:
        BadInput: It names the tool.
    """
    form = Constraint.json(_parameters(tool))
    spacing: Any = {**_SPACING, "lenient": not tool.get("strict")}
    try:
        schema = json.dumps(_meant(json.loads(form.text)), allow_nan=False)
        grammar = LLMatcher.grammar_from_json_schema(schema, overrides=spacing)
        matcher = LLMatcher(_bytes(), grammar, log_level=0, limits=_LIMITS)
        mask = matcher.compute_bitmask()
        if matcher.is_error():
            raise _refused(form, matcher.get_error())
        if not any(mask):
            raise _refused(form, "no text can match it")
    except (BadInput, ValueError) as error:
        told = error if isinstance(error, BadInput) else _refused(form, str(error))
        raise BadInput(f"The tool “{tool['name']}”: {told.message}", told.hint) from error


@cache
def _bytes() -> LLTokenizer:
    """Return the vocabulary that has nothing but each byte."""
    return LLTokenizer("byte")


class ConstrainedText:
    """One text under a constraint, from its first token on."""

    def __init__(self, constraint: Constraint, tokenizer: TextTokenizer) -> None:
        """Compile ``constraint`` for the vocabulary of ``tokenizer``.

        Raises:
            BadInput: As :func:`check`.
        """
        self._constraint = constraint
        vocabulary = _vocabulary(tokenizer)
        self._matcher = LLMatcher(vocabulary, _grammar(constraint), log_level=0, limits=_LIMITS)
        if self._matcher.is_error():
            raise _refused(constraint, self._matcher.get_error())

    @property
    def is_complete(self) -> bool:
        """Whether the text has its form, and nothing can be added to it."""
        return self._matcher.is_stopped() and not self._matcher.is_error()

    def allowed(self, rows: int) -> NDArray[np.intp]:
        """Return the ids that may come next, in order, at least one.

        A token that ends the text is among them exactly if the text may end here.

        Args:
            rows: How many tokens the model scores.

        Raises:
            StudioError: The form has become too much to follow, or this vocabulary cannot spell it.
        """
        mask = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        if self._matcher.is_error():  # the mask is then as if the text were complete
            raise _lost(self._constraint, self._matcher.get_error())
        ids = np.flatnonzero(np.unpackbits(mask, bitorder="little")[:rows].view(np.bool_))
        if not ids.size:
            raise _lost(self._constraint, "the model has no valid next token")
        return ids

    def take(self, token: int) -> None:
        """Go on behind ``token``, one of the allowed."""
        self._matcher.consume_token(token)


def _grammar(constraint: Constraint) -> str:
    try:
        return _GRAMMARS[constraint.kind](constraint.text)
    except ValueError as error:  # JSON to Python, and not to the library: 1e999
        raise _refused(constraint, str(error)) from error


def _with_meant(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked of tools, with schemas that are there and ask for something."""
    tools = [{**each, "parameters": _meant(_parameters(each))} for each in asked["tools"]]
    return {**asked, "tools": tools}


def _parameters(tool: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a tool's arguments: they are an object, whether it says so or not."""
    schema = tool.get("parameters") or EMPTY
    return dict(schema) if "$ref" in schema else {"type": "object", **schema}


def _meant(part: Any, has_names: bool = False) -> Any:
    """Return a schema, or a part of it, without the keywords that ask for nothing.

    Args:
        has_names: The keys are names of properties or of definitions.
    """
    if isinstance(part, list):
        return [_meant(each) for each in part]
    if not isinstance(part, dict):
        return part
    if has_names:
        return {name: _meant(each) for name, each in part.items()}
    return {
        key: each if key in DATA else _meant(each, key in NAMED)
        for key, each in part.items()
        if not _asks_nothing(key, each)
    }


def _asks_nothing(key: str, value: Any) -> bool:
    if key == "format":
        return isinstance(value, str) and value not in _FORMATS
    return key == "uniqueItems" and value is False


def _vocabulary(tokenizer: TextTokenizer) -> LLTokenizer:
    """Return the tokens of ``tokenizer`` as the library wants them; it takes half a second once."""
    if (known := _vocabularies.get(tokenizer)) is None:
        spellings = _Spellings(tokenizer)
        ends = sorted(tokenizer.vocabulary.ends) or None
        known = built(
            lambda: LLTokenizer(spellings, eos_token=ends),  # type: ignore[arg-type]
            lambda reason: StudioError(
                ErrorCode.UNSUPPORTED,
                f"This model cannot produce structured output ({shown(reason)}).",
            ),
        )
        _vocabularies[tokenizer] = known
    return known


class _Spellings:
    """The attributes that the library reads of a tokenizer.

    Control tokens are spelt as nothing, so no form allows them; nor does it what begins with the
    byte FF, which is in no text and marks control tokens for the library. The library holds this
    for good, where no garbage is collected, so it must not hold the tokenizer, whose entry would
    then stay among the vocabularies.
    """

    is_tokenizer_wrapper = True
    special_token_ids: tuple[int, ...] = ()
    bos_token_id = None

    def __init__(self, tokenizer: TextTokenizer) -> None:
        spelt = (tokenizer.token_bytes(i) for i in range(max(tokenizer.vocabulary.tokens) + 1))
        self.tokens = [b"" if each[:1] == b"\xff" else each for each in spelt]
        self.eos_token_id = min(tokenizer.vocabulary.ends, default=None)
        self._tokenizer = ref(tokenizer)

    def __call__(self, text: str) -> list[int]:
        """Return tokens for what the form leaves no choice about, as the model would spell it."""
        tokenizer = self._tokenizer()
        ids = tokenizer.encode(text) if tokenizer else []
        if b"".join(self.tokens[token] for token in ids) == text.encode():
            return ids
        # It has a control token's name in it, or the tokenizer puts a space before it.
        return self._longest_first(text.encode())

    def _longest_first(self, rest: bytes) -> list[int]:
        """Return the ids of ``rest``, as far as it can be spelt, always the longest that fits."""
        ids: list[int] = []
        while rest:
            sizes = range(min(len(rest), self._longest), 0, -1)
            size = next((size for size in sizes if rest[:size] in self._ids), 0)
            if not size:
                break
            ids.append(self._ids[rest[:size]])
            rest = rest[size:]
        return ids

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        return {spelling: token for token, spelling in enumerate(self.tokens) if spelling}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._ids), default=0)


def _refused(constraint: Constraint, reason: str) -> BadInput:
    if told := re.match(r"Unimplemented keys: (\[.+\])", reason):
        keywords = "”, “".join(json.loads(told[1]))
        return BadInput(
            f"The {constraint.name} uses “{keywords}”, which cannot be enforced.",
            "Remove it, and check the answer for it instead.",
        )
    return BadInput(
        f"The {constraint.name} cannot be used: {_brief(reason)}.", "Correct or simplify it."
    )


def _lost(constraint: Constraint, reason: str) -> StudioError:
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"The text cannot continue to match the {constraint.name} ({_brief(reason)}).",
        "Simplify the output format, or choose another model.",
    )


def _brief(reason: str) -> str:
    """Return the line of the library's message that says what is wrong."""
    lines = reason.strip().splitlines() or ["no reason was given"]
    told = next((line for line in lines if line.startswith("error: ")), lines[0])
    if told == "NoExtensionBias":
        return "no text can match it"
    if "unwrap()" in told or told.startswith("panic"):  # a fault of the library's, at its limits
        told = "it is too complex to compile"
    return shown(re.sub(r"^(error: |at \d+\(\d+\): )", "", told)).rstrip(".")
