"""Row data of one set of weights, including its fit to this machine. Displays nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.api.window.language import tr, tr_filled
from studio.desktop import phrases
from studio.library.records import Use
from studio.models import Weights
from studio.models.user_notes import UserNote
from studio.protocol.messages import Inspected


@dataclass(frozen=True)
class Fit:
    """A verdict: icon and word, never colour alone.

    Attributes:
        rank: 0 is best; for sorting.
        reason: Needs and memory, in words.
    """

    rank: int
    icon: str
    color: str
    word: str
    reason: str


@dataclass(frozen=True)
class WeightsRow:
    """One row.

    Attributes:
        inspected: What the headers say; None while they are being read.
        memory: Bytes that models may take on the device that computes.
    """

    weights: Weights
    inspected: Inspected | None = None
    remark: UserNote = field(default_factory=UserNote)
    uses: tuple[Use, ...] = ()
    memory: int = 0

    @property
    def problem(self) -> str:
        """Why it cannot be used; empty if nothing is known against it."""
        error = self.inspected.error if self.inspected else None
        if self.weights.problem or error is None:
            return tr_filled(self.weights.problem)
        return tr_filled(f"{error.message} {error.hint}".strip())

    @property
    def is_pickle(self) -> bool:
        """Whether it can be used only after it was converted."""
        return self.weights.format == "pickle"

    @property
    def architecture(self) -> str:
        """As the headers say, else the family of the description."""
        return str(self._fact("architecture") or self.weights.family)

    @property
    def kind(self) -> str:
        """Purpose of the weights, in a word or two."""
        return ", ".join(dict.fromkeys(map(phrases.capability, self.weights.capabilities)))

    @property
    def runs_through(self) -> str:
        """The library that computes it, and what that means; empty if the studio does."""
        return str(self._fact("runs_through") or "")

    @property
    def quantization(self) -> str:
        """How most numbers are stored."""
        return self.weights.quantization or str(self._fact("quantisation") or "")

    @property
    def context(self) -> int:
        """Tokens it can look back on; 0 if unknown."""
        length = self.weights.context or self._fact("context_length") or 0
        return length if isinstance(length, int) else 0

    @property
    def licence(self) -> str:
        """As the description says, else the headers."""
        return self.weights.licence or str(self._fact("licence") or "")

    @property
    def last_used(self) -> float:
        """Seconds since 1970; 0 for never."""
        return max((use.latest for use in self.uses), default=0.0)

    @property
    def fit(self) -> Fit:
        """Whether it fits into the memory of the device."""
        if self.is_pickle:
            return Fit(4, "lock", "warn", tr("needs converting"), self.problem)
        if self.problem:
            return Fit(5, "circle-x", "bad", tr("not usable"), self.problem)
        if self.inspected is None:
            return Fit(3, "hourglass", "mute", tr("Reading file…"), tr("Reading the header."))
        needed = self.inspected.needs.bytes
        reason = tr("Needs {needed} when loaded; the memory limit is {memory}.").format(
            needed=phrases.size(needed), memory=phrases.size(self.memory)
        )
        if needed < 0.5 * self.memory:
            return Fit(0, "circle-check", "good", tr("fits well"), reason)
        if needed <= self.memory:
            return Fit(1, "triangle-alert", "warn", tr("tight"), reason)
        if here := self._fact("layers_here"):
            part = tr("{here} of {all} layers fit on the card.").format(
                here=here, all=self._fact("layers")
            )
            return Fit(1, "triangle-alert", "warn", tr("partly"), f"{reason} {part}")
        return Fit(2, "circle-x", "bad", tr("does not fit"), reason)

    def matches(self, text: str) -> bool:
        """Whether the searchable text contains each word of ``text``."""
        row = self.weights
        hay = " ".join(
            (row.id, row.title, row.format, row.origin, self.architecture, self.quantization,
             self.licence, self.remark.note, *row.capabilities)
        ).lower()  # fmt: skip
        return all(word in hay for word in text.lower().split())

    def _fact(self, name: str) -> object:
        return self.inspected.facts.get(name) if self.inspected else None
