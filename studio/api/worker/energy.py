"""Energy use of a task, in joules: data only."""

from __future__ import annotations

from dataclasses import dataclass

from studio.api.stability import since


@since("1.1")
@dataclass(frozen=True)
class EnergyUse:
    """Energy used by a job so far, above the idle consumption of the machine.

    Attributes:
        joules: The best estimate; ``low`` and ``high`` are its bounds.
        processor_seconds: CPU time in seconds.
        source: The measured component, or the basis of the estimate, as text.
        grams: CO₂ by the factor in the user's settings; None if unset.
    """

    joules: float
    low: float
    high: float
    processor_seconds: float
    source: str = ""
    grams: float | None = None
