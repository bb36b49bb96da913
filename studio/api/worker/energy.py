"""What a task has used, in joules: data only."""

from __future__ import annotations

from dataclasses import dataclass

from studio.api.stability import since


@since("1.1")
@dataclass(frozen=True)
class EnergyUse:
    """What a job has used until now, above what the machine uses when nobody computes.

    Attributes:
        joules: The best guess; ``low`` and ``high`` are those between which it lies.
        processor_seconds: Seconds of processor time.
        source: What was measured, or what the estimate rests on, in words.
        grams: Of CO₂, by the factor in the user's settings; None where there is none.
    """

    joules: float
    low: float
    high: float
    processor_seconds: float
    source: str = ""
    grams: float | None = None
