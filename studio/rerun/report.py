"""What comes of making a result again: a verdict, candidate causes, and observed effects."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from studio.api.comparison import Difference
from studio.protocol.errors import ErrorInfo, StudioError


class RerunVerdict(StrEnum):
    """How the new result compares with the old one."""

    IDENTICAL = "identical"
    """Byte for byte."""
    WITHIN = "within"
    """Not the same bytes, but no further apart than the tolerance of its kind."""
    DIFFERENT = "different"
    CANNOT = "cannot"
    """It could not be made again, or there is nothing to compare with."""


class Cause(msgspec.Struct, frozen=True):
    """Something that was another then, and may be why the result is: a candidate, no proof.

    Attributes:
        what: ``program``, ``plugin``, ``library``, ``device``, ``setting``, ``model``, ``file``,
            ``parameter``; ``result``, if the old one is not as it was saved; ``record``, if its
            parameters were edited in the database; or ``input``, a file of which the library had
            to use its copy: that makes no difference.
        before, after: Versions, digests or values; ``after`` is empty for what is not there now.
    """

    what: str
    name: str
    before: str
    after: str

    @property
    def words(self) -> str:
        """The cause as a clause: "numpy is 2.4.0 now and was 2.3.1 then"."""
        subject = SUBJECTS.get(self.what, "{name}").format(name=self.name)
        if self.what == "result":
            return "the old result was changed on the disk since it was saved"
        if self.what == "record":
            now, then = self.after, self.before
            return f"the {self.name} was edited in the database: it was {then} and is {now}"
        if self.what == "input":
            did = "has other contents now" if self.after else "is gone"
            return f"the file {self.name} {did}, so the library's copy was used"
        if self.what in BY_BYTES:
            did = "has other contents now" if self.after else "was used then and is not now"
            return f"{subject} {did}"
        now, then = self.after or "not there", self.before or "not there"
        return f"{subject} is {now} now and was {then} then"


SUBJECTS = {
    "program": "Offline Studio",
    "plugin": "the plugin {name}",
    "device": "the {name}",
    "setting": "the setting “{name}”",
    "model": "the model {name}",
    "file": "the file {name}",
    "parameter": "the parameter “{name}”",
}
BY_BYTES = ("model", "file")
"""What is told by its digest, which no person reads."""
MOST_CAUSES = 3
"""So many are named in a sentence."""


_IDENTICAL = "Identical, byte for byte."


class Report(msgspec.Struct, frozen=True):
    """The final report.

    Attributes:
        original: Id of the original.
        made: Ids of the new results, in the order of their originals.
        record: Id of the record of the new run; empty without one.
        differences: Of each pair with different bytes.
        trouble: Reason and remedy of a failure; None without one.
    """

    original: str
    verdict: RerunVerdict
    made: tuple[str, ...] = ()
    record: str = ""
    causes: tuple[Cause, ...] = ()
    differences: tuple[Difference, ...] = ()
    trouble: ErrorInfo | None = None

    @property
    def sentence(self) -> str:
        """The verdict in plain words."""
        if self.trouble:
            return f"{self.trouble.message} {self.trouble.hint}".strip()
        if self.verdict is RerunVerdict.IDENTICAL:
            copies = self.of("input")
            return f"Identical, byte for byte; {named(copies)}." if copies else _IDENTICAL
        seen = "; ".join(dict.fromkeys(difference.words for difference in self.differences))
        is_within = self.verdict is RerunVerdict.WITHIN
        head = "The same within tolerance" if is_within else "Different"
        if not self.reasons:
            return f"{head}: {seen}. Nothing that is known to matter has changed since."
        return f"{head}: {seen}, probably because {named(self.reasons)}."

    def of(self, what: str) -> tuple[Cause, ...]:
        """Return the changes of one sort."""
        return tuple(cause for cause in self.causes if cause.what == what)

    @property
    def reasons(self) -> tuple[Cause, ...]:
        """What may have made a difference."""
        return tuple(cause for cause in self.causes if cause.what != "input")

    def plain(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "verdict": str(self.verdict),
            "sentence": self.sentence,
            "causes": [
                {**msgspec.structs.asdict(entry), "words": entry.words} for entry in self.causes
            ],
            "effects": [
                msgspec.to_builtins(effect)
                for entry in self.differences
                for effect in entry.effects
            ],
            "differences": [str(entry.words) for entry in self.differences],
            "original": self.original,
            "made": list(self.made),
            "record": self.record,
            **({"error": msgspec.to_builtins(_plain(self.trouble))} if self.trouble else {}),
        }


def _plain(info: ErrorInfo) -> ErrorInfo:
    return StudioError.from_info(info).info()


def cannot(original: str, error: StudioError) -> Report:
    """Return the report of what could not be made again."""
    why = ErrorInfo(error.code, error.message, error.hint, error.details, error.plugin)
    return Report(original, RerunVerdict.CANNOT, trouble=why)  # sentences stay what they are


def named(causes: tuple[Cause, ...]) -> str:
    """Return the first causes as one clause."""
    words = [cause.words for cause in causes[:MOST_CAUSES]]
    left = len(causes) - MOST_CAUSES
    if left > 0:
        words.append("one more thing has changed" if left == 1 else f"{left} more things have")
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
