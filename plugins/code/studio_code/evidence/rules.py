"""Requirements beside the examples: rules, named errors, results for empty input. Pure.

A rule is a clause that narrows the behaviour: "no leading zeros", "ignore case", "an empty
list raises ValueError". Each is listed so that it can have a test of its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from studio_code.execution.python_runner import parsed
from studio_code.generation.cases import Case, claim

MOST: Final = 6
"""Rules of a request that get a test: a small model loses its way among more."""
_LONGEST: Final = 160
_SENTENCE: Final = re.compile(r"(?<=[.;!?])\s+|\s*\n+\s*|(?<=[\w)]):\s+(?=[A-Za-z])")
_PIECE: Final = re.compile(
    r",\s+(?:and\s+|but\s+)?(?=(?:no|not|never|without|ignor\w+|case|sorted|most|at\s+(?:least|most)"
    r"|an?\s+empty|empty|even|except|unless)\b)"
)
_RULE: Final = re.compile(
    r"\b(?:no|not|never|nothing|none|without|must|only|unless|if|when|where|otherwise|else|ignor\w+"
    r"|cases?|at\s+(?:least|most)|(?:more|less|longer|shorter|greater)\s+than|below|above|raises?"
    r"|empty|sorted|sort|ascending|descending|alphabetical\w*|order|unique|duplicates?|distinct"
    r"|keeps?|kept|stays?|same|unchanged|negative|positive|zero|round\w*|decimals?|inclusive"
    r"|exclusive|each|every|too|default|ties?|several|equal|repeat\w*|spaces?|leading|trailing|exactly)\b",
    re.IGNORECASE,
)
_IS_TASK: Final = re.compile(
    r"(?:(?:python\s+)?(?:write|create|make|implement|i need|define|find|convert|an?|the)\b.*)?"
    r"`?\b\w+\((?:\s*\w+\s*(?:=[^,()]*)?,?)*\)|(?:write|create|make|implement|i need|define|find"
    r"|count|convert|function|true if|is an?)\b",
    re.IGNORECASE,
)
"""What says which code is asked for, not how it must be."""
_EXAMPLE: Final = re.compile(
    r"->|=>|→|➞|⟹|↦|==|>>>|\w\([^()]*[\d'\"\[\]{}][^()]*\)"
    r"|\bfor\s+[-\d'\"\[({]\S*\s+(?:return|give)"
)


def rules(request: str) -> list[str]:
    """Return the rules that a request states, in order, each in its own words."""
    clauses = list(_clauses(request))
    result = (item for item in clauses if _RULE.search(item) and not _IS_TASK.match(item))
    return list(dict.fromkeys(result))[:MOST]


def named_errors(request: str) -> frozenset[str]:
    """Return the exceptions that a request names."""
    return frozenset(re.findall(r"\b[A-Z]\w*(?:Error|Exception|Exit|Interrupt)\b", request))


def _clauses(request: str) -> Iterator[str]:
    """Yield the clauses of a request that hold no example."""
    for sentence in _SENTENCE.split(request):
        for piece in _PIECE.split(sentence):
            clause = piece.strip(" \t.,;:-*•")
            if 6 <= len(clause) <= _LONGEST and not _EXAMPLE.search(clause):
                yield clause


def written_cases(text: str, rules: Sequence[str], there: Collection[str]) -> list[Case]:
    """Return the test that a model wrote for each rule: the first assertion below its words.

    Args:
        there: Assertions of which none is a test of a rule by itself: examples.
    """
    result: dict[str, Case] = {}
    rule = ""
    for line in map(str.strip, text.split("\n")):
        if line.startswith("#"):
            rule = next((item for item in rules if _bare(item) in _bare(line)), "")
        elif rule and rule not in result and line not in there:
            tree = parsed(line.partition("  #")[0])
            node = tree.body[0] if tree and len(tree.body) == 1 else None
            body = claim(node) if isinstance(node, ast.Assert) else ""
            # An equation is no test of an error.
            if body and ("pytest.raises" in body or not named_errors(rule)):
                result[rule] = Case("test_rule", f"def test_rule():\n    {body}", rule=rule)
    return list(result.values())


def _bare(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
