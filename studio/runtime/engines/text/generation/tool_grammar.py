"""The grammar of texts that may call tools, for llguidance. Compiles nothing.

Syntax: llguidance, *Lark syntax*: a lazy lexeme ends as soon as it can, so free text ends where a
call begins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
