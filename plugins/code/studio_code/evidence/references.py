"""Operations that Python's standard library has: an answer from outside the model. Pure.

A request for one of them in its usual words gets a reference: a function that is run on the same
input as the versions. Where it refuses, it says nothing; what it gives, the code must give.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Reference:
    """What a request asks for, as Python has it.

    Attributes:
        title: Its name in the library, for people.
        code: A module that defines ``reference``.
    """

    title: str
    code: str


def reference(request: str) -> Reference | None:
    """Return the reference of a request; None if it names no operation, or more than one."""
    fitting = [row for row in _ROWS if re.search(row[0], request, re.IGNORECASE)]
    if len(fitting) != 1:
        return None
    _, title, arguments, value, *where = fitting[0]
    module = title.rpartition(".")[0]
    lines = [f"import {module}"] if module else []
    lines.append(f"def reference({arguments}):")
    lines += [f"    if not ({condition}):\n        raise ValueError" for condition in where]
    return Reference(title, "\n".join([*lines, f"    return {value}\n"]))


_ROWS: Final = (
    (r"\bgcd\b|greatest common divisor", "math.gcd", "a, b", "math.gcd(a, b)"),
    (r"\blcm\b|least common multiple", "math.lcm", "a, b", "math.lcm(a, b)"),
    (r"\bfactorial\b", "math.factorial", "n", "math.factorial(n)"),
    (r"\bbinomial coefficient|\bn choose k\b", "math.comb", "n, k", "math.comb(n, k)"),
    (r"\binteger square root", "math.isqrt", "n", "math.isqrt(n)"),
    (r"\bperfect square\b", "math.isqrt", "n", "math.isqrt(n) ** 2 == n"),
    (r"\bhypotenuse\b", "math.hypot", "a, b", "math.hypot(a, b)"),
    (r"\beuclidean distance\b", "math.dist", "p, q", "math.dist(p, q)"),
    (r"\bproduct of (?:all |the )?(?:numbers|items|elements|a list)", "math.prod", "numbers",
     "math.prod(numbers)"),
    (r"\bdot product\b|\bscalar product\b", "math.fsum", "a, b",
     "math.fsum(x * y for x, y in zip(a, b, strict=True))"),
    (r"\b(?:average|mean) of (?:a |the )?(?:list\b|numbers\b|values\b)", "statistics.fmean",
     "numbers", "statistics.fmean(numbers)"),
    (r"\bmedian\b", "statistics.median", "numbers", "statistics.median(numbers)"),
    (r"(?<![a-z])leap[ _]year", "calendar.isleap", "year", "calendar.isleap(year)"),
    (r"\bdays?[ _](?:there are |are )?in[ _](?:a |the )?month\b", "calendar.monthrange",
     "year, month", "calendar.monthrange(year, month)[1]"),
    (r"\bname of the weekday\b|\bweekday name\b", "calendar.day_name", "day",
     "calendar.day_name[__import__('datetime').date.fromisoformat(day).weekday()]"),
    (r"\bdays between two\b[\w ]*\bdates\b", "datetime.date", "a, b",
     "abs((datetime.date.fromisoformat(a) - datetime.date.fromisoformat(b)).days)"),
    (r"\bbinary[ _]search\b", "bisect.bisect_left", "items, x",
     "bisect.bisect_left(items, x) if x in items else -1", "list(items) == sorted(items)"),
    (r"\blongest common prefix\b", "os.path.commonprefix", "texts",
     "os.path.commonprefix(texts)"),
    (r"\bmerges? two sorted lists\b", "heapq.merge", "a, b",
     "list(heapq.merge(a, b))",
     "a == sorted(a) and b == sorted(b)"),
    (r"\b(?:running|cumulative) (?:sum|total)s?\b", "itertools.accumulate", "numbers",
     "list(itertools.accumulate(numbers))"),
    (r"\b(?:running|cumulative)[ _]max(?:imum)?\b", "itertools.accumulate", "numbers",
     "list(itertools.accumulate(numbers, max))"),
    (r"\bk-?th[ -]largest\b", "heapq.nlargest", "numbers, k",
     "heapq.nlargest(k, numbers)[-1]",
     "0 < k <= len(numbers)"),
    (r"\bk-?th[ -]smallest\b", "heapq.nsmallest", "numbers, k",
     "heapq.nsmallest(k, numbers)[-1]",
     "0 < k <= len(numbers)"),
    (r"\b(?:bubble|insertion|selection|merge|quick|heap)[ _-]?sort\b", "sorted", "items",
     "sorted(items)"),
    (r"\b(?:is|are) (?:a |the )?(?:list|items|numbers) (?:is )?(?:sorted|in ascending order)",
     "sorted", "items", "list(items) == sorted(items)"),
    (r"\btranspose\b", "zip", "rows", "[list(row) for row in zip(*rows, strict=True)]"),
    (r"\brot-?13\b", "codecs.encode", "text", "codecs.encode(text, 'rot13')"),
    (r"\bto_(?:binary|bin)\b", "bin", "n", "bin(n)[2:]", "n >= 0"),
    (r"\b(?:from_binary|binary_to_(?:int|decimal))\b", "int", "text",
     "int(text, 2)",
     "text and set(text) <= {'0', '1'}"),
)  # fmt: skip
"""Words of a request, the name in the library, the arguments, the value, where it is meant."""
