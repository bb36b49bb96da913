"""A finding on a plugin under review: one problem, and its remedy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        rule: Names the rule it breaks, ``path-outside``: the same in every language and release.
        message: What is wrong, as a whole sentence.
        file: The file it is in, as the plugin names it; empty for the plugin as a whole.
        line: Counted from 1; 0 where no line is to blame.
        cure: What its author has to do; empty where nothing but another copy helps.
        is_advice: It works as it is, but not as well as it could.
    """

    rule: str
    message: str
    file: str = ""
    line: int = 0
    cure: str = ""
    is_advice: bool = False
