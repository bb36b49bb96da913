"""Tests of a model that contradict the code most versions agree on. Pure.

Either may be wrong. A small model seldom errs in what the smallest input must give, and there most
code that is wrong fails; what a long list or a large number gives it often works out wrongly.
"""

from __future__ import annotations

import ast

from studio_code.execution.python_runner import parsed
from studio_code.generation.cases import Case


def is_easy(case: Case) -> bool:
    """Return whether the value is easy to know: every argument is as small as can be.

    True also for what is no plain call with literals: how hard that is cannot be seen.
    """
    tree = parsed(case.text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree else []
    if len(calls) != 1:
        return True
    try:
        values = [ast.literal_eval(argument) for argument in calls[0].args]
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return True
    return all(map(_is_small, values))


def _is_small(value: object) -> bool:
    if isinstance(value, int | float):
        return abs(value) <= 1
    return value is None or (isinstance(value, str | list | tuple | dict | set) and len(value) <= 1)
